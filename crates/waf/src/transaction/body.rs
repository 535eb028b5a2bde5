//! Request bodies taken apart strictly, by the processor a rule or the content type chose.
//!
//! What a processor cannot read is an error that rules see (`REQBODY_ERROR`); what it read before counts. Each takes time
//! and memory linear in the body.

mod json;
mod multipart;
mod xml;

use super::variables::{Filling, Memory, arguments};
use super::{List, Span, Store};
use crate::ir::phased::BodyProcessor;

pub(super) use json::{JsonError, Level};
pub(super) use multipart::{Gathered, MultipartError};
pub(super) use xml::{Open, XmlError};

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

/// Takes apart a body that is in the store as `span`.
pub(super) fn process(
    store: &mut Store,
    memory: &mut Memory,
    processor: BodyProcessor,
    (bytes, span): (&[u8], Span),
    filling: Filling<'_>,
) -> Result<(), Failure> {
    let no_files_bytes_max = filling.settings.request_body.no_files_bytes_max;
    if processor != BodyProcessor::Multipart && bytes.len() as u64 > no_files_bytes_max {
        return Err(Failure::TooLarge);
    }
    match processor {
        BodyProcessor::UrlEncoded => arguments::fill(store, memory, List::ArgsPost, (bytes, span), filling),
        BodyProcessor::Json => json::process(store, memory, (bytes, span), filling)?,
        BodyProcessor::Multipart => multipart::process(store, memory, (bytes, span), filling)?,
        BodyProcessor::Xml => xml::process(store, memory, (bytes, span), filling)?,
    }
    Ok(())
}

#[cfg(test)]
mod tests;
