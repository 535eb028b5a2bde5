//! What values are held against: `@rx …`, `!@within …`, or a bare regular expression.
//!
//! Source: ModSecurity Reference Manual, "Operators".

use sekisho_waf::AddressSet;
use sekisho_waf::ir::Comparison;
use sekisho_waf::ir::phased::{PhasedOperator, Text, TextTest};

use super::reading::Reading;
use super::word::Part;
use super::{addresses, expression, macros, phrases, refused};
use crate::report::quoted;

/// An operator and whether it is negated.
#[derive(Debug, Clone)]
pub(super) struct Test {
    pub(super) operator: PhasedOperator,
    pub(super) negated: bool,
}

/// What an operator makes of its argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Always,
    ByteRange,
    CreditCard,
    Cpf,
    GeoLookup,
    IpMatch,
    IpMatchFromFile,
    Never,
    Number(Comparison),
    Phrases,
    PhrasesFromFile,
    Regex { global: bool },
    Sqli,
    Ssn,
    Svnr,
    Text(TextTest),
    UrlEncoding,
    Utf8,
    Xss,
}

const NAMES: refused::Names = refused::Names {
    what: "the operator",
    mark: "@",
    codes: ("unsupported-operator", "unknown-operator"),
    refused: refused::OPERATORS,
};

/// The names rules know operators by.
const OPERATORS: &[(&str, Kind)] = &[
    ("beginsWith", Kind::Text(TextTest::BeginsWith)),
    ("contains", Kind::Text(TextTest::Contains)),
    ("containsWord", Kind::Text(TextTest::ContainsWord)),
    ("detectSQLi", Kind::Sqli),
    ("detectXSS", Kind::Xss),
    ("endsWith", Kind::Text(TextTest::EndsWith)),
    ("eq", Kind::Number(Comparison::Eq)),
    ("ge", Kind::Number(Comparison::Ge)),
    ("geoLookup", Kind::GeoLookup),
    ("gt", Kind::Number(Comparison::Gt)),
    ("ipMatch", Kind::IpMatch),
    ("ipMatchF", Kind::IpMatchFromFile),
    ("ipMatchFromFile", Kind::IpMatchFromFile),
    ("le", Kind::Number(Comparison::Le)),
    ("lt", Kind::Number(Comparison::Lt)),
    ("noMatch", Kind::Never),
    ("pm", Kind::Phrases),
    ("pmf", Kind::PhrasesFromFile),
    ("pmFromFile", Kind::PhrasesFromFile),
    ("rx", Kind::Regex { global: false }),
    ("rxGlobal", Kind::Regex { global: true }),
    ("streq", Kind::Text(TextTest::Equals)),
    ("strmatch", Kind::Text(TextTest::Contains)),
    ("unconditionalMatch", Kind::Always),
    ("validateByteRange", Kind::ByteRange),
    ("validateUrlEncoding", Kind::UrlEncoding),
    ("validateUtf8Encoding", Kind::Utf8),
    ("verifyCC", Kind::CreditCard),
    ("verifyCPF", Kind::Cpf),
    ("verifySSN", Kind::Ssn),
    ("verifySVNR", Kind::Svnr),
    ("within", Kind::Text(TextTest::Within)),
];

/// All names that are honoured.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    OPERATORS.iter().map(|(name, _)| *name)
}

/// Reads the second word of a rule.
pub(super) fn read(part: Part<'_>, reading: &mut Reading<'_>) -> Option<Test> {
    let trimmed = part.from(part.text().len() - part.text().trim_start().len());
    let (negated, rest) = match trimmed.text().strip_prefix('!') {
        Some(after) => (true, trimmed.from(1 + after.len() - after.trim_start().len())),
        None => (false, trimmed),
    };
    let operator = if rest.text().starts_with('@') {
        let name_length = rest.text().find(char::is_whitespace).unwrap_or(rest.text().len());
        let (name, argument) = (rest.sub(1..name_length), rest.from(name_length));
        let blank = argument.text().len() - argument.text().trim_start().len();
        named(name, argument.from(blank), reading)?
    } else if negated {
        regex(rest, false, reading)?
    } else {
        regex(part, false, reading)?
    };
    Some(Test { operator, negated })
}

