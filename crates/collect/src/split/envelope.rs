//! What CloudWatch Logs sends to those who subscribe to a log group: one JSON object around the log events of a stream, whose messages
//! are the records. Objects stand one after another in what Firehose writes to S3, without a line feed between them.
//!
//! Source: Amazon CloudWatch Logs User Guide, "Log group-level subscription filters".

use std::borrow::Cow;

use serde::Deserialize;

/// Bytes of a document that are looked at to tell.
pub(super) const BEGINNING_BYTES: usize = 64;

/// What the first member may be called: whoever passes it on may sort them.
const FIRST_MEMBERS: [&[u8]; 6] =
    [b"\"messageType\"", b"\"owner\"", b"\"logGroup\"", b"\"logStream\"", b"\"logEvents\"", b"\"subscriptionFilters\""];

/// The byte order mark, in UTF-8.
const MARK: &[u8] = "\u{feff}".as_bytes();

#[derive(Deserialize)]
struct Envelope<'e> {
    #[serde(rename = "messageType", borrow)]
    kind: Cow<'e, str>,
    #[serde(rename = "logEvents", borrow)]
    events: Vec<LogEvent<'e>>,
}

#[derive(Deserialize)]
struct LogEvent<'e> {
    #[serde(borrow)]
    message: Cow<'e, str>,
}

/// Whether a document that begins so may be of such objects; `None` as long as more of it must be seen.
pub(super) fn may_be(beginning: &[u8]) -> Option<bool> {
    if MARK.starts_with(beginning) {
        return None;
    }
    let beginning = without_mark(beginning);
    let Some(object) = beginning.trim_ascii_start().strip_prefix(b"{") else {
        return if beginning.trim_ascii_start().is_empty() { None } else { Some(false) };
    };
    let name = object.trim_ascii_start();
    if FIRST_MEMBERS.iter().any(|member| name.starts_with(member)) {
        return Some(true);
    }
    if FIRST_MEMBERS.iter().any(|member| member.starts_with(name)) { None } else { Some(false) }
}

/// Gives the messages of an object; says whether it is one that has them. What CloudWatch Logs tells of itself has none.
pub(super) fn messages(object: &[u8], mut give: impl FnMut(&[u8])) -> bool {
    match serde_json::from_slice::<Envelope<'_>>(object) {
        Ok(envelope) if envelope.kind == "DATA_MESSAGE" => {
            envelope.events.iter().for_each(|event| give(event.message.as_bytes()));
            true
        }
        _ => false,
    }
}

/// A document without the mark that some programs begin a file with.
pub(super) fn without_mark(document: &[u8]) -> &[u8] {
    document.strip_prefix(MARK).unwrap_or(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_tells_as_soon_as_it_can() {
        for (beginning, may) in [
            (&b""[..], None),
            (b" \n{", None),
            (b"\xef\xbb", None),
            (b"\xef\xbb\xbf{", None),
            (b"{ \"mess", None),
            (b"{\"messageType\"", Some(true)),
            (b"{\n \"owner\": 1", Some(true)),
            (b"{\"owners\"", Some(false)),
            (b"{\"eventVersion\"", Some(false)),
            (b"2 123456789012 eni-1", Some(false)),
        ] {
            assert_eq!(may_be(beginning), may, "{}", beginning.escape_ascii());
        }
    }
}
