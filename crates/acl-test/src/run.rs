//! Runs cases: rules loaded once, each request held against them by both evaluators, in virtual time.

mod rules_spec;

use std::sync::Arc;

use sekisho_model::{Diagnostic, Diagnostics, Severity, SourceFile, Timestamp};
use sekisho_waf::ir::Policy;
use sekisho_waf::reference::{self, Trace};
use sekisho_waf::{Context, Judged, RuleSet, Scratch, Verdict};

use crate::compare::{Difference, differences, of_record};
use crate::rates::{Counted, ExactRates};
use crate::record;
use crate::{Case, Expectation, LoadedRules, RulesText, Step, TestFile, Tools};

pub(crate) use rules_spec::RulesSpec;

/// When a case begins: 2026-01-01 00:00:00 UTC.
const BEGINNING: u64 = 1_767_225_600_000;
/// Of more rules, only those are explained that matched or that were asked for.
const RULES_EXPLAINED_MAX: usize = 12;

/// Runs the cases of files.
pub struct Runner<'t> {
    tools: &'t dyn Tools,
    /// The rules loaded last: those of a file serve many of its cases.
    loaded: Option<(Arc<RulesSpec>, Result<LoadedRules, Diagnostics>)>,
    scratch: Scratch,
}

/// What came of one case.
#[derive(Debug, Clone)]
pub struct CaseResult {
    /// Everything that was not as expected; empty if the case passes.
    pub failures: Vec<Failure>,
    /// Requests that were held against the rules.
    pub requests: u64,
}

/// Something that was not as expected.
#[derive(Debug, Clone)]
pub enum Failure {
    /// The rules do not load, or not with the problems that were expected.
    Rules {
        /// What was expected.
        expected: String,
        /// The problems there are.
        got: Diagnostics,
    },
    /// The rules take more or less of AWS's capacity.
    Capacity {
        /// What was expected, in WCU.
        expected: String,
        /// What they take.
        got: String,
    },
    /// A request came out otherwise.
    Request {
        /// The line of its step.
        line: usize,
        /// The request in a line.
        request: String,
        /// Which of the step's requests it was, from 1.
        turn: u64,
        /// What differs.
        differences: Vec<Difference>,
        /// How the verdict came about.
        explanation: String,
    },
    /// The two evaluators disagree: a defect of Sekisho, not of the rules.
    Disagreement {
        /// The line of the step.
        line: usize,
        /// The request in a line.
        request: String,
    },
}

impl<'t> Runner<'t> {
    /// A runner with these tools.
    #[must_use]
    pub fn new(tools: &'t dyn Tools) -> Self {
        Self { tools, loaded: None, scratch: Scratch::new() }
    }

    /// Runs one case of `file`.
    pub fn run(&mut self, file: &TestFile, case: &Case) -> CaseResult {
        let mut result = CaseResult { failures: Vec::new(), requests: 0 };
        match self.load(case, &file.source) {
            Ok(rules) => {
                result.failures.extend(loads_as_expected(case, &rules));
                if result.failures.is_empty() {
                    self.run_steps(case, &rules, &mut result);
                }
            }
            Err(problems) => result.failures.extend(refused_as_expected(case, problems)),
        }
        result
    }

    fn load(&mut self, case: &Case, file: &SourceFile) -> Result<LoadedRules, Diagnostics> {
        if let Some((rules, loaded)) = &self.loaded
            && Arc::ptr_eq(rules, &case.rules)
        {
            return loaded.clone();
        }
        let loaded = case.rules.load(self.tools, file);
        self.loaded = Some((Arc::clone(&case.rules), loaded.clone()));
        loaded
    }

    fn run_steps(&mut self, case: &Case, rules: &LoadedRules, result: &mut CaseResult) {
        let rates = ExactRates::default();
        let mut now_ms = BEGINNING;
        for step in &case.steps {
            now_ms += step.after_ms;
            for turn in 0..step.repeat {
                now_ms += if turn > 0 { step.every_ms } else { 0 };
                result.requests += 1;
                let failure = self.run_request(case, step, turn + 1, rules, &rates, Timestamp::from_unix_ms(now_ms));
                if let Some(failure) = failure {
                    // The requests that follow would mostly repeat it.
                    result.failures.push(failure);
                    break;
                }
            }
        }
    }

