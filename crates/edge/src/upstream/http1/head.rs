//! The heads of HTTP/1.1 towards an origin: ours written, theirs read strictly.
//!
//! An origin is trusted more than a client, but not to frame badly: a response two parsers could end at different places
//! is refused, so that one client never gets another's bytes.
//!
//! Source: RFC 9112 sections 3, 4 and 6.3.

use std::mem::MaybeUninit;

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, request, response};

use super::Fault;
use crate::forward::lists;

/// Bytes of a response head; servers stop at 8 to 64 KB.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Fields of a response head.
const FIELDS_MAX: usize = 128;

/// How a request's body is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// There is none.
    Nothing,
    /// This many bytes.
    Length(u64),
    /// In chunks.
    Chunked,
}

/// How a response's body is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Received {
    /// This many bytes.
    Length(u64),
    /// In chunks.
    Chunked,
    /// Until the origin closes the connection.
    UntilClose,
}

/// A response head, and what follows it.
#[derive(Debug)]
pub(crate) struct ResponseHead {
    pub(crate) head: response::Parts,
    pub(crate) body: Received,
    /// Whether the connection may be used again after the body.
    pub(crate) persists: bool,
}

/// Writes a request head.
pub(crate) fn write(out: &mut BytesMut, head: &request::Parts, upgrade: Option<&HeaderValue>, body: Sent) {
    out.put_slice(head.method.as_str().as_bytes());
    out.put_u8(b' ');
    let target = match head.uri.authority() {
        Some(authority) if head.method == Method::CONNECT => authority.as_str(),
        _ => head.uri.path_and_query().map_or("/", |target| target.as_str()),
    };
    out.put_slice(target.as_bytes());
    out.put_slice(b" HTTP/1.1\r\n");
    for (name, value) in &head.headers {
        field(out, name, value.as_bytes());
    }
    if let Some(protocol) = upgrade {
        out.put_slice(b"connection: upgrade\r\nupgrade: ");
        out.put_slice(protocol.as_bytes());
        out.put_slice(b"\r\n");
    } else if head.headers.contains_key(http::header::TE) {
        out.put_slice(b"connection: te\r\n");
    }
    match body {
        Sent::Nothing if head.method == Method::POST || head.method == Method::PUT || head.method == Method::PATCH => {
            out.put_slice(b"content-length: 0\r\n");
        }
        Sent::Nothing => {}
        Sent::Length(length) => {
            out.put_slice(b"content-length: ");
            decimal(out, length);
            out.put_slice(b"\r\n");
        }
        Sent::Chunked => out.put_slice(b"transfer-encoding: chunked\r\n"),
    }
    out.put_slice(b"\r\n");
}

fn field(out: &mut BytesMut, name: &HeaderName, value: &[u8]) {
    // Framing is ours to say, whatever the client's head said.
    if *name == CONTENT_LENGTH || *name == TRANSFER_ENCODING {
        return;
    }
    out.reserve(name.as_str().len() + value.len() + 4);
    out.put_slice(name.as_str().as_bytes());
    out.put_slice(b": ");
    out.put_slice(value);
    out.put_slice(b"\r\n");
}

fn decimal(out: &mut BytesMut, mut number: u64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(number % 10).expect("a digit");
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.put_slice(&digits[at..]);
}

/// Reads a response head off the front of `buffer`; none while it is not whole.
///
/// # Errors
///
/// If the bytes are no well-formed head, or one too large.
pub(crate) fn read(buffer: &mut BytesMut, method: &Method) -> Result<Option<ResponseHead>, Fault> {
    let Some(length) = end(buffer) else {
        return if buffer.len() < HEAD_BYTES_MAX { Ok(None) } else { Err(Fault::Malformed("response head too large")) };
    };
    if length > HEAD_BYTES_MAX {
        return Err(Fault::Malformed("response head too large"));
    }
    let bytes = buffer.split_to(length).freeze();
    let mut fields = [const { MaybeUninit::uninit() }; FIELDS_MAX];
    let mut parsed = httparse::Response::new(&mut []);
    match httparse::ParserConfig::default().parse_response_with_uninit_headers(&mut parsed, &bytes, &mut fields) {
        Ok(httparse::Status::Complete(parsed)) if parsed == length => {}
        Err(httparse::Error::TooManyHeaders) => return Err(Fault::Malformed("response head too large")),
        _ => return Err(Fault::Malformed("response head is not HTTP/1.1")),
    }
    let code = parsed.code.unwrap_or_default();
    let status = StatusCode::from_u16(code).map_err(|_| Fault::Malformed("status code out of range"))?;
    let version = if parsed.version == Some(1) { Version::HTTP_11 } else { Version::HTTP_10 };
    let headers = collect(&bytes, parsed.headers)?;
    let body = framing(&headers, status, version, method)?;
    let persists = body != Received::UntilClose && persists(&headers, version);
    let (mut head, ()) = http::Response::new(()).into_parts();
    head.status = status;
    head.headers = headers;
    Ok(Some(ResponseHead { head, body, persists }))
}

/// Where a head ends: after its first empty line.
fn end(buffer: &[u8]) -> Option<usize> {
    let ends = memchr::memchr_iter(b'\n', buffer);
    ends.map(|at| at + 1).find_map(|next| match buffer.get(next..)? {
        [b'\n', ..] => Some(next + 1),
        [b'\r', b'\n', ..] => Some(next + 2),
        _ => None,
    })
}

