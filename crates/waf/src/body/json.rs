//! JSON bodies: one reader of tokens, and two that make sense of them.
//!
//! `values` finds whatever could be an attack in text that is JSON or nearly so; `elements` gives keys and values by their
//! place, as AWS WAF does.

mod elements;
mod text;
mod token;
mod values;

pub(crate) use elements::{Memory, Read, Wanted, visit as visit_elements};
pub(crate) use text::{unescape, valid_length};
pub(super) use values::visit;
