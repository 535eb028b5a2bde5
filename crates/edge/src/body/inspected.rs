//! What of a body inspection sees: its first bytes, content codings undone.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use super::Codings;
use super::coding::Decoded;

/// Content codings undone one after another, where no setting says otherwise.
const CODINGS_MAX: usize = 2;

/// The part of a body that is inspected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected<'a> {
    /// The bytes.
    pub bytes: Cow<'a, [u8]>,
    /// Whether there is more of the body, or more in it than could be decoded.
    pub truncated: bool,
    /// Whether the body does not decode as its `Content-Encoding` says, so that it is inspected as it came.
    pub undecodable: bool,
}

/// Takes the inspected part of a whole body, whose `Content-Encoding` is `coding`, as the proxy would.
///
/// # Limits
///
/// Yields at most `bytes_max` bytes, and decodes no more than it takes to get them.
#[must_use]
pub fn inspect<'a>(body: &'a [u8], coding: Option<&[u8]>, bytes_max: usize) -> Inspected<'a> {
    let mut headers = HeaderMap::new();
    if let Some(value) = coding.and_then(|coding| http::HeaderValue::from_bytes(coding).ok()) {
        headers.insert(CONTENT_ENCODING, value);
    }
    let mut decoded = Vec::new();
    let codings = Codings::of(&headers, CODINGS_MAX);
    let (bytes, truncated, undecodable) = inspect_held(body, true, &codings, bytes_max, &mut decoded);
    let bytes = match bytes {
        Part::Raw(bytes) => Cow::Borrowed(bytes),
        Part::Decoded => Cow::Owned(decoded),
    };
    Inspected { bytes, truncated, undecodable }
}

/// Which bytes are inspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// These, as they came.
    Raw(&'a [u8]),
    /// Those in the buffer for decoded bytes.
    Decoded,
}

/// Takes the inspected part of the first bytes of a body; `whole` says that there are no others. Returns the part, whether
/// there is more, and whether decoding failed.
pub(crate) fn inspect_held<'a>(
    held: &'a [u8],
    whole: bool,
    codings: &Codings,
    bytes_max: usize,
    decoded: &mut Vec<u8>,
) -> (Part<'a>, bool, bool) {
    let raw = Part::Raw(&held[..held.len().min(bytes_max)]);
    let raw_truncated = !whole || held.len() > bytes_max;
    match codings {
        Codings::Identity => (raw, raw_truncated, false),
        _ if held.is_empty() => (raw, raw_truncated, false),
        // What cannot be read is more than is inspected: rules that ask for it can act on that.
        Codings::Opaque => (raw, true, true),
        Codings::Known(known) => {
            let outcome = known.decode(held, whole, bytes_max, decoded);
            let truncated = !whole || outcome != Decoded::Whole;
            (Part::Decoded, truncated, outcome == Decoded::Broken)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_body_is_cut_and_borrowed() {
        let inspected = inspect(b"abcdef", None, 4);
        assert_eq!(inspected, Inspected { bytes: Cow::Borrowed(b"abcd"), truncated: true, undecodable: false });
    }

    #[test]
    fn what_does_not_decode_is_flagged() {
        let inspected = inspect(b"abcdef", Some(b"gzip"), 100);
        assert_eq!((inspected.bytes.as_ref(), inspected.undecodable), (b"abcdef".as_slice(), true));
        let inspected = inspect(b"abcdef", Some(b"zstd"), 100);
        assert_eq!((inspected.bytes.as_ref(), inspected.undecodable), (b"abcdef".as_slice(), true));
    }
}
