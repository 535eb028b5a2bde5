//! The operators of rules in phases, made ready to run.
//!
//! [`OperatorCompiler`] compiles the operators of a policy together, so that equal patterns are built once. A
//! [`CompiledOperator`] says whether it holds for a value and, if asked, what its groups caught. It never changes: what a
//! search needs to write is in the [`OperatorMemory`] of the one that asks.
//!
//! Values and expanded texts are handed in; nothing here looks at a transaction.

mod backtracker;
mod budget;
mod captures;
mod engine;
mod expanded;
mod memory;
mod pattern;
mod searcher;
mod sliced;

use std::num::NonZeroU32;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use crate::ir::phased::{PhasedOperator, Text, TextTest};
use crate::ir::{Comparison, SqliSensitivity};
use crate::operator::{encoding, identifier, number, sqli, text, xss};
use crate::{AddressSet, Limits, PlaceSource};

use searcher::{Building, Searcher};

pub use captures::{Captured, Captures};
pub(super) use expanded::write_literally;
pub use memory::OperatorMemory;
pub use pattern::Pattern;

/// Why an operator cannot be compiled.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// A regular expression is broken, or cannot be matched in linear time.
    #[error("compile the pattern {pattern:?}")]
    Pattern {
        /// As written.
        pattern: String,
        /// What is wrong with it.
        source: crate::operator::pattern::PatternError,
    },
    /// The phrases take too much memory.
    #[error("compile {phrases} phrases")]
    Phrases {
        /// How many there are.
        phrases: usize,
        /// What is wrong with them.
        source: Box<aho_corasick::BuildError>,
    },
}

/// A value, and what else an operator may need to know.
#[derive(Clone, Copy)]
pub struct Tested<'a> {
    /// The value, transformed.
    pub value: &'a [u8],
    /// The operator's text with its macros expanded; asked for only if [`CompiledOperator::text`] gives one.
    pub expanded: Option<&'a [u8]>,
    /// Knows where addresses are.
    pub places: &'a dyn PlaceSource,
}

/// Compiles the operators of one policy.
#[derive(Debug)]
pub struct OperatorCompiler {
    patterns: pattern::Patterns,
    /// Rules of several levels of paranoia look for the same words.
    phrases: Vec<Arc<Phrases>>,
}

impl OperatorCompiler {
    /// For one policy.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self::backtracking(limits, None)
    }

    /// For one policy. Patterns that no linear engine can match are searched for with this many steps back at most, if any.
    #[must_use]
    pub fn backtracking(limits: &Limits, steps_max: Option<NonZeroU32>) -> Self {
        let building = Building { bytes_max: limits.regex_bytes_max, steps_max };
        Self { patterns: pattern::Patterns::new(building), phrases: Vec::new() }
    }

    /// Compiles an operator.
    ///
    /// # Errors
    ///
    /// If its pattern is broken or cannot be matched in linear time.
    pub fn compile(&mut self, operator: &PhasedOperator) -> Result<CompiledOperator, OperatorError> {
        Ok(CompiledOperator(match operator {
            PhasedOperator::Always => Kind::Always,
            PhasedOperator::Never => Kind::Never,
            PhasedOperator::Regex { pattern, global: false } => Kind::Regex(self.pattern(pattern)?),
            PhasedOperator::Regex { pattern, global: true } => Kind::RegexGlobal(self.pattern(pattern)?),
            PhasedOperator::RegexWithMacros { pattern, global } => {
                Kind::Expanded { text: pattern.clone(), global: *global, building: self.patterns.building() }
            }
            PhasedOperator::Phrases(phrases) => Kind::Phrases(self.phrases(phrases)?),
            PhasedOperator::Text { test, text } => Kind::Text(*test, Operand::new(text)),
            PhasedOperator::Number { comparison, than } => Kind::Number(*comparison, Operand::new(than)),
            PhasedOperator::IpMatch(addresses) => Kind::IpMatch(addresses.clone()),
            PhasedOperator::GeoLookup => Kind::GeoLookup,
            PhasedOperator::DetectSqli => Kind::DetectSqli,
            PhasedOperator::DetectXss => Kind::DetectXss,
            PhasedOperator::ByteRange(allowed) => Kind::ByteRange(allowed.clone()),
            PhasedOperator::UrlEncoding => Kind::UrlEncoding,
            PhasedOperator::Utf8Encoding => Kind::Utf8Encoding,
            PhasedOperator::VerifyCreditCard(pattern) => {
                Kind::Identifier(identifier::is_credit_card, self.pattern(pattern)?)
            }
            PhasedOperator::VerifyCpf(pattern) => Kind::Identifier(identifier::is_cpf, self.pattern(pattern)?),
            PhasedOperator::VerifySsn(pattern) => Kind::Identifier(identifier::is_ssn, self.pattern(pattern)?),
            PhasedOperator::VerifySvnr(pattern) => Kind::Identifier(identifier::is_svnr, self.pattern(pattern)?),
        }))
    }

    fn phrases(&mut self, phrases: &[Vec<u8>]) -> Result<Arc<Phrases>, OperatorError> {
        if let Some(known) = self.phrases.iter().find(|known| known.are(phrases)) {
            return Ok(Arc::clone(known));
        }
        let built = Arc::new(Phrases::new(phrases)?);
        self.phrases.push(Arc::clone(&built));
        Ok(built)
    }

    /// Compiles a pattern on its own, such as the one of a selector.
    ///
    /// # Errors
    ///
    /// If it is broken or cannot be matched in linear time.
    pub fn pattern(&mut self, pattern: &str) -> Result<Pattern, OperatorError> {
        self.patterns.add(pattern).map_err(|source| OperatorError::Pattern { pattern: pattern.to_owned(), source })
    }
}

