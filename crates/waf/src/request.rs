//! The request as the engine sees it: borrowed bytes, exactly as received.
//!
//! Nothing here is decoded. Views that need parsing (query arguments, cookies, body values) are computed on demand,
//! once, by the evaluator.

use std::net::IpAddr;

/// One request, borrowed from whoever received it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method, such as `GET`.
    pub method: &'a [u8],
    /// The raw path: the request target up to `?` or `#`.
    pub path: &'a [u8],
    /// The raw query string after `?`, without it; empty if there is none.
    pub query: &'a [u8],
    /// The fragment after `#`, without it, if the client sent one.
    pub fragment: Option<&'a [u8]>,
    /// The protocol version, such as `HTTP/1.1` or `HTTP/2.0`.
    pub version: &'a [u8],
    /// `http` or `https`, as the client spoke it.
    pub scheme: &'a str,
    /// Header fields in wire order, names as received (HTTP/2 names are lowercase).
    pub headers: &'a [Header<'a>],
    /// The body as far as it is inspected.
    pub body: Body<'a>,
    /// Who sent it.
    pub client: Client<'a>,
}

impl<'a> Request<'a> {
    /// The value of the first header field called `name` (any case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.headers.iter().find(|header| header.is(name)).map(|header| header.value)
    }
}

/// One header field line.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    /// The name as received.
    pub name: &'a [u8],
    /// The value without surrounding white space.
    pub value: &'a [u8],
}

impl Header<'_> {
    /// Whether this is the field called `name`, whatever the case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// The inspected part of a body: its first bytes, decompressed if it came compressed.
#[derive(Debug, Clone, Copy)]
pub struct Body<'a> {
    /// The bytes inspected; empty if the request has no body.
    pub bytes: &'a [u8],
    /// Size of the body as sent.
    pub size: BodySize,
    /// Whether there is more body than `bytes` (the body is oversize for inspection).
    pub truncated: bool,
}

impl Body<'_> {
    /// No body.
    pub const EMPTY: Body<'static> = Body { bytes: b"", size: BodySize::Exact(0), truncated: false };
}

/// How large a body is, in bytes on the wire (before decompression).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodySize {
    /// Declared by the client or read to the end.
    Exact(u64),
    /// Still arriving: at least this much.
    AtLeast(u64),
}

/// The client as the edge determined it.
#[derive(Debug, Clone, Copy)]
pub struct Client<'a> {
    /// Its address (through trusted proxies, the one they report).
    pub ip: IpAddr,
    /// The country given from outside (`--country`), instead of a look-up: two letters, ISO 3166-1.
    pub country: Option<&'a str>,
    /// The autonomous system given from outside (`--asn`), instead of a look-up.
    pub asn: Option<u32>,
    /// JA3 fingerprint of its TLS ClientHello: 32 hex digits.
    pub ja3: Option<&'a str>,
    /// JA4 fingerprint of its TLS ClientHello: 36 characters.
    pub ja4: Option<&'a str>,
}
