//! Memory for values that are decoded or joined before they are visited, kept between requests.

use super::pre_parse;
use crate::body::json;

/// Text that grew beyond this (bytes) for one request is given back before the next.
const TEXT_KEPT_BYTES_MAX: usize = 256 * 1024;

/// What taking a request apart needs beside the request.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(super) text: Vec<u8>,
    pub(super) json: json::Memory,
    pub(super) pre_parse: pre_parse::Memory,
}

impl Memory {
    /// Gives back what grew beyond measure.
    pub(crate) fn shrink(&mut self) {
        let Self { text, json, pre_parse } = self;
        if text.capacity() > TEXT_KEPT_BYTES_MAX {
            *text = Vec::new();
        }
        json.shrink(TEXT_KEPT_BYTES_MAX);
        pre_parse.shrink(TEXT_KEPT_BYTES_MAX);
    }
}
