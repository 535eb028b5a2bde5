//! Request bodies taken apart strictly, by the processor a rule or the content type chose.
//!
//! What a processor cannot read is an error that rules see (`REQBODY_ERROR`); what it read before counts. Each takes time
//! and memory linear in the body.

mod json;
mod multipart;
mod xml;

use super::variables::{Filling, Memory, arguments};
use super::{List, Span, Store};
use crate::ir::phased::{BodyProcessor, XmlIntoArgs};

pub(super) use json::{JsonError, Level};
pub(super) use multipart::{Gathered, MultipartError};
pub(super) use xml::{Open, XmlError, chosen_name};

/// Why a body was not read to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failure {
    /// What is not a file is larger than `SecRequestBodyNoFilesLimit`.
    #[error("Request body excluding files is bigger than the maximum expected.")]
    TooLarge,
    /// No JSON.
    #[error("{0}")]
    Json(#[from] JsonError),
    /// No form with files, or an odd one.
    #[error("{0}")]
    Multipart(#[from] MultipartError),
    /// No XML.
    #[error("{0}")]
    Xml(#[from] XmlError),
}

const MEMORY: &str = "memory takes whatever is written";

/// A body to be taken apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReadBody<'a> {
    /// Its bytes.
    pub(super) bytes: &'a [u8],
    /// Where they are in the store.
    pub(super) span: Span,
    /// Whether there are more, so that it may end anywhere.
    pub(super) is_cut: bool,
    /// Whether elements of XML are arguments.
    pub(super) xml_into_args: XmlIntoArgs,
}

/// Takes apart a body.
pub(super) fn process(
    store: &mut Store,
    memory: &mut Memory,
    processor: BodyProcessor,
    body: ReadBody<'_>,
    filling: Filling<'_>,
) -> Result<(), Failure> {
    let ReadBody { mut bytes, mut span, is_cut, xml_into_args } = body;
    if is_cut {
        let length = whole_characters(bytes);
        (bytes, span) = (&bytes[..length], span.part(0..length));
    }
    let no_files_bytes_max = filling.settings.request_body.no_files_bytes_max;
    if processor != BodyProcessor::Multipart && bytes.len() as u64 > no_files_bytes_max {
        return Err(Failure::TooLarge);
    }
    match processor {
        BodyProcessor::UrlEncoded => arguments::fill(store, memory, List::ArgsPost, (bytes, span), filling),
        BodyProcessor::Json => match json::process(store, memory, (bytes, span), filling) {
            Err(JsonError::Ended) if is_cut => {}
            result => result?,
        },
        BodyProcessor::Multipart => multipart::process(store, memory, (bytes, span), is_cut, filling)?,
        BodyProcessor::Xml => match xml::process(store, memory, (bytes, span), xml_into_args, filling) {
            Err(XmlError::Ended) if is_cut => {}
            result => result?,
        },
    }
    Ok(())
}

/// How many bytes there are before a character of UTF-8 that lacks its end; all, if what they end with is none.
fn whole_characters(bytes: &[u8]) -> usize {
    let tail = bytes.len().saturating_sub(CHARACTER_BYTES_MAX);
    let starts = (tail..bytes.len()).rev().find(|&at| bytes[at] & 0b1100_0000 != 0b1000_0000);
    let is_begun = |&at: &usize| std::str::from_utf8(&bytes[at..]).is_err_and(|error| error.error_len().is_none());
    starts.filter(is_begun).unwrap_or(bytes.len())
}

/// A character of UTF-8 has this many bytes at most.
const CHARACTER_BYTES_MAX: usize = 4;

#[cfg(test)]
mod tests;
