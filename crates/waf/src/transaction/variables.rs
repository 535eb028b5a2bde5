//! What a transaction's variables hold: fills a [`Store`] from a request and its response, phase by phase.
//!
//! Each function is called at most once in a transaction, in the order of phases; what belongs to a phase that did not
//! come is empty. What variables hold follows ModSecurity 3. Differences are in `docs/conformance.md`.
//!
//! Nothing here decides: which processor reads a body and what becomes of a body over its limit is said by the caller.

pub(super) mod arguments;
mod authorization;
mod cookies;
pub(super) mod percent;
mod request_body;
mod request_head;
mod response;
mod target;

use std::io::Write as _;

use super::Entry;
use super::body::{Gathered, Level, Open};
use crate::ir::phased::PhasedSettings;

pub use request_body::{ReceivedBody, choose_processor, processor_for, request_body};
pub use request_head::request_head;
pub use response::{response_body, response_head};

/// What filling depends on besides the transaction.
#[derive(Debug, Clone, Copy)]
pub struct Filling<'a> {
    /// Limits and formats.
    pub settings: &'a PhasedSettings,
    /// Whether `FULL_REQUEST` is wanted. It repeats what is in other variables, and few rules look at it.
    pub full_request: bool,
}

/// Memory that filling uses, kept from one transaction to the next.
#[derive(Debug, Default)]
pub struct Memory {
    /// Of the list being gathered.
    pub(super) entries: Vec<Entry>,
    /// Text being put together.
    pub(super) text: Vec<u8>,
    /// Open objects and arrays of JSON.
    pub(super) levels: Vec<Level>,
    /// Lists of a form with files.
    pub(super) multipart: Gathered,
    /// What is open in XML.
    pub(super) xml: Open,
    /// Of names and values of all arguments so far.
    argument_bytes: usize,
}

/// Appends a number.
pub(super) fn decimal(out: &mut Vec<u8>, number: usize) {
    write!(out, "{number}").expect("memory takes whatever is written");
}

#[cfg(test)]
pub(super) mod tests;
