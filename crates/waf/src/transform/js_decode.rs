//! `JS_DECODE`: escapes of JavaScript strings to characters. `\uHHHH` gives one byte, the low one (full-width ASCII, FF01
//! to FF5E, its plain form); `\xHH` and octal escapes up to `\377` their byte; `\a \b \f \n \r \t \v` the control
//! character. Before any other byte the backslash vanishes; at the end it stays.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", JS decode; ModSecurity Reference Manual, `jsDecode`.

use super::Growth;
use super::script_escape::{control, decode};

pub(super) const GROWTH: Growth = Growth::None;

pub(super) use super::script_escape::touches;

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    decode(input, out, |after| Some(control(after).unwrap_or(after)));
}
