//! Everything that one transformed value of one part is held against, at once.
//!
//! One pass of an automaton over the value finds all literals: those that tests ask for, and those without which a regular
//! expression cannot match. Only expressions with such a literal found, or without any, run. The automaton folds ASCII
//! case; tests look at the bytes again.

use std::collections::HashMap;

use aho_corasick::AhoCorasick;
use regex_automata::Input;
use regex_automata::meta::{Cache, Regex};

use super::{CompileError, literal};
use crate::Limits;
use crate::ir::{Comparison, Operator, Position, Rule, SqliSensitivity};
use crate::operator::{literal_at, regex, sqli, xss};

/// A test's index in [`super::Program::tests`] and its bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TestId(u32);

impl TestId {
    pub(super) fn new(index: usize) -> Self {
        Self(u32::try_from(index).expect("a policy has fewer than 2^32 tests"))
    }

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A regular expression's index over all matchers: where its cache and its mark are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RegexId(u32);

impl RegexId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a matcher needs beside the value: the results it sets, and memory that is kept between requests.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    /// One bit a test.
    hits: Vec<u64>,
    /// For each expression, the value (by number) for which it was last found to be a candidate.
    candidate_in: Vec<u64>,
    /// The number of the current value; numbers never repeat.
    value: u64,
    /// The candidates for the current value, as indices into the matcher's expressions.
    candidates: Vec<u32>,
    caches: Vec<Option<Box<Cache>>>,
}

impl Marks {
    pub(crate) fn resize(&mut self, tests: usize, regexes: usize) {
        *self = Self {
            hits: vec![0; tests.div_ceil(64)],
            candidate_in: vec![0; regexes],
            caches: std::iter::repeat_with(|| None).take(regexes).collect(),
            ..Self::default()
        };
    }

    pub(crate) fn clear(&mut self) {
        self.hits.fill(0);
    }

    pub(crate) fn is_hit(&self, test: TestId) -> bool {
        self.hits[test.index() / 64] & 1 << (test.index() % 64) != 0
    }

    fn hit(&mut self, test: TestId) {
        self.hits[test.index() / 64] |= 1 << (test.index() % 64);
    }
}

/// The compiled tests over one part and chain.
#[derive(Debug)]
pub(crate) struct Matcher {
    literals: Option<Literals>,
    regexes: Vec<RegexTest>,
    /// Those without a required literal, as indices.
    always: Vec<u32>,
    sizes: Vec<(TestId, Comparison, u64)>,
    sqli: Vec<(TestId, SqliSensitivity)>,
    xss: Vec<TestId>,
}

#[derive(Debug)]
struct Literals {
    automaton: AhoCorasick,
    /// For each of the automaton's patterns, what its presence means.
    uses: Vec<Vec<Use>>,
}

#[derive(Debug)]
enum Use {
    /// A test asks for it, in this case and position.
    Asked { test: TestId, literal: Box<[u8]>, position: Position },
    /// The expression with this index in the matcher may match.
    Required(u32),
}

#[derive(Debug)]
struct RegexTest {
    id: RegexId,
    test: TestId,
    regex: Regex,
    value_bytes_min: usize,
}

impl Matcher {
    /// Whether nothing is asked here: a step on the way to others.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { literals, regexes, always: _, sizes, sqli, xss } = self;
        literals.is_none() && regexes.is_empty() && sizes.is_empty() && sqli.is_empty() && xss.is_empty()
    }

    /// Holds one value against all tests and sets the bits of those that pass.
    pub(crate) fn run(&self, value: &[u8], marks: &mut Marks) {
        for &(test, comparison, bytes) in &self.sizes {
            if comparison.holds(value.len() as u64, bytes) {
                marks.hit(test);
            }
        }
        if let Some(literals) = &self.literals {
            marks.value += 1;
            marks.candidates.clear();
            literals.scan(value, &self.regexes, marks);
            for at in 0..marks.candidates.len() {
                let regex = &self.regexes[marks.candidates[at] as usize];
                regex.run(value, marks);
            }
        }
        for &at in &self.always {
            self.regexes[at as usize].run(value, marks);
        }
        if !self.sqli.is_empty() && sqli::may_match(value) {
            for &(test, sensitivity) in &self.sqli {
                if !marks.is_hit(test) && sqli::detect(value, sensitivity).is_some() {
                    marks.hit(test);
                }
            }
        }
        if !self.xss.is_empty()
            && xss::may_match(value)
            && self.xss.iter().any(|&test| !marks.is_hit(test))
            && xss::detect(value)
        {
            self.xss.iter().for_each(|&test| marks.hit(test));
        }
    }
}

