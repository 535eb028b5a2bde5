//! The line an error log has for a rule that matched, in ModSecurity's form.
//!
//! Source: what libmodsecurity 3.0.9 writes.

use std::io::Write as _;

use super::Matched;
use crate::ir::Comparison;
use crate::ir::phased::{PhasedOperator, Text, TextTest};

/// Values and parameters are quoted up to this many bytes.
const VALUE_BYTES_MAX: usize = 100;
const PARAMETER_BYTES_MAX: usize = 200;

/// What of the transaction a line tells besides the match.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) host: &'a [u8],
    pub(super) uri: &'a [u8],
    pub(super) unique_id: &'a [u8],
}

/// Appends the line, without a line end.
pub(super) fn write_line(matched: &Matched<'_>, around: Around<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"ModSecurity: ");
    if let Some(status) = matched.stopped_with {
        add(out, format_args!("Access denied with code {status} (phase {}). ", matched.phase.number()));
    } else {
        out.extend_from_slice(b"Warning. ");
    }
    write_what(matched, out);
    let rule = matched.rule;
    let metadata = &rule.metadata;
    add(out, format_args!(" [file \"{}\"] [line \"{}\"] [id \"{}\"]", rule.place.file, rule.place.line, rule.id));
    field(out, "rev", metadata.revision.as_deref().unwrap_or_default().as_bytes());
    field(out, "msg", matched.message);
    field(out, "data", matched.log_data);
    add(out, format_args!(" [severity \"{}\"]", metadata.severity.unwrap_or(0)));
    field(out, "ver", metadata.version.as_deref().unwrap_or_default().as_bytes());
    add(out, format_args!(" [maturity \"{}\"]", metadata.maturity.unwrap_or(0)));
    add(out, format_args!(" [accuracy \"{}\"]", metadata.accuracy.unwrap_or(0)));
    for tag in matched.tags() {
        field(out, "tag", tag);
    }
    field(out, "hostname", around.host);
    field(out, "uri", around.uri);
    field(out, "unique_id", around.unique_id);
}

/// Appends what matched.
pub(super) fn write_what(matched: &Matched<'_>, out: &mut Vec<u8>) {
    let Some(test) = matched.rule.links.last().and_then(|link| link.test.as_ref()) else {
        return;
    };
    match test.operator {
        PhasedOperator::DetectSqli => return out.extend_from_slice(b"detected SQLi using libinjection."),
        PhasedOperator::DetectXss => return out.extend_from_slice(b"detected XSS using libinjection."),
        _ => {}
    }
    add(out, format_args!("Matched \"Operator `{}' with parameter `", name(&test.operator)));
    match matched.parameter {
        Some(parameter) => cut(out, parameter, PARAMETER_BYTES_MAX, printable),
        // What stands in a rule file passes for nothing else.
        None => cut(out, &parameter(&test.operator), PARAMETER_BYTES_MAX, |out, bytes| escaped(out, bytes, |_| false)),
    }
    out.extend_from_slice(b"' against variable `");
    printable(out, matched.variable);
    out.extend_from_slice(b"' (Value: `");
    cut(out, matched.value, VALUE_BYTES_MAX, printable);
    out.extend_from_slice(b"' )");
}

fn add(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("memory takes whatever is written");
}

fn field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    add(out, format_args!(" [{name} \""));
    printable(out, value);
    out.extend_from_slice(b"\"]");
}

/// The first bytes, and how many are left out.
fn cut(out: &mut Vec<u8>, value: &[u8], bytes_max: usize, write: impl Fn(&mut Vec<u8>, &[u8])) {
    let shown = value.len().min(bytes_max);
    write(out, &value[..shown]);
    if shown < value.len() {
        add(out, format_args!(" ({} characters omitted)", value.len() - shown));
    }
}

/// Bytes that are no printable ASCII are written as `\xhh`, so that a line stays one; quotation marks and backslashes too, so
/// that nothing a client sends passes for a field.
fn printable(out: &mut Vec<u8>, bytes: &[u8]) {
    escaped(out, bytes, |byte| matches!(byte, b'"' | b'\\'));
}

fn escaped(out: &mut Vec<u8>, bytes: &[u8], too: impl Fn(u8) -> bool) {
    for byte in bytes {
        match byte {
            byte if too(*byte) => add(out, format_args!("\\x{byte:02x}")),
            b' '..=b'~' => out.push(*byte),
            byte => add(out, format_args!("\\x{byte:02x}")),
        }
    }
}

