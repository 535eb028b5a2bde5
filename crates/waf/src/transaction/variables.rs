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

use super::Entry;
use super::body::{Gathered, Level, Open};
use crate::ir::phased::{PhasedSettings, XmlPath};

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
    /// What rules choose of XML.
    pub xml_paths: &'a [XmlPath],
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

/// Memory of one kind beyond this many bytes is given back before the next transaction.
const KEPT_BYTES_MAX: usize = 256 * 1024;

impl Memory {
    /// Starts anew.
    fn begin(&mut self) {
        self.argument_bytes = 0;
        let Self { entries, text, levels, multipart, xml, argument_bytes: _ } = self;
        shrink(entries);
        shrink(text);
        shrink(levels);
        multipart.shrink();
        xml.shrink();
    }
}

/// Gives back memory that grew beyond measure.
pub(super) fn shrink<T>(memory: &mut Vec<T>) {
    if memory.capacity() * size_of::<T>() > KEPT_BYTES_MAX {
        *memory = Vec::new();
    }
}

/// Appends a number.
pub(super) fn decimal(out: &mut Vec<u8>, number: usize) {
    let mut digits = [0; DIGITS_MAX];
    let mut start = digits.len();
    let mut rest = number;
    loop {
        start -= 1;
        digits[start] = b'0' + u8::try_from(rest % 10).expect("a digit fits a byte");
        rest /= 10;
        if rest == 0 {
            return out.extend_from_slice(&digits[start..]);
        }
    }
}

/// Digits of the largest number.
const DIGITS_MAX: usize = 20;

#[cfg(test)]
pub(super) mod tests;
