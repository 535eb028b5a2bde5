//! Tests of rules: a YAML file of requests and what must come of them, read and run.
//!
//! [`TestFile::read`] gives the cases of a file, or diagnostics with places; a [`Runner`] holds each request against the
//! rules with both evaluators, in virtual time, and says what differs from what was expected. `sekisho test` prints it;
//! the conformance suite is such files.
//!
//! Absent on purpose: I/O. Files are read, and rules are loaded, by the [`Tools`] that are handed in, so that a test's rules
//! take the way of a service's.

mod case;
mod compare;
mod expectation;
mod file;
mod inline_rules;
mod json;
mod places;
mod problems;
mod rates;
mod record;
mod repetition;
mod request;
mod rules;
mod run;
mod span;
mod token;
mod tree;

pub use case::{Case, Step};
pub use compare::Difference;
pub use expectation::{ActionName, Expectation, Names, ResponseExpectation};
pub use file::TestFile;
pub use request::RequestSpec;
pub use rules::{CoreRuleSetFiles, Lists, LoadedRules, RulesText, TextRef, Tools};
pub use run::{CaseResult, Failure, Runner};
