//! One request held against compiled rules.
//!
//! A rule language lowers its text into an [`ir::Policy`]; [`RuleSet::compile`] turns that into a matcher;
//! [`RuleSet::evaluate`] holds a [`Request`] against it and yields a [`Verdict`]. [`reference::evaluate`] gives the
//! same verdict slowly and obviously, with a trace a person can read.
//!
//! Absent on purpose: I/O, clocks, threads, any rule language, any log format. Any bytes evaluate without panicking,
//! in time linear in the bytes inspected, within [`Limits`].

mod body;
mod compile;
mod context;
mod evaluate;
mod flow;
pub mod ir;
mod limits;
mod name_table;
pub mod operator;
mod part;
pub mod reference;
mod request;
pub mod transform;
mod verdict;

pub use compile::{CompileError, RuleSet};
pub use context::{Context, NoPlaces, NoRates, Place, PlaceSource, RateSource};
pub use evaluate::Scratch;
pub use flow::Judged;
pub use limits::Limits;
pub use request::{Body, BodySize, Client, Header, Request};
pub use verdict::{Decision, GroupOutcome, Label, OversizeFields, RateHit, RuleMatch, RuleRef, Verdict};
