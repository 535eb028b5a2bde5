//! `parityZero7bit`: the eighth bit of each byte cleared.
//!
//! # Limits
//! The output is as long as the input.
//!
//! Source: ModSecurity Reference Manual, `parityZero7bit`.

use super::Growth;

pub(super) const GROWTH: Growth = Growth::None;

pub(super) fn touches(input: &[u8]) -> bool {
    !input.is_ascii()
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    out.extend(input.iter().map(|&byte| byte & 0x7f));
}
