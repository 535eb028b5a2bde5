//! Regular expressions over bytes, in linear time.
//!
//! A pattern means bytes unless it names a character beyond ASCII or a Unicode class; then it means UTF-8. Source: AWS WAF
//! Developer Guide, "Regex match rule statement"; the syntax is that of the crate `regex`, without look-around and
//! back-references, which no linear-time engine has.

use std::borrow::Cow;

use regex_automata::meta::{BuildError, Config, Regex};
use regex_automata::util::syntax;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::Hir;

/// Parses a pattern as the engine will read it.
///
/// # Errors
///
/// If it is not a regular expression of the supported syntax; the error names the place.
pub fn parse(pattern: &str) -> Result<Hir, Box<regex_syntax::Error>> {
    let unicode = is_unicode(pattern);
    ParserBuilder::new().unicode(unicode).utf8(false).build().parse(&in_bytes(pattern, unicode)).map_err(Box::new)
}

/// Builds a pattern.
///
/// # Errors
///
/// If it is not a regular expression, or takes more than `bytes_max` bytes.
pub(crate) fn build(pattern: &str, bytes_max: usize) -> Result<Regex, Box<BuildError>> {
    let unicode = is_unicode(pattern);
    Regex::builder()
        .syntax(syntax::Config::new().unicode(unicode).utf8(false))
        .configure(Config::new().utf8_empty(false).nfa_size_limit(Some(bytes_max)))
        .build(&in_bytes(pattern, unicode))
        .map_err(Box::new)
}

fn is_unicode(pattern: &str) -> bool {
    !pattern.is_ascii() || pattern.contains(r"\p") || pattern.contains(r"\P") || has_wide_escape(pattern)
}

/// Writes `\x{c2}` as `\xc2`: where a pattern means bytes the former must too, but the parser takes it for a character.
fn in_bytes(pattern: &str, unicode: bool) -> Cow<'_, str> {
    if unicode || !pattern.contains(r"\x{") {
        return Cow::Borrowed(pattern);
    }
    let mut written = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        written.push_str(before);
        let digits = escape.strip_prefix(r"\x{").and_then(|text| Some(text.split_once('}')?.0));
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok().map(|byte| (digits, byte))) {
            Some((digits, byte)) => {
                written.push_str(&format!(r"\x{byte:02x}"));
                rest = &escape[digits.len() + 4..];
            }
            None => {
                let length = escape.chars().take(2).map(char::len_utf8).sum();
                written.push_str(&escape[..length]);
                rest = &escape[length..];
            }
        }
    }
    written.push_str(rest);
    Cow::Owned(written)
}

/// Whether a `\x{…}` or `\u` escape names a code point above 255.
fn has_wide_escape(pattern: &str) -> bool {
    pattern.contains(r"\u")
        || pattern.split(r"\x{").skip(1).any(|rest| {
            let digits = rest.split('}').next().unwrap_or_default();
            u32::from_str_radix(digits.trim(), 16).is_ok_and(|code| code > 0xff)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(pattern: &str, value: &[u8]) -> bool {
        build(pattern, 1 << 20).unwrap().is_match(value)
    }

    #[test]
    fn means_bytes_unless_it_names_characters() {
        assert!(finds(r"a.b", b"a\xffb"));
        assert!(finds(r"\xff", b"\xff"));
        assert!(finds(r"^\x{c2}[\x{a0}-\x{a2}]$", b"\xc2\xa1"));
        assert!(finds(r"^\\x{2}$", b"\\xx"));
        assert!(finds(r"^\x{65e5}$", "日".as_bytes()));
        assert!(finds("契約", "ご契約".as_bytes()));
        assert!(finds(r"^\p{Han}+$", "契約".as_bytes()));
        assert!(!finds(r"^\p{Han}+$", b"\xff"));
        assert!(finds(r"(?i)select", b"sElEcT"));
        assert!(!finds(r"(?i)k", "\u{212a}".as_bytes()));
    }

    #[test]
    fn refuses_what_cannot_be_linear() {
        for pattern in [r"(?=a)", r"(?<!a)b", r"(a)\1"] {
            assert!(parse(pattern).is_err(), "{pattern}");
        }
    }
}
