//! The tables: `vectors/malformed.json` and `vectors/wellformed.json`, and what the framer makes of bytes.
//!
//! A request is a list of parts: a string, each of whose characters is one octet, or one to be repeated.

use sekisho_edge::http1::{Framer, Head, HeadIndex, Limits, Malformed, Step};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MalformedVector {
    pub(crate) name: String,
    request: Vec<Part>,
    pub(crate) status: u16,
    pub(crate) reason: String,
    #[serde(rename = "where")]
    pub(crate) place: Place,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WellformedVector {
    pub(crate) name: String,
    request: Vec<Part>,
    bodies: Vec<String>,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Place {
    Head,
    Body,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Part {
    Once(String),
    Repeated { repeat: String, times: usize },
}

impl MalformedVector {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        join(&self.request)
    }
}

impl WellformedVector {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        join(&self.request)
    }

    pub(crate) fn bodies(&self) -> Vec<Vec<u8>> {
        self.bodies.iter().map(|body| octets(body)).collect()
    }
}

pub(crate) fn malformed() -> Vec<MalformedVector> {
    serde_json::from_str(include_str!("../vectors/malformed.json")).unwrap()
}

pub(crate) fn wellformed() -> Vec<WellformedVector> {
    serde_json::from_str(include_str!("../vectors/wellformed.json")).unwrap()
}

fn join(parts: &[Part]) -> Vec<u8> {
    let part = |part: &Part| match part {
        Part::Once(text) => octets(text),
        Part::Repeated { repeat, times } => octets(repeat).repeat(*times),
    };
    parts.iter().flat_map(part).collect()
}

fn octets(text: &str) -> Vec<u8> {
    text.chars().map(|octet| u8::try_from(octet).expect("one character, one octet")).collect()
}

/// A request the framer let pass.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Passed {
    pub(crate) head: Vec<u8>,
    pub(crate) index: HeadIndex,
    /// The body with its framing, once it is complete.
    pub(crate) body: Option<Vec<u8>>,
}

/// What the framer made of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Outcome {
    pub(crate) passed: Vec<Passed>,
    pub(crate) refused: Option<Malformed>,
}

/// Feeds `pieces` one after the other, as a connection would bring them.
pub(crate) fn frame<'a>(limits: Limits, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut framer = Framer::new(limits);
    let mut held = Vec::new();
    let mut outcome = Outcome::default();
    let mut body = Vec::new();
    for piece in pieces {
        held.extend_from_slice(piece);
        loop {
            let step = match framer.step(&held) {
                Ok(step) => step,
                Err(reason) => {
                    outcome.refused = Some(reason);
                    return outcome;
                }
            };
            let taken = match step {
                Step::More | Step::Closed | Step::AwaitUpgrade => break,
                Step::Drop { bytes } | Step::Tunnel { bytes } => bytes,
                Step::Head { bytes } => {
                    let index = framer.take_index(HeadIndex::default());
                    let body = (!framer.is_in_body()).then(Vec::new);
                    outcome.passed.push(Passed { head: held[..bytes].to_vec(), index, body });
                    bytes
                }
                Step::Body { bytes, ends } => {
                    assert!(bytes > 0, "a step makes progress");
                    body.extend_from_slice(&held[..bytes]);
                    if ends {
                        outcome.passed.last_mut().unwrap().body = Some(std::mem::take(&mut body));
                    }
                    bytes
                }
            };
            held.drain(..taken);
        }
    }
    outcome
}

/// The content of a complete chunked body, read as naively as can be.
pub(crate) fn join_chunks(mut bytes: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    loop {
        let line_end = bytes.windows(2).position(|pair| pair == b"\r\n").unwrap();
        let digits = bytes[..line_end].split(|octet| *octet == b';').next().unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap();
        if size == 0 {
            return content;
        }
        content.extend_from_slice(&bytes[line_end + 2..][..size]);
        bytes = &bytes[line_end + 2 + size + 2..];
    }
}

/// The text of a head's fields, for comparison.
pub(crate) fn fields(head: &Head) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    head.fields().map(|(name, value)| (text(name), text(value))).collect()
}
