//! `JS_DECODE_EXT`: like `JS_DECODE`, but sparing Windows paths: of the escapes by a single byte only `\\`, `\/`, `\'` and
//! `\"` are decoded, so that `C:\new\default` stays. `\uHHHH`, `\xHH` and octal escapes are decoded as there.
//!
//! Not confirmed against AWS itself: that octal escapes are decoded, which costs a path such as `C:\101` its look.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", JS decode extension.

use super::Growth;
use super::script_escape::decode;

pub(super) const GROWTH: Growth = Growth::None;

pub(super) use super::script_escape::touches;

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    decode(input, out, |after| matches!(after, b'\\' | b'/' | b'\'' | b'"').then_some(after));
}