    fn run_request(
        &mut self,
        case: &Case,
        step: &Step,
        turn: u64,
        rules: &LoadedRules,
        rates: &ExactRates,
        now: Timestamp,
    ) -> Option<Failure> {
        let rule_set: &RuleSet = &rules.rule_set;
        let places = case.places.with_client(step.request.client(), &step.request.facts);
        let body_bytes_max = rule_set.policy().body_inspected_bytes_max.unwrap_or(case.rules.body_bytes_max());
        let (line, shown) = (step.line, step.request.line());
        step.request.lend(body_bytes_max, |request| {
            let policy = rule_set.policy();
            let token = step.request.token.at(now);
            let context = Context { now, rates, places: &places, token: &token };
            let _ = rule_set.evaluate(request, &context, &mut self.scratch);
            let verdict: &Verdict = self.scratch.verdict();
            let mut differences = differences(policy, verdict, &step.expected);
            if step.expected.logged.is_some() || step.expected.record.is_some() {
                let got = record::record(rules, request, &self.scratch, &context);
                differences.extend(of_record(got.as_ref(), &step.expected));
            }
            if differences.is_empty() && !is_looked_at_twice(turn, step.repeat) {
                return None;
            }
            let counted = Counted(rates);
            let context = Context { rates: &counted, ..context };
            let (reference, mut trace) = reference::evaluate(policy, rule_set.limits(), request, &context);
            if *verdict != reference {
                return Some(Failure::Disagreement { line, request: shown });
            }
            if differences.is_empty() {
                return None;
            }
            keep_telling(&mut trace, policy, &step.expected);
            let explanation = self.tools.explain(policy, request, verdict, &trace);
            Some(Failure::Request { line, request: shown, turn, differences, explanation })
        })
    }
}

/// Whether the reference evaluator judges a turn too: it is slow, and equal requests differ in their counts only.
fn is_looked_at_twice(turn: u64, turns: u64) -> bool {
    turn.is_power_of_two() || turn == turns
}

/// Leaves out of a long trace what tells nothing: rules that did not match and that nobody asked for.
fn keep_telling(trace: &mut Trace, policy: &Policy, expected: &Expectation) {
    if trace.rules.len() <= RULES_EXPLAINED_MAX {
        return;
    }
    let asked: Vec<&str> = expected.rules().filter_map(|name| name.rsplit('/').next()).collect();
    trace
        .rules
        .retain(|rule| rule.outcome == Judged::Matched || asked.contains(&rule.rule.resolve(policy).name.as_str()));
}

/// Whether a problem is the one meant: by its code, or by a part of its message.
fn is_meant(problem: &Diagnostic, wanted: &str) -> bool {
    problem.code == wanted || problem.message.contains(wanted)
}

fn loads_as_expected(case: &Case, rules: &LoadedRules) -> Option<Failure> {
    let LoadedRules { warnings, capacity, .. } = rules;
    if case.capacity.is_some_and(|expected| *capacity != Some(expected)) {
        let shown = |capacity: Option<u64>| capacity.map_or("unknown".to_owned(), |wcu| wcu.to_string());
        return Some(Failure::Capacity { expected: shown(case.capacity), got: shown(*capacity) });
    }
    if let Some(refused) = &case.refused {
        let expected = format!("the rules are refused: {}", refused.join(", "));
        return Some(Failure::Rules { expected, got: warnings.clone() });
    }
    let wanted = case.warns.as_ref()?;
    let missing = wanted.iter().find(|wanted| !warnings.iter().any(|problem| is_meant(problem, wanted)));
    let expected = match missing {
        Some(missing) => format!("a warning: {missing}"),
        None if wanted.is_empty() && !warnings.is_empty() => "no warning".to_owned(),
        None => return None,
    };
    Some(Failure::Rules { expected, got: warnings.clone() })
}

fn refused_as_expected(case: &Case, problems: Diagnostics) -> Option<Failure> {
    let Some(refused) = &case.refused else {
        return Some(Failure::Rules { expected: "the rules load".to_owned(), got: problems });
    };
    let is_there = |wanted: &String| {
        problems.iter().any(|problem| problem.severity == Severity::Error && is_meant(problem, wanted))
    };
    let missing = refused.iter().find(|wanted| !is_there(wanted))?;
    Some(Failure::Rules { expected: format!("the rules are refused: {missing}"), got: problems })
}

impl RulesSpec {
    /// Loads the rules; problems within the test file point there.
    fn load(&self, tools: &dyn Tools, file: &SourceFile) -> Result<LoadedRules, Diagnostics> {
        let text: &RulesText = &self.text;
        match tools.load(text) {
            Ok(rules) => match self.unused(&rules, file) {
                Some(unused) => Err(unused.into()),
                None => Ok(LoadedRules { warnings: self.relocated(rules.warnings, file), ..rules }),
            },
            Err(problems) => Err(self.relocated(problems, file)),
        }
    }
}
