//! One request held against compiled rules.
//!
//! A rule language lowers its text into an [`ir::Policy`]; [`RuleSet::compile`] turns that into a matcher;
//! [`RuleSet::evaluate`] holds a [`Request`] against it and yields a [`Verdict`]. [`reference::evaluate`] gives the
//! same verdict slowly and obviously, with a trace a person can read.
//!
//! Absent on purpose: I/O, clocks, threads, any rule language, any log format. Any bytes evaluate without panicking,
//! in time linear in the bytes inspected, within [`Limits`].

mod address_set;
mod body;
mod compile;
mod context;
mod evaluate;
mod flow;
pub mod ir;
mod label_text;
mod limits;
mod name_table;
pub mod operator;
mod part;
mod phased_run;
mod prefilter;
mod rate_key;
pub mod reference;
mod request;
mod token;
pub mod transaction;
pub mod transform;
mod verdict;

pub use address_set::AddressSet;
pub use compile::{CompileError, RuleSet};
pub use context::{Context, KnownToken, NoPlaces, NoRates, Place, PlaceSource, RateSource, TokenSource, TokenState};
pub use evaluate::Scratch;
pub use flow::Judged;
pub use label_text::LabelText;
pub use limits::Limits;
pub use rate_key::{CountedKey, KeyValue, LimitedKey};
pub use request::{Body, BodySize, Client, Header, Request};
pub use token::{TokenFailure, TokenResult};
pub use verdict::{Decision, GroupOutcome, Label, OversizeFields, RateHit, RuleMatch, RuleRef, Verdict};
