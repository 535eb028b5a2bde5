//! The request of a stage, as its file describes it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_waf_lang::document::Node;

use crate::reading::Reading;
use crate::template;

/// A request larger than this (bytes) is refused: four times the largest of the Core Rule Set is 260 KB.
pub(crate) const REQUEST_BYTES_MAX: usize = 16 << 20;

const FIELDS: &[&str] = &[
    "dest_addr",
    "port",
    "protocol",
    "uri",
    "uris",
    "follow_redirect",
    "version",
    "method",
    "headers",
    "ordered_headers",
    "data",
    "encoded_data",
    "save_cookie",
    "stop_magic",
    "autocomplete_headers",
    "encoded_request",
    "virtual_host_mode",
];

/// A request, before it is written as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    pub(crate) method: String,
    pub(crate) uri: String,
    pub(crate) version: String,
    /// In the order they are sent.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) data: Vec<u8>,
    /// Whether headers that are missing are added, and form data is encoded.
    pub(crate) completes: bool,
    /// The whole request, if it is given as bytes.
    pub(crate) whole: Option<Vec<u8>>,
    /// Whether the URI is that of the redirect which the stage before was answered with.
    pub(crate) follows_redirect: bool,
    /// Whether cookies of the response are sent in the stages after it.
    pub(crate) saves_cookies: bool,
}

impl Default for Input {
    fn default() -> Self {
        Self {
            method: "GET".to_owned(),
            uri: "/".to_owned(),
            version: "HTTP/1.1".to_owned(),
            headers: Vec::new(),
            data: Vec::new(),
            completes: true,
            whole: None,
            follows_redirect: false,
            saves_cookies: false,
        }
    }
}

impl Input {
    /// Reads a request, or one for each of its `uris`.
    pub(crate) fn read(node: Node<'_>, reading: &mut Reading) -> Vec<Self> {
        let mut input = Self::default();
        let mut uris = Vec::new();
        for (key, node) in reading.fields(node, FIELDS) {
            match key.text() {
                "uris" => uris = reading.items(node).into_iter().filter_map(|uri| reading.text(uri)).collect(),
                field => input.take(field, node, reading),
            }
        }
        if input.whole.is_some() && !input.data.is_empty() {
            let message = "`data` and `encoded_request` cannot both be sent";
            reading.problem(node.error("contradiction", message));
        }
        match uris.is_empty() {
            true => vec![input],
            false => uris.into_iter().map(|uri| Self { uri, ..input.clone() }).collect(),
        }
    }

    fn take(&mut self, field: &str, node: Node<'_>, reading: &mut Reading) {
        match field {
            "uri" => self.uri = reading.text(node).unwrap_or_default(),
            "version" => self.version = reading.text(node).unwrap_or_default(),
            "method" => self.method = reading.text(node).unwrap_or_default(),
            "headers" => {
                let entries = reading.entries(node).into_iter();
                let header = |(key, node): (sekisho_waf_lang::document::Key<'_>, _)| {
                    Some((key.text().to_owned(), reading.text(node)?))
                };
                self.headers = entries.filter_map(header).collect();
                // A mapping has no order; `go-ftw` sends its headers by name.
                self.headers.sort();
            }
            "ordered_headers" => self.headers = ordered_headers(node, reading),
            "data" => self.data = expanded(node, reading),
            "encoded_data" => self.data = decoded(node, reading).unwrap_or_default(),
            "encoded_request" => self.whole = decoded(node, reading),
            "autocomplete_headers" => self.completes = reading.truth(node).unwrap_or(true),
            "stop_magic" => self.completes = !reading.truth(node).unwrap_or_default(),
            "follow_redirect" => self.follows_redirect = reading.truth(node).unwrap_or_default(),
            "save_cookie" => self.saves_cookies = reading.truth(node).unwrap_or_default(),
            // Where a request goes is the caller's matter; what is written here is only held to its type.
            "port" => _ = reading.number(node),
            "dest_addr" | "protocol" => _ = reading.text(node),
            // Concerns the marker requests of `go-ftw` alone.
            "virtual_host_mode" => _ = reading.truth(node),
            _ => {}
        }
    }
}

fn ordered_headers(node: Node<'_>, reading: &mut Reading) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    for item in reading.items(node) {
        reading.fields(item, &["name", "value"]);
        let name = reading.required(item, "name").and_then(|name| reading.text(name));
        let value = reading.required(item, "value").and_then(|value| reading.text(value));
        headers.extend(name.zip(value));
    }
    headers
}

/// Text with its templates written out.
fn expanded(node: Node<'_>, reading: &mut Reading) -> Vec<u8> {
    let Some(text) = reading.text(node) else { return Vec::new() };
    match template::expand(&text, REQUEST_BYTES_MAX) {
        Ok(data) => data,
        Err(problem) => {
            let message = format!("cannot expand the template: {problem}");
            reading.problem(node.error("bad-template", message));
            Vec::new()
        }
    }
}

/// The bytes of base64 that may stand on several lines.
fn decoded(node: Node<'_>, reading: &mut Reading) -> Option<Vec<u8>> {
    let text: String = reading.text(node)?.split_ascii_whitespace().collect();
    match STANDARD.decode(text) {
        Ok(bytes) if bytes.len() <= REQUEST_BYTES_MAX => Some(bytes),
        Ok(_) => {
            let message = format!("more than {REQUEST_BYTES_MAX} bytes");
            reading.problem(node.error("too-long", message));
            None
        }
        Err(problem) => {
            reading.problem(node.error("bad-base64", problem.to_string()));
            None
        }
    }
}
