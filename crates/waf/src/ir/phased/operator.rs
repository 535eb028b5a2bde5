//! What a value is held against.

use super::Text;
use crate::AddressSet;
use crate::ir::Comparison;

/// What a value is held against.
#[derive(Debug, Clone)]
pub enum PhasedOperator {
    /// `@unconditionalMatch`.
    Always,
    /// `@noMatch`.
    Never,
    /// `@rx` and `@rxGlobal`: a regular expression over bytes, in PCRE's syntax as far as it can be run in linear time, or by
    /// backtracking where [`backtracking_steps_max`](super::PhasedSettings::backtracking_steps_max) allows that.
    Regex {
        /// As written.
        pattern: String,
        /// Whether all matches are captured, not only the first.
        global: bool,
    },
    /// The same with macros, known when a rule runs. What comes of the request is taken literally.
    RegexWithMacros {
        /// As written.
        pattern: Text,
        /// Whether all matches are captured, not only the first.
        global: bool,
    },
    /// `@pm`, `@pmFromFile`: any of these phrases, in any ASCII case.
    Phrases(Vec<Vec<u8>>),
    /// A literal or expanded text.
    Text {
        /// How it is compared.
        test: TextTest,
        /// What with.
        text: Text,
    },
    /// A number against a number. What is no number counts as the digits it begins with, or 0.
    Number {
        /// How it is compared: value, comparison, `than`.
        comparison: Comparison,
        /// What with.
        than: Text,
    },
    /// `@ipMatch`, `@ipMatchFromFile`.
    IpMatch(AddressSet),
    /// `@geoLookup`: fills `GEO` with what is known of an address; holds if anything is.
    GeoLookup,
    /// `@detectSQLi`.
    DetectSqli,
    /// `@detectXSS`.
    DetectXss,
    /// `@validateByteRange`: holds if a byte is *not* allowed.
    ByteRange(Box<[bool; 256]>),
    /// `@validateUrlEncoding`: holds if percent-encoding is broken.
    UrlEncoding,
    /// `@validateUtf8Encoding`: holds if the value is not UTF-8.
    Utf8Encoding,
    /// `@verifyCC`: a number found by the expression passes Luhn's check.
    VerifyCreditCard(String),
    /// `@verifyCPF`: the same for Brazilian taxpayers' numbers.
    VerifyCpf(String),
    /// `@verifySSN`: the same for United States social security numbers.
    VerifySsn(String),
    /// `@verifySVNR`: the same for Austrian social security numbers.
    VerifySvnr(String),
}

/// How a value is compared with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextTest {
    /// `@streq`: the value is the text.
    Equals,
    /// `@contains`: the text is in the value. `@strmatch` is the same.
    Contains,
    /// `@containsWord`: the same, at word boundaries.
    ContainsWord,
    /// `@beginsWith`: the value begins with the text.
    BeginsWith,
    /// `@endsWith`: the value ends with the text.
    EndsWith,
    /// `@within`: the value is in the text.
    Within,
}
