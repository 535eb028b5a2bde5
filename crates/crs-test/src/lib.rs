//! Tests of rules in phases: YAML files of requests as bytes, and of which rules must match, as `go-ftw` runs them and
//! the OWASP Core Rule Set ships them.
//!
//! [`TestFile::read`] gives the tests of a file, or diagnostics with places. [`wire`] writes each stage's request as its
//! bytes go over a connection; [`Expectation::differences`] says what of an [`Outcome`] differs from what was expected.
//! [`Runner`] takes the bytes an edge's way in this process: the strict gate, all phases of a transaction, and [`reflect`] as
//! what stands behind the checkpoint. [`grown`] makes requests besides those of tests, out of bytes of chance.
//!
//! Absent on purpose: I/O. Files are read, rules loaded and sockets opened by who calls.

mod case;
mod exchange;
mod expectation;
mod file;
mod form;
pub mod grown;
mod input;
mod outcome;
mod reading;
pub mod reflect;
mod reply;
mod result;
mod run;
mod template;
pub mod wire;

/// What the suite of the Core Rule Set needs to be set, in SecLang: between the setup of the rules and the rules.
///
/// Source: the suite's own `README.md`; for the content types, the servers it is run against (`tests/docker-compose.yml` of
/// the Core Rule Set).
pub const SETUP: &str = include_str!("setup.conf");

pub use case::{Stage, Test};
pub use expectation::{Difference, Expectation};
pub use file::TestFile;
pub use input::Input;
pub use outcome::{Logged, Outcome, Response};
pub use reply::{NoReply, reply};
pub use result::{Sent, StageFailure, TestResult};
pub use run::Runner;
