//! Cookies as they stand in the Cookie header fields.

use memchr::memchr;

use crate::Request;

/// The cookies of a request: name and value. A piece without `=` is a cookie without value.
///
/// Source: RFC 6265 section 4.2.1.
pub(crate) fn cookies<'a>(request: &Request<'a>) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
    request
        .headers
        .iter()
        .filter(|header| header.is("cookie"))
        .flat_map(|header| header.value.split(|&byte| byte == b';'))
        .map(<[u8]>::trim_ascii)
        .filter(|piece| !piece.is_empty())
        .map(|piece| match memchr(b'=', piece) {
            Some(equals) => (&piece[..equals], &piece[equals + 1..]),
            None => (piece, &piece[piece.len()..]),
        })
}
