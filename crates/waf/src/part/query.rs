//! Query arguments as they stand in the query string, undecoded.

use memchr::memchr;

/// The arguments of a query string: raw name and raw value, empty pieces (`&&`) left out.
pub(crate) fn arguments(query: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    query.split(|&byte| byte == b'&').filter(|piece| !piece.is_empty()).map(|piece| match memchr(b'=', piece) {
        Some(equals) => (&piece[..equals], &piece[equals + 1..]),
        None => (piece, &piece[piece.len()..]),
    })
}
