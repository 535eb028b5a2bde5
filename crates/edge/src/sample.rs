//! Samples of requests by rule, as `GetSampledRequests` gives them.
//!
//! Stands beside the records: after a decision, each rule that matched, or the default action, may keep the request. The
//! [`Samples`] outlive the rules; [`PolicySamples`] are those of one policy by position. For most requests of a busy rule the
//! cost is one atomic addition: a reservoir decides whether one is kept before anything is written. Nothing here makes a
//! request wait: a store that another thread holds is passed by.
//!
//! Source: AWS WAF Developer Guide, "Viewing a sample of web requests"; API reference, `GetSampledRequests`.

mod answer;
mod draw;
mod policy;
mod request;
mod reservoir;
mod store;

pub(crate) use answer::{Ask, Unanswerable};
pub(crate) use policy::PolicySamples;
pub(crate) use request::{Sampled, write};
pub(crate) use store::Samples;
