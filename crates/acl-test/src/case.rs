//! One case: rules, requests, and what must come of them.

use std::ops::Range;
use std::sync::Arc;

use sekisho_model::SourceFile;

use crate::expectation::{self, ActionName, Expectation};
use crate::file::Shared;
use crate::inline_rules::RULE_NAME;
use crate::places::Places;
use crate::problems::Problems;
use crate::request::{self, RequestSpec};
use crate::run::RulesSpec;
use crate::span::milliseconds;
use crate::tree::{Entry, Tree};
use crate::{RulesText, TextRef};

/// Requests of one step; more take too long to be a test.
const REPEAT_MAX: u64 = 1_000_000;

/// The keys of a step besides those of its request and its expectation.
const STEP_FIELDS: &[&str] = &["after", "every", "repeat"];
/// The keys of a case besides those of its only step and of its rules.
const CASE_FIELDS: &[&str] =
    &["name", "source", "each", "places", "steps", "matches", "passes", "refused", "warns", "capacity"];

/// One case of a test file.
#[derive(Debug, Clone)]
pub struct Case {
    /// What it shows.
    pub name: String,
    /// Where that is written, such as a page of a manual.
    pub source: Option<String>,
    /// Its line in the file, from 1.
    pub line: usize,
    /// The requests, in order.
    pub steps: Vec<Step>,
    /// Codes or parts of messages of the errors that must make the rules unusable.
    pub refused: Option<Vec<String>>,
    /// Codes or parts of messages of warnings; no warning at all, if the list is empty.
    pub warns: Option<Vec<String>>,
    /// What the rules take of AWS's capacity, in WCU.
    pub capacity: Option<u64>,
    pub(crate) rules: Arc<RulesSpec>,
    pub(crate) places: Places,
}

/// A request, sent once or often, and what must come of it each time.
#[derive(Debug, Clone)]
pub struct Step {
    /// The request.
    pub request: RequestSpec,
    /// How often it is sent.
    pub repeat: u64,
    /// Time that passes before it is sent first, in milliseconds.
    pub after_ms: u64,
    /// Time between one and the next, in milliseconds.
    pub every_ms: u64,
    /// What must come of it.
    pub expected: Expectation,
    /// Its line in the file, from 1.
    pub line: usize,
}

impl Case {
    /// Reads a case whose parameters are filled in.
    pub(crate) fn read(tree: &Tree, shared: &Shared, problems: &mut Problems<'_>) -> Option<Self> {
        let known = [CASE_FIELDS, RulesSpec::FIELDS, request::FIELDS, expectation::FIELDS, STEP_FIELDS].concat();
        problems.mapping(tree, &known)?;
        let Some(name) = tree.get("name").and_then(Tree::scalar) else {
            problems.at(tree.place(), "missing-field", "a case needs a `name`");
            return None;
        };
        let known_problems = problems.count();
        let texts = |field: &str, problems: &mut Problems<'_>| tree.get(field).and_then(|tree| problems.texts(tree));
        let mut case = Self {
            name,
            source: tree.get("source").and_then(Tree::scalar).or_else(|| shared.source.clone()),
            line: problems.file.line_column(tree.range.start).0,
            steps: Vec::new(),
            refused: texts("refused", problems),
            warns: texts("warns", problems),
            capacity: tree.get("capacity").and_then(|tree| problems.number(tree, 0..=u64::MAX)),
            rules: RulesSpec::of_case(tree, &shared.rules, problems),
            places: shared.places.clone(),
        };
        if let Some(places) = tree.get("places") {
            case.places = Places::read(places, problems).unwrap_or_default();
        }
        case.read_steps(tree, shared, problems);
        let nothing =
            case.steps.is_empty() && case.refused.is_none() && case.warns.is_none() && case.capacity.is_none();
        if nothing && problems.count() == known_problems {
            let help = "add a `request` and its `action`, or `matches` and `passes`, or `refused`";
            problems.with_help(tree.place(), "nothing-expected", "this case can never fail".to_owned(), help);
        }
        Some(case)
    }

    /// The documents of its rules that stand within the test file, as JSON.
    pub fn documents(&self) -> impl Iterator<Item = &SourceFile> {
        let RulesText { acl, resources, logging, .. } = &self.rules.text;
        acl.iter().chain(resources).chain(logging).filter_map(|text| match text {
            TextRef::Inline(text) => Some(text),
            TextRef::Path(_) => None,
        })
    }

    fn read_steps(&mut self, tree: &Tree, shared: &Shared, problems: &mut Problems<'_>) {
        let step_known = [request::FIELDS, expectation::FIELDS, STEP_FIELDS].concat();
        if tree.get("request").is_some() {
            self.steps.push(Step::read(tree, shared, problems));
        } else if let Some(stray) = tree.entries().into_iter().flatten().find(|entry| step_known.contains(&&*entry.key))
        {
            let message = format!("`{}` goes with a `request`", stray.key);
            problems.at(stray.key_range.clone(), "missing-field", message);
        }
        if let Some(steps) = tree.get("steps").and_then(|steps| problems.list(steps)) {
            for step in steps {
                if problems.mapping(step, &step_known).is_some() {
                    self.steps.push(Step::read(step, shared, problems));
                }
            }
        }
        for (field, action) in [("matches", ActionName::Block), ("passes", ActionName::Allow)] {
            let Some(entry) = tree.entries().into_iter().flatten().find(|entry| entry.key == field) else { continue };
            self.read_table(entry, action, shared, problems);
        }
    }

    /// Reads a list of requests that the statement must match, or must not.
    fn read_table(&mut self, entry: &Entry, action: ActionName, shared: &Shared, problems: &mut Problems<'_>) {
        if !self.rules.is_statement {
            let message = format!("`{}` goes with a `statement`", entry.key);
            let help = "for a whole web ACL, give each request its `action`";
            problems.with_help(entry.key_range.clone(), "missing-field", message, help);
        }
        for tree in problems.list(&entry.tree).unwrap_or_default() {
            let rule = (action == ActionName::Block).then(|| RULE_NAME.to_owned());
            self.steps.push(Step {
                request: RequestSpec::read(tree, &shared.request, problems),
                repeat: 1,
                after_ms: 0,
                every_ms: 0,
                expected: Expectation { action: Some(action), rule, ..Expectation::default() },
                line: line(problems, &tree.range),
            });
        }
    }
}

impl Step {
    fn read(tree: &Tree, shared: &Shared, problems: &mut Problems<'_>) -> Self {
        let mut span = |field: &str| {
            let tree = tree.get(field)?;
            let found = tree.scalar().and_then(|text| milliseconds(&text));
            if found.is_none() {
                problems.mismatch(tree, "a time such as 100ms, 10s or 5m");
            }
            found
        };
        let (after, every) = (span("after"), span("every"));
        let repeat = tree.get("repeat").and_then(|tree| problems.number(tree, 1..=REPEAT_MAX));
        let expected = Expectation::of_fields(tree, problems);
        let asked = expectation::FIELDS.iter().chain(&["refused"]).any(|field| tree.get(field).is_some());
        if !asked {
            let help = "say what must come of it, such as `action: block`";
            problems.with_help(tree.place(), "nothing-expected", "this can never fail".to_owned(), help);
        }
        Self {
            request: RequestSpec::of_fields(tree, &shared.request, problems),
            repeat: repeat.unwrap_or(1),
            after_ms: after.unwrap_or_default(),
            every_ms: every.unwrap_or_default(),
            expected,
            line: line(problems, &tree.range),
        }
    }
}

fn line(problems: &Problems<'_>, range: &Range<usize>) -> usize {
    problems.file.line_column(range.start).0
}
