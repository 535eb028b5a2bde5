//! The operators that are more than a comparison.
//!
//! Each reads bytes, allocates nothing on the benign path, and takes time linear in its input.

mod bytes;
pub(crate) mod encoding;
pub(crate) mod identifier;
pub(crate) mod number;
pub mod pattern;
pub mod regex;
pub mod sqli;
pub(crate) mod text;
pub mod xss;

#[cfg(test)]
mod conformance;

pub(crate) use bytes::{literal_at, matches as bytes_match};
