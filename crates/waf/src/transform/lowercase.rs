//! `LOWERCASE`: ASCII upper case to lower case.
//!
//! Source: AWS WAF Developer Guide, "Text transformations in AWS WAF": converts uppercase letters (A-Z) to lowercase.

use super::Outcome;

pub(super) fn apply(input: &[u8], out: &mut Vec<u8>) -> Outcome {
    if !input.iter().any(u8::is_ascii_uppercase) {
        return Outcome::Unchanged;
    }
    out.extend(input.iter().map(u8::to_ascii_lowercase));
    Outcome::Changed
}