fn named(name: Part<'_>, argument: Part<'_>, reading: &mut Reading<'_>) -> Option<PhasedOperator> {
    let text = name.text();
    let Some((known, kind)) = OPERATORS.iter().find(|(known, _)| known.eq_ignore_ascii_case(text)) else {
        refused::tell(name, &NAMES, OPERATORS.iter().map(|(known, _)| *known), &mut reading.report);
        return None;
    };
    let takes_none = matches!(kind, Kind::Sqli | Kind::Xss | Kind::UrlEncoding | Kind::Utf8 | Kind::GeoLookup);
    if takes_none && !argument.trim().is_empty() {
        let message = format!("`@{known}` takes no argument");
        reading.report.push(argument.trim().error("operator-argument", message).help("leave it out"));
        return None;
    }
    let takes_any = matches!(kind, Kind::Always | Kind::Never | Kind::Text(_) | Kind::Regex { .. });
    if !takes_none && !takes_any && argument.trim().is_empty() {
        let message = format!("`@{known}` needs an argument");
        reading.report.push(name.error("operator-argument", message).help("see docs/seclang.md"));
        return None;
    }
    lower(*kind, argument, reading)
}

fn lower(kind: Kind, argument: Part<'_>, reading: &mut Reading<'_>) -> Option<PhasedOperator> {
    Some(match kind {
        Kind::Always => PhasedOperator::Always,
        Kind::Never => PhasedOperator::Never,
        Kind::Regex { global } => regex(argument, global, reading)?,
        Kind::Phrases => PhasedOperator::Phrases(phrases::inline(argument, &mut reading.report)?),
        Kind::PhrasesFromFile => PhasedOperator::Phrases(phrases::from_files(argument, reading)?),
        Kind::Text(test) => PhasedOperator::Text { test, text: macros::text(argument, &mut reading.report) },
        Kind::Number(comparison) => PhasedOperator::Number { comparison, than: number(argument, reading)? },
        Kind::IpMatch => PhasedOperator::IpMatch(address_set(addresses::inline(argument, &mut reading.report)?)),
        Kind::IpMatchFromFile => PhasedOperator::IpMatch(address_set(addresses::from_files(argument, reading)?)),
        Kind::GeoLookup => PhasedOperator::GeoLookup,
        Kind::Sqli => PhasedOperator::DetectSqli,
        Kind::Xss => PhasedOperator::DetectXss,
        Kind::ByteRange => PhasedOperator::ByteRange(byte_range(argument, reading)?),
        Kind::UrlEncoding => PhasedOperator::UrlEncoding,
        Kind::Utf8 => PhasedOperator::Utf8Encoding,
        Kind::CreditCard => PhasedOperator::VerifyCreditCard(expression::read(argument, reading)?),
        Kind::Cpf => PhasedOperator::VerifyCpf(expression::read(argument, reading)?),
        Kind::Ssn => PhasedOperator::VerifySsn(expression::read(argument, reading)?),
        Kind::Svnr => PhasedOperator::VerifySvnr(expression::read(argument, reading)?),
    })
}

fn address_set(ranges: Vec<ipnet::IpNet>) -> AddressSet {
    ranges.into_iter().collect()
}

fn regex(part: Part<'_>, global: bool, reading: &mut Reading<'_>) -> Option<PhasedOperator> {
    expression::operator(part, global, reading)
}

fn number(part: Part<'_>, reading: &mut Reading<'_>) -> Option<Text> {
    let part = part.trim();
    let text = macros::text(part, &mut reading.report);
    if let Some(literal) = text.as_literal()
        && literal.parse::<i64>().is_err()
    {
        let message = format!("{} is no number", quoted(literal));
        reading
            .report
            .push(part.error("invalid-number", message).help("write digits, or a macro such as `%{tx.limit}`"));
        return None;
    }
    Some(text)
}

fn byte_range(argument: Part<'_>, reading: &mut Reading<'_>) -> Option<Box<[bool; 256]>> {
    let mut allowed = Box::new([false; 256]);
    let mut sound = true;
    for piece in argument.split(',').map(Part::trim) {
        let bounds = match piece.split_once(|mark| mark == '-') {
            Some((first, last)) => first.trim().text().parse::<u8>().ok().zip(last.trim().text().parse::<u8>().ok()),
            None => piece.text().parse::<u8>().ok().map(|byte| (byte, byte)),
        };
        match bounds {
            Some((first, last)) if first <= last => allowed[usize::from(first)..=usize::from(last)].fill(true),
            _ => {
                let message = format!("{} is no byte or range of bytes", quoted(piece.text()));
                let help = "write numbers from 0 to 255, such as `10,13,32-126`";
                reading.report.push(piece.error("invalid-byte-range", message).help(help));
                sound = false;
            }
        }
    }
    sound.then_some(allowed)
}