/// An operator, ready to run.
#[derive(Debug)]
pub struct CompiledOperator(Kind);

#[derive(Debug)]
enum Kind {
    Always,
    Never,
    Regex(Pattern),
    RegexGlobal(Pattern),
    /// A pattern with macros.
    Expanded {
        text: Text,
        global: bool,
        building: Building,
    },
    Phrases(Arc<Phrases>),
    Text(TextTest, Operand),
    Number(Comparison, Operand),
    IpMatch(AddressSet),
    GeoLookup,
    DetectSqli,
    DetectXss,
    ByteRange(Box<[bool; 256]>),
    UrlEncoding,
    Utf8Encoding,
    /// A number that a pattern finds and a check accepts.
    Identifier(fn(&[u8]) -> bool, Pattern),
}

/// What a value is compared with.
#[derive(Debug)]
enum Operand {
    Literal(Box<[u8]>),
    Macros(Text),
}

impl Operand {
    fn new(text: &Text) -> Self {
        text.as_literal().map_or_else(|| Self::Macros(text.clone()), |text| Self::Literal(text.as_bytes().into()))
    }

    fn bytes<'a>(&'a self, tested: Tested<'a>) -> &'a [u8] {
        match self {
            Self::Literal(bytes) => bytes,
            Self::Macros(_) => tested.expanded.unwrap_or_default(),
        }
    }
}

