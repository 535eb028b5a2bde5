//! `URL_DECODE_UNI`: like `URL_DECODE`, and `%uHHHH` as Microsoft's servers take it: full-width ASCII (FF01 to FF5E) as
//! its plain form, otherwise the low byte. ModSecurity may map further characters by a table, which AWS does not.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", URL decode uni; ModSecurity Reference Manual,
//! `urlDecodeUni`.

use super::Growth;

pub(super) const GROWTH: Growth = Growth::None;

pub(super) use super::percent::{decode_unicode_narrow as write, touches};
