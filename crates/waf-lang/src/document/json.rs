//! Strict JSON with places.
//!
//! Slips whose meaning is plain (a comment, a comma too many or too few, a bad escape, a repeated key) are reported and
//! stepped over, so that one run shows them all; anything else ends the reading.
//!
//! Source: RFC 8259. Our own for the reasons in `docs/adr/005-json-with-places.md`.

use std::ops::Range;

use sekisho_model::{Diagnostic, SourceFile};

use super::{DEPTH_MAX, Entry, Kind, Value, without_duplicates};
use crate::report::{Report, quoted};

/// Reads the whole text; none if it could not be read to its end.
pub(super) fn read(file: &SourceFile, report: &mut Report) -> Option<Value> {
    let text = file.text();
    let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut reader = Reader { file, text, at, depth: 0, report };
    reader.document().ok()
}

/// The problem is reported and the reading cannot go on.
struct Stop;

struct Reader<'a> {
    file: &'a SourceFile,
    text: &'a str,
    at: usize,
    depth: usize,
    report: &'a mut Report,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<Value, Stop> {
        self.blank();
        let value = self.value()?;
        self.blank();
        if self.at < self.text.len() {
            return Err(self.stop(self.here(), "trailing-text", "expected the end of the file after the document"));
        }
        Ok(value)
    }

    fn value(&mut self) -> Result<Value, Stop> {
        let start = self.at;
        let kind = match self.peek() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'"') => Kind::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(byte) if byte.is_ascii_alphabetic() => self.word(),
            Some(_) => return Err(self.stop(self.here(), "expected-value", "expected a value")),
            None => return Err(self.stop(self.here(), "unexpected-end", "the file ends where a value is expected")),
        };
        Ok(Value { range: start..self.at, kind })
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Kind, Stop>) -> Result<Kind, Stop> {
        if self.depth == DEPTH_MAX {
            let message = format!("nested deeper than {DEPTH_MAX} levels");
            return Err(self.stop(self.here(), "nested-too-deep", message));
        }
        self.depth += 1;
        let kind = read(self);
        self.depth -= 1;
        kind
    }

    fn object(&mut self) -> Result<Kind, Stop> {
        let open = self.at;
        self.at += 1;
        let mut entries = Vec::new();
        let mut comma = None;
        loop {
            self.blank();
            match self.peek() {
                Some(b'}') => break,
                Some(b'"') => entries.push(self.entry()?),
                None => return Err(self.stop(open..open + 1, "not-closed", "this object is not closed")),
                Some(_) => {
                    return Err(self.stop(self.here(), "expected-key", "expected a key in double quotes, or `}`"));
                }
            }
            comma = self.separator(open, b'}')?;
            if comma.is_none() && self.peek() == Some(b'}') {
                break;
            }
        }
        self.close(comma);
        Ok(Kind::Object(without_duplicates(self.file, entries, self.report)))
    }

    fn entry(&mut self) -> Result<Entry, Stop> {
        let start = self.at;
        let key = self.string()?;
        let key_range = start..self.at;
        self.blank();
        if self.peek() != Some(b':') {
            return Err(self.stop(self.here(), "expected-colon", "expected `:` after the key"));
        }
        self.at += 1;
        self.blank();
        Ok(Entry { key, key_range, value: self.value()? })
    }

    fn array(&mut self) -> Result<Kind, Stop> {
        let open = self.at;
        self.at += 1;
        let mut values = Vec::new();
        let mut comma = None;
        loop {
            self.blank();
            match self.peek() {
                Some(b']') => break,
                None => return Err(self.stop(open..open + 1, "not-closed", "this array is not closed")),
                Some(_) => values.push(self.value()?),
            }
            comma = self.separator(open, b']')?;
            if comma.is_none() && self.peek() == Some(b']') {
                break;
            }
        }
        self.close(comma);
        Ok(Kind::Array(values))
    }

    /// Steps over the closing bracket, and reports the comma before it if there was one.
    fn close(&mut self, comma: Option<usize>) {
        if let Some(comma) = comma {
            self.report.error(
                self.file,
                comma..comma + 1,
                "trailing-comma",
                "a comma stands before the closing bracket",
            );
        }
        self.at += 1;
    }

    /// Steps over the comma between two members and gives its place; none before the closing bracket.
    fn separator(&mut self, open: usize, closing: u8) -> Result<Option<usize>, Stop> {
        let end_of_member = self.at;
        self.blank();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Ok(Some(self.at - 1))
            }
            Some(byte) if byte == closing => Ok(None),
            None => Err(self.stop(open..open + 1, "not-closed", "this bracket is not closed")),
            Some(b'"' | b'{' | b'[' | b'-' | b'0'..=b'9') => {
                let place = end_of_member..end_of_member;
                self.report
                    .push(Diagnostic::error("missing-comma", "expected a comma after this value").at(self.file, place));
                Ok(None)
            }
            Some(_) => {
                let message = format!("expected `,` or `{}`", char::from(closing));
                Err(self.stop(self.here(), "expected-comma", message))
            }
        }
    }

    fn string(&mut self) -> Result<String, Stop> {
        let start = self.at;
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.find(|c: char| c == '"' || c == '\\' || c < ' ').unwrap_or(rest.len());
            out.push_str(&rest[..plain]);
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => self.escape(&mut out),
                Some(b'\n' | b'\r') | None => {
                    return Err(self.stop(start..self.at, "not-closed", "this string is not closed on its line"));
                }
                Some(control) => {
                    let message = format!("the control character U+{control:04X} must be escaped");
                    self.report.error(self.file, self.here(), "control-character", message);
                    out.push(char::from(control));
                    self.at += 1;
                }
            }
        }
    }

    /// Steps over one escape, at the backslash; a bad one is reported and stands for U+FFFD.
    fn escape(&mut self, out: &mut String) {
        let start = self.at;
        let escaped = self.text.as_bytes().get(self.at + 1).copied();
        self.at += 2;
        let plain = match escaped {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => match self.code_point() {
                Some(found) => found,
                None => self.bad_escape(start, "expected a Unicode character in four hexadecimal digits"),
            },
            _ => {
                // Only the backslash is stepped over: what follows may be the end, or part of a longer character.
                self.at = start + 1;
                self.bad_escape(start, "no such escape")
            }
        };
        out.push(plain);
    }

    fn bad_escape(&mut self, start: usize, message: &str) -> char {
        let end = self.text.ceil_char_boundary((start + 2).max(self.at));
        self.report.push(
            Diagnostic::error("bad-escape", message)
                .at(self.file, start..end)
                .help("a backslash itself is written `\\\\`"),
        );
        char::REPLACEMENT_CHARACTER
    }

    /// The character of `\uXXXX`, after the `u`; a pair of surrogates is one character.
    fn code_point(&mut self) -> Option<char> {
        let first = self.four_digits()?;
        if !(0xD800..0xDC00).contains(&first) {
            return char::from_u32(first);
        }
        let second_start = self.at;
        if self.text[self.at..].starts_with("\\u") {
            self.at += 2;
            if let Some(second @ 0xDC00..0xE000) = self.four_digits() {
                return char::from_u32(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00));
            }
        }
        self.at = second_start;
        None
    }

    fn four_digits(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    fn number(&mut self) -> Kind {
        let start = self.at;
        let written = self.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
        if is_number(written.as_bytes()) {
            return Kind::Number(written.to_owned());
        }
        let message = format!("{} is not a JSON number", quoted(written));
        self.report.error(self.file, start..self.at, "bad-number", message);
        Kind::Invalid
    }

    fn word(&mut self) -> Kind {
        let start = self.at;
        match self.take_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            "null" => Kind::Null,
            word => {
                let message = format!("{} is no JSON value", quoted(word));
                let diagnostic = Diagnostic::error("bare-word", message).at(self.file, start..self.at);
                self.report.push(diagnostic.help("strings stand in double quotes"));
                Kind::Invalid
            }
        }
    }

    /// Steps over white space, and over comments, which it reports.
    fn blank(&mut self) {
        loop {
            self.take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
            let rest = &self.text[self.at..];
            let end = if rest.starts_with("//") {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                rest.find("*/").map_or(rest.len(), |end| end + 2)
            } else {
                return;
            };
            self.report.error(self.file, self.at..self.at + end, "comment", "JSON has no comments");
            self.at += end;
        }
    }

    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &str {
        let start = self.at;
        let rest = &self.text.as_bytes()[start..];
        self.at += rest.iter().position(|&byte| !wanted(byte)).unwrap_or(rest.len());
        &self.text[start..self.at]
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next character.
    fn here(&self) -> Range<usize> {
        self.at..self.at + self.text[self.at..].chars().next().map_or(0, char::len_utf8)
    }

    fn stop(&mut self, range: Range<usize>, code: &'static str, message: impl Into<String>) -> Stop {
        self.report.error(self.file, range, code, message);
        Stop
    }
}

/// Whether this is a number by RFC 8259, section 6.
fn is_number(text: &[u8]) -> bool {
    fn digits(text: &[u8]) -> Option<&[u8]> {
        let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
        (end > 0).then(|| &text[end..])
    }
    fn parse(text: &[u8]) -> Option<&[u8]> {
        let text = text.strip_prefix(b"-").unwrap_or(text);
        let mut rest = match text {
            [b'0', rest @ ..] => rest,
            _ => digits(text)?,
        };
        if let [b'.', fraction @ ..] = rest {
            rest = digits(fraction)?;
        }
        if let [b'e' | b'E', exponent @ ..] = rest {
            rest = digits(exponent.strip_prefix(b"+").or(exponent.strip_prefix(b"-")).unwrap_or(exponent))?;
        }
        Some(rest)
    }
    parse(text).is_some_and(<[u8]>::is_empty)
}
