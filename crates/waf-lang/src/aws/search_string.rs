//! `SearchString`: a blob, which the CLI prints in base64 and the console and Terraform in plain text.
//!
//! Nothing in a document says which. One document is written by one tool, so the choice is made once for all of it:
//!
//! 1. If any search string is not padded standard base64, all are plain text.
//! 2. Otherwise, if the document is a whole answer of the API (`{"WebACL": …}`), all are base64.
//! 3. Otherwise all are base64 if each decodes to printable text, or if any has base64 padding and does.
//! 4. Otherwise all are plain text.
//!
//! Line ends within base64, as encoders that wrap lines write them, are no part of it.
//!
//! A string that could well be meant the other way gets a warning that says which way it was taken.
//!
//! Source: API reference, `ByteMatchStatement`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::document::Node;
use crate::report::{Report, quoted};

/// The longest literal, in bytes. Source: AWS WAF quotas.
const LITERAL_BYTES_MAX: usize = 200;

/// How the search strings of a document are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SearchEncoding {
    /// Base64, as the API and the CLI write blobs.
    Base64,
    /// As text.
    Plain,
}

impl SearchEncoding {
    /// Decides for a whole document. `whole_answer` says whether it came as the API prints it.
    pub(crate) fn of(root: Node<'_>, whole_answer: bool) -> Self {
        let mut strings = Vec::new();
        collect(root, &mut strings);
        let decoded: Option<Vec<(&str, Vec<u8>)>> =
            strings.into_iter().map(|text| Some((text, decode_base64(text)?))).collect();
        let Some(decoded) = decoded else { return Self::Plain };
        let all_text = decoded.iter().all(|(_, bytes)| is_text(bytes));
        let padded_text = decoded.iter().any(|(text, bytes)| text.ends_with('=') && is_text(bytes));
        if whole_answer || all_text || padded_text { Self::Base64 } else { Self::Plain }
    }
}

/// Finds every search string of a tree.
fn collect<'d>(node: Node<'d>, found: &mut Vec<&'d str>) {
    if let Some(items) = node.as_array() {
        items.for_each(|item| collect(item, found));
    } else if let Some(entries) = node.as_object() {
        for (key, value) in entries {
            match value.as_str() {
                Some(text) if key.text() == "SearchString" => found.push(text),
                _ => collect(value, found),
            }
        }
    }
}

/// Reads a search string.
pub(crate) fn read(node: Node<'_>, encoding: SearchEncoding, by_choice: bool, report: &mut Report) -> Option<Vec<u8>> {
    let bytes = match node.as_blob() {
        Some(bytes) => bytes.to_vec(),
        None => decode(node, encoding, by_choice, report)?,
    };
    if bytes.is_empty() || bytes.len() > LITERAL_BYTES_MAX {
        let message = format!("expected a search string of 1 to {LITERAL_BYTES_MAX} bytes, found {}", bytes.len());
        report.push(node.error("bad-length", message));
        return None;
    }
    Some(bytes)
}

/// The bytes of a search string, with a warning where it may have been meant the other way.
pub(crate) fn decode(
    node: Node<'_>,
    encoding: SearchEncoding,
    by_choice: bool,
    report: &mut Report,
) -> Option<Vec<u8>> {
    let text = node.string(report)?;
    match encoding {
        SearchEncoding::Plain => {
            if !by_choice && decode_base64(text).is_some_and(|bytes| is_text(&bytes)) {
                let message = format!("{} was taken as plain text, though it may be base64", quoted(text));
                let help =
                    "the search strings of a file are all base64 or all plain text, and others here are not base64";
                report.push(node.warning("ambiguous-search-string", message).help(help));
            }
            Some(text.as_bytes().to_vec())
        }
        SearchEncoding::Base64 => {
            let Some(bytes) = decode_base64(text) else {
                report.push(node.error("bad-base64", format!("{} is not base64", quoted(text))));
                return None;
            };
            if !is_text(&bytes) || looks_like_a_word(text) {
                let meaning = String::from_utf8_lossy(&bytes).escape_debug().to_string();
                let message = format!("{} was taken as base64 for {}", quoted(text), quoted(&meaning));
                let help =
                    "if plain text was meant, write all search strings of the file in plain text or all in base64";
                report.push(node.warning("ambiguous-search-string", message).help(help));
            }
            Some(bytes)
        }
    }
}

/// Padded standard base64, and nothing that merely decodes; in lines, as many encoders write it.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    if !text.contains(['\r', '\n']) {
        return STANDARD.decode(text).ok();
    }
    let joined: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    STANDARD.decode(joined).ok()
}

/// Whether a person could have typed it.
fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes)
        .is_ok_and(|text| !text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\r' | '\n')))
}

/// Base64 of text mixes cases and digits; a word or a path does not.
fn looks_like_a_word(text: &str) -> bool {
    !text.is_empty()
        && (text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'/')
            || text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'/'))
}
