//! Tokens: what proves that a client met a silent challenge or solved a puzzle, and how it comes by one.
//!
//! A rule that asks for a token looks at what the request presents ([`Presented`]); a client without a good one gets an
//! interstitial page with a [`Task`], whose solution it posts to [`ENDPOINT`] and gets a cookie for. Everything is signed
//! with the keys of a [`KeyRing`]; nothing is kept but which tasks were spent and who failed how often, both within bounds.
//!
//! What this must not do: decide. Rules decide; here a request only shows what it has.
//!
//! Source: AWS WAF Developer Guide, "AWS WAF token characteristics", "How AWS WAF uses tokens", "CAPTCHA and Challenge action
//! behavior".

mod attempts;
mod cookie;
mod domain;
mod endpoint;
mod interstitial;
mod keys;
mod page;
mod picture;
mod presented;
mod proof;
mod random;
mod service;
mod spent;
mod task;
mod words;

pub use keys::{KeyError, KeyRing};
pub use service::{Tokens, WORK_BITS};

pub(crate) use endpoint::{Delivery, ENDPOINT, POSTED_BYTES_MAX};
pub use presented::Presented;

pub(crate) use presented::Exempt;

#[cfg(test)]
mod tests;