/// What ModSecurity calls an operator.
fn name(operator: &PhasedOperator) -> &'static str {
    match operator {
        PhasedOperator::Always => "UnconditionalMatch",
        PhasedOperator::Never => "NoMatch",
        PhasedOperator::Regex { global: false, .. } | PhasedOperator::RegexWithMacros { global: false, .. } => "Rx",
        PhasedOperator::Regex { global: true, .. } | PhasedOperator::RegexWithMacros { global: true, .. } => "RxGlobal",
        PhasedOperator::Phrases(_) => "Pm",
        PhasedOperator::Text { test, .. } => match test {
            TextTest::Equals => "StrEq",
            TextTest::Contains => "Contains",
            TextTest::ContainsWord => "ContainsWord",
            TextTest::BeginsWith => "BeginsWith",
            TextTest::EndsWith => "EndsWith",
            TextTest::Within => "Within",
        },
        PhasedOperator::Number { comparison, .. } => match comparison {
            Comparison::Eq => "Eq",
            Comparison::Ne => "Ne",
            Comparison::Le => "Le",
            Comparison::Lt => "Lt",
            Comparison::Ge => "Ge",
            Comparison::Gt => "Gt",
        },
        PhasedOperator::IpMatch(_) => "IpMatch",
        PhasedOperator::GeoLookup => "GeoLookup",
        PhasedOperator::DetectSqli => "DetectSQLi",
        PhasedOperator::DetectXss => "DetectXSS",
        PhasedOperator::ByteRange(_) => "ValidateByteRange",
        PhasedOperator::UrlEncoding => "ValidateUrlEncoding",
        PhasedOperator::Utf8Encoding => "ValidateUtf8Encoding",
        PhasedOperator::VerifyCreditCard(_) => "VerifyCC",
        PhasedOperator::VerifyCpf(_) => "VerifyCPF",
        PhasedOperator::VerifySsn(_) => "VerifySSN",
        PhasedOperator::VerifySvnr(_) => "VerifySVNR",
    }
}

/// What an operator holds values against, as far as a line quotes it.
fn parameter(operator: &PhasedOperator) -> Vec<u8> {
    let literal = |text: &Text| text.as_literal().unwrap_or_default().as_bytes().to_vec();
    match operator {
        PhasedOperator::Regex { pattern, .. }
        | PhasedOperator::VerifyCreditCard(pattern)
        | PhasedOperator::VerifyCpf(pattern)
        | PhasedOperator::VerifySsn(pattern)
        | PhasedOperator::VerifySvnr(pattern) => pattern.clone().into_bytes(),
        PhasedOperator::Phrases(phrases) => {
            let mut shown = Vec::new();
            for phrase in phrases.iter().take_while({
                let mut bytes = 0;
                move |phrase| {
                    bytes += phrase.len() + 1;
                    bytes <= PARAMETER_BYTES_MAX
                }
            }) {
                if !shown.is_empty() {
                    shown.push(b' ');
                }
                shown.extend_from_slice(phrase);
            }
            shown
        }
        PhasedOperator::RegexWithMacros { pattern: text, .. } | PhasedOperator::Text { text, .. } => literal(text),
        PhasedOperator::Number { than, .. } => literal(than),
        PhasedOperator::IpMatch(addresses) => {
            let shown: Vec<_> = addresses.ranges().take(10).map(|range| range.to_string()).collect();
            shown.join(",").into_bytes()
        }
        PhasedOperator::ByteRange(allowed) => byte_ranges(allowed).into_bytes(),
        PhasedOperator::Always
        | PhasedOperator::Never
        | PhasedOperator::GeoLookup
        | PhasedOperator::DetectSqli
        | PhasedOperator::DetectXss
        | PhasedOperator::UrlEncoding
        | PhasedOperator::Utf8Encoding => Vec::new(),
    }
}

/// The bytes of a set as `9,10,13,32-126`.
fn byte_ranges(allowed: &[bool; 256]) -> String {
    let mut ranges: Vec<(u8, u8)> = Vec::new();
    for byte in (0..=u8::MAX).filter(|byte| allowed[usize::from(*byte)]) {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == byte => *last = byte,
            _ => ranges.push((byte, byte)),
        }
    }
    let shown = ranges.iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    });
    shown.collect::<Vec<_>>().join(",")
}
