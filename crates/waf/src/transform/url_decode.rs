//! `URL_DECODE`: percent-encoding to bytes and `+` to a space, once. What is no valid encoding stays.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", URL decode; ModSecurity Reference Manual, `urlDecode`.

use super::Growth;

pub(super) const GROWTH: Growth = Growth::None;

pub(super) use super::percent::{decode as write, touches};
