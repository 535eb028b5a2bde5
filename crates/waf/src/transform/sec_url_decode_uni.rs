//! `urlDecodeUni`: like `URL_DECODE_UNI`, and a code unit of `%uHHHH` that the [`UnicodeMap`] knows gives the byte it fits
//! best (`%u2019` a `'`). Without a map it is the same.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: ModSecurity Reference Manual, `urlDecodeUni`, `SecUnicodeMapFile`.

use super::full_width::narrow;
use super::percent::decode_unicode;
use super::{Growth, UnicodeMap, url_decode_uni};

pub(super) const GROWTH: Growth = Growth::None;

pub(super) use url_decode_uni::{touches, write};

/// [`write`] with a map.
pub(super) fn write_mapped(input: &[u8], out: &mut Vec<u8>, map: &UnicodeMap) {
    decode_unicode(input, out, |unit| map.best_fit(unit).unwrap_or_else(|| narrow(unit)));
}