/// The fields, their values lent from the bytes of the head.
fn collect(bytes: &Bytes, fields: &[httparse::Header<'_>]) -> Result<HeaderMap, Fault> {
    let mut headers = HeaderMap::with_capacity(fields.len());
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| Fault::Malformed("field name"))?;
        let value = HeaderValue::from_maybe_shared(bytes.slice_ref(field.value))
            .map_err(|_| Fault::Malformed("field value"))?;
        headers.append(name, value);
    }
    Ok(headers)
}

fn framing(headers: &HeaderMap, status: StatusCode, version: Version, method: &Method) -> Result<Received, Fault> {
    let length = content_length(headers)?;
    let chunked = transfer_coding(headers, version)?;
    if chunked && length.is_some() {
        return Err(Fault::Malformed("content-length beside transfer-encoding"));
    }
    let bodiless = method == Method::HEAD
        || status.is_informational()
        || status == StatusCode::NO_CONTENT
        || status == StatusCode::NOT_MODIFIED;
    Ok(match length {
        _ if bodiless => Received::Length(0),
        _ if chunked => Received::Chunked,
        Some(length) => Received::Length(length),
        None => Received::UntilClose,
    })
}

fn content_length(headers: &HeaderMap) -> Result<Option<u64>, Fault> {
    let mut length = None;
    for value in headers.get_all(CONTENT_LENGTH) {
        let digits = value.as_bytes();
        let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
        let number = plain.then(|| value.to_str().ok()?.parse::<u64>().ok()).flatten();
        let number = number.ok_or(Fault::Malformed("content-length is no number"))?;
        if length.is_some_and(|before| before != number) {
            return Err(Fault::Malformed("two content-lengths"));
        }
        length = Some(number);
    }
    Ok(length)
}

/// Whether the body is chunked. Any other coding is one we did not ask for.
fn transfer_coding(headers: &HeaderMap, version: Version) -> Result<bool, Fault> {
    let mut values = headers.get_all(TRANSFER_ENCODING).iter();
    let Some(value) = values.next() else { return Ok(false) };
    let chunked = value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked") && values.next().is_none();
    if chunked && version == Version::HTTP_11 { Ok(true) } else { Err(Fault::Malformed("unknown transfer-encoding")) }
}

fn persists(headers: &HeaderMap, version: Version) -> bool {
    let says = |token| headers.get_all(CONNECTION).iter().any(|value| lists(value, token));
    if version == Version::HTTP_11 { !says("close") } else { says("keep-alive") }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn response(bytes: &[u8], method: &Method) -> Result<Option<(u16, Received, bool, usize)>, Fault> {
        let mut buffer = BytesMut::from(bytes);
        let head = read(&mut buffer, method)?;
        Ok(head.map(|head| (head.head.status.as_u16(), head.body, head.persists, buffer.len())))
    }

    #[test]
    fn framing_follows_the_rules_of_message_body_length() {
        let get = |bytes: &str| response(bytes.as_bytes(), &Method::GET).unwrap().unwrap();
        assert_eq!(get("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc"), (200, Received::Length(3), true, 3));
        assert_eq!(get("HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n").1, Received::Chunked);
        assert_eq!(get("HTTP/1.1 200 OK\r\n\r\n"), (200, Received::UntilClose, false, 0));
        assert_eq!(get("HTTP/1.1 204 No\r\ncontent-length: 3\r\n\r\n").1, Received::Length(0));
        assert!(!get("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: x, Close\r\n\r\n").2);
        assert!(!get("HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n").2);
        assert!(get("HTTP/1.0 200 OK\r\ncontent-length: 0\r\nconnection: keep-alive\r\n\r\n").2);
        let head = response(b"HTTP/1.1 200 OK\r\ncontent-length: 30\r\n\r\n", &Method::HEAD).unwrap().unwrap();
        assert_eq!(head.1, Received::Length(0));
    }

    #[test]
    fn a_head_that_could_be_read_two_ways_is_refused() {
        for fields in [
            "content-length: 3\r\ncontent-length: 4",
            "content-length: +3",
            "content-length: 3, 3",
            "content-length: ",
            "content-length: 99999999999999999999",
            "content-length: 3\r\ntransfer-encoding: chunked",
            "transfer-encoding: gzip, chunked",
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
            "bad name: x",
            "name : x",
            "a: b\r\n folded",
        ] {
            let bytes = format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n");
            assert!(response(bytes.as_bytes(), &Method::GET).is_err(), "{fields}");
        }
        assert!(response(b"SSH-2.0-OpenSSH\r\n\r\n", &Method::GET).is_err());
        assert!(response(b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", &Method::GET).is_err());
        assert!(
            response(&[b"HTTP/1.1 200 OK\r\na: ".as_slice(), &[b'a'; HEAD_BYTES_MAX]].concat(), &Method::GET).is_err()
        );
        assert!(response(b"HTTP/1.1 200 OK\r\na: b\r\n", &Method::GET).unwrap().is_none());
    }

    #[test]
    fn framing_is_written_once_and_by_us() {
        let request = Request::post("/a?b").header("content-length", "9").header("x", "y").body(()).unwrap();
        let (head, ()) = request.into_parts();
        let mut out = BytesMut::new();
        write(&mut out, &head, None, Sent::Length(1_234_567));
        assert_eq!(out, "POST /a?b HTTP/1.1\r\nx: y\r\ncontent-length: 1234567\r\n\r\n");
        out.clear();
        write(&mut out, &head, None, Sent::Nothing);
        assert!(out.ends_with(b"content-length: 0\r\n\r\n"));
        out.clear();
        write(&mut out, &head, Some(&HeaderValue::from_static("websocket")), Sent::Chunked);
        assert!(out.ends_with(b"connection: upgrade\r\nupgrade: websocket\r\ntransfer-encoding: chunked\r\n\r\n"));
    }
}