impl Literals {
    fn scan(&self, value: &[u8], regexes: &[RegexTest], marks: &mut Marks) {
        for found in self.automaton.find_overlapping_iter(value) {
            for usage in &self.uses[found.pattern().as_usize()] {
                match usage {
                    Use::Asked { test, literal, position } => {
                        if !marks.is_hit(*test) && literal_at(value, found.start(), literal, *position) {
                            marks.hit(*test);
                        }
                    }
                    Use::Required(at) => {
                        let id = regexes[*at as usize].id.index();
                        if marks.candidate_in[id] != marks.value {
                            marks.candidate_in[id] = marks.value;
                            marks.candidates.push(*at);
                        }
                    }
                }
            }
        }
    }
}

impl RegexTest {
    fn run(&self, value: &[u8], marks: &mut Marks) {
        if value.len() < self.value_bytes_min || marks.is_hit(self.test) {
            return;
        }
        let cache = marks.caches[self.id.index()].get_or_insert_with(|| Box::new(self.regex.create_cache()));
        if self.regex.search_half_with(cache, &Input::new(value).earliest(true)).is_some() {
            marks.hit(self.test);
        }
    }
}

/// Gathers the tests over one part and chain.
#[derive(Default)]
pub(super) struct MatcherBuilder {
    /// ASCII-folded literals and what each means.
    literals: Vec<Vec<u8>>,
    uses: Vec<Vec<Use>>,
    by_literal: HashMap<Vec<u8>, usize>,
    regexes: Vec<(TestId, Regex, usize)>,
    always: Vec<u32>,
    sizes: Vec<(TestId, Comparison, u64)>,
    sqli: Vec<(TestId, SqliSensitivity)>,
    xss: Vec<TestId>,
}

impl MatcherBuilder {
    pub(super) fn add(
        &mut self,
        rule: &Rule,
        test: TestId,
        operator: &Operator,
        limits: &Limits,
    ) -> Result<(), CompileError> {
        match operator {
            Operator::Bytes { literal, .. } if literal.is_empty() => {
                return Err(CompileError::EmptyLiteral { rule: rule.name.clone() });
            }
            Operator::Bytes { literal, position } => {
                let usage = Use::Asked { test, literal: literal.as_slice().into(), position: *position };
                self.literal(literal.to_ascii_lowercase(), usage);
            }
            Operator::Regex(sources) => {
                for source in sources {
                    self.regex(rule, test, &source.0, limits)?;
                }
            }
            Operator::Size { comparison, bytes } => self.sizes.push((test, *comparison, *bytes)),
            Operator::Sqli(sensitivity) => self.sqli.push((test, *sensitivity)),
            Operator::Xss => self.xss.push(test),
        }
        Ok(())
    }

    fn regex(&mut self, rule: &Rule, test: TestId, pattern: &str, limits: &Limits) -> Result<(), CompileError> {
        let at = u32::try_from(self.regexes.len()).expect("a policy has fewer than 2^32 expressions");
        let failed = |source| CompileError::Regex { rule: rule.name.clone(), pattern: pattern.to_owned(), source };
        let regex = regex::build(pattern, limits.regex_bytes_max).map_err(failed)?;
        let hir = regex::parse(pattern).map_err(|source| CompileError::RegexSyntax {
            rule: rule.name.clone(),
            pattern: pattern.to_owned(),
            source,
        })?;
        match literal::required(&hir) {
            Some(literals) => literals.into_iter().for_each(|literal| self.literal(literal, Use::Required(at))),
            None => self.always.push(at),
        }
        self.regexes.push((test, regex, hir.properties().minimum_len().unwrap_or(0)));
        Ok(())
    }

    fn literal(&mut self, folded: Vec<u8>, usage: Use) {
        let at = *self.by_literal.entry(folded).or_insert_with_key(|literal| {
            self.literals.push(literal.clone());
            self.uses.push(Vec::new());
            self.uses.len() - 1
        });
        self.uses[at].push(usage);
    }

    /// Builds the matcher; `regexes` counts the expressions of all matchers so far.
    pub(super) fn finish(self, regexes: &mut usize) -> Result<Matcher, CompileError> {
        let literals = if self.literals.is_empty() {
            None
        } else {
            let automaton = AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .build(&self.literals)
                .map_err(|source| CompileError::Automaton { literals: self.literals.len(), source })?;
            Some(Literals { automaton, uses: self.uses })
        };
        let first = *regexes;
        *regexes += self.regexes.len();
        let regexes = self.regexes.into_iter().enumerate().map(|(at, (test, regex, value_bytes_min))| {
            let id = RegexId(u32::try_from(first + at).expect("a policy has fewer than 2^32 expressions"));
            RegexTest { id, test, regex, value_bytes_min }
        });
        Ok(Matcher {
            literals,
            regexes: regexes.collect(),
            always: self.always,
            sizes: self.sizes,
            sqli: self.sqli,
            xss: self.xss,
        })
    }
}