impl CompiledOperator {
    /// The text whose macros must be expanded before each [`Self::holds`], if there is one.
    #[must_use]
    pub fn text(&self) -> Option<&Text> {
        match &self.0 {
            Kind::Text(_, Operand::Macros(text)) | Kind::Number(_, Operand::Macros(text)) => Some(text),
            Kind::Expanded { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Whether [`Self::text`] is an expression: what comes of the request is taken literally in it.
    #[must_use]
    pub fn is_expression(&self) -> bool {
        matches!(self.0, Kind::Expanded { .. })
    }

    /// Whether it holds for a value.
    ///
    /// If `captures` are asked for and it holds, they are what the operator caught, else they are empty.
    ///
    /// # Limits
    ///
    /// Time linear in the value, for patterns times a factor that depends on the pattern only, but for those that need to go
    /// back, which share a bounded amount of work in a transaction: [`OperatorMemory::take_gave_up`]. Allocates nothing once
    /// `memory` is warm, but for what is captured and is no part of the value.
    pub fn holds(&self, tested: Tested<'_>, memory: &mut OperatorMemory, mut captures: Option<&mut Captures>) -> bool {
        if let Some(captures) = &mut captures {
            captures.clear();
        }
        let value = tested.value;
        match &self.0 {
            Kind::Always => true,
            Kind::Never => false,
            Kind::Regex(pattern) => match captures {
                Some(captures) => pattern.captures(value, memory, captures),
                None => pattern.is_match(value, memory),
            },
            Kind::RegexGlobal(pattern) => match captures {
                Some(captures) => pattern.captures_of_all(value, memory, captures),
                None => pattern.is_match(value, memory),
            },
            Kind::Expanded { global, building, .. } => {
                let search = |searcher: &Searcher, caches: &mut _, budget: &mut _| match captures {
                    Some(captures) if *global => searcher.captures_of_all(value, (caches, budget), captures),
                    Some(captures) => searcher.captures(value, (caches, budget), captures),
                    None => searcher.is_match(value, caches, budget),
                };
                memory.with_expanded(tested.expanded.unwrap_or_default(), *building, search)
            }
            Kind::Phrases(phrases) => phrases.hold(value, captures),
            Kind::Text(test, operand) => text::holds(*test, value, operand.bytes(tested)),
            Kind::Number(comparison, operand) => number::holds(*comparison, value, operand.bytes(tested)),
            Kind::IpMatch(addresses) => text::address(value).is_some_and(|address| addresses.contains(address)),
            Kind::GeoLookup => text::address(value)
                .is_some_and(|address| tested.places.place(address).is_some() || tested.places.asn(address).is_some()),
            Kind::DetectSqli => detects_sqli(value, captures),
            Kind::DetectXss => detects_xss(value, captures),
            Kind::ByteRange(allowed) => value.iter().any(|byte| !allowed[usize::from(*byte)]),
            Kind::UrlEncoding => encoding::is_broken_percent(value),
            Kind::Utf8Encoding => encoding::is_broken_utf8(value),
            Kind::Identifier(is_valid, pattern) => {
                let Some(found) = pattern.find_that(value, memory, is_valid) else { return false };
                if let Some(captures) = captures {
                    captures.push(0, Captured::Value(found));
                }
                true
            }
        }
    }
}

fn detects_sqli(value: &[u8], captures: Option<&mut Captures>) -> bool {
    let Some(fingerprint) = sqli::detect(value, SqliSensitivity::Low) else { return false };
    if let Some(captures) = captures {
        captures.push(0, Captured::Text(fingerprint.as_str().as_bytes().into()));
    }
    true
}

fn detects_xss(value: &[u8], captures: Option<&mut Captures>) -> bool {
    let detected = xss::detect(value);
    if detected && let Some(captures) = captures {
        captures.push(0, Captured::Value(0..value.len()));
    }
    detected
}

/// Phrases, in any ASCII case.
#[derive(Debug)]
struct Phrases {
    automaton: AhoCorasick,
    phrases: Box<[Box<[u8]>]>,
}

impl Phrases {
    fn new(phrases: &[Vec<u8>]) -> Result<Self, OperatorError> {
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(phrases)
            .map_err(|source| OperatorError::Phrases { phrases: phrases.len(), source: Box::new(source) })?;
        Ok(Self { automaton, phrases: phrases.iter().map(|phrase| phrase.as_slice().into()).collect() })
    }

    fn are(&self, phrases: &[Vec<u8>]) -> bool {
        self.phrases.len() == phrases.len()
            && self.phrases.iter().zip(phrases).all(|(known, phrase)| **known == **phrase)
    }

    fn hold(&self, value: &[u8], captures: Option<&mut Captures>) -> bool {
        let Some(found) = self.automaton.find(value) else { return false };
        if let Some(captures) = captures {
            captures.push(0, Captured::Text(self.phrases[found.pattern().as_usize()].clone()));
        }
        true
    }
}

#[cfg(test)]
mod tests;
