//! Text with macros: `%{TX.score}`.
//!
//! Source: ModSecurity Reference Manual, "Macro Expansion".

use sekisho_waf::ir::phased::{Piece, Selector, Target, Text, VariableKind};

use super::target;
use super::word::Part;
use crate::report::{Report, quoted};

/// Reads text. Members of a collection stand after a dot or a colon.
pub(super) fn text(part: Part<'_>, report: &mut Report) -> Text {
    read(part, |_| true, report).0
}

/// Reads a regular expression, in which `%{2}` is no macro; none if a macro cannot be used.
pub(super) fn in_expression(part: Part<'_>, report: &mut Report) -> Option<Text> {
    let (text, is_sound) = read(part, is_named, report);
    is_sound.then_some(text)
}

/// Whether what follows `%{` begins with a name.
fn is_named(rest: &str) -> bool {
    rest.starts_with(|first: char| first.is_ascii_alphabetic())
}

/// Reads text and its macros, as far as they begin as wanted; and whether all of them can be used.
fn read(part: Part<'_>, is_macro: fn(&str) -> bool, report: &mut Report) -> (Text, bool) {
    let mut is_sound = true;
    let whole = part.text();
    let mut pieces = Vec::new();
    let mut literal_from = 0;
    let mut at = 0;
    while let Some(found) = whole[at..].find("%{") {
        let start = at + found;
        if !is_macro(&whole[start + 2..]) {
            at = start + 2;
            continue;
        }
        let Some(length) = whole[start..].find('}') else {
            let problem =
                part.sub(start..start + 2).warning("unclosed-macro", "a macro is not closed, so this is text");
            report.push(problem.help("close it with `}`"));
            break;
        };
        let end = start + length;
        if start > literal_from {
            pieces.push(Piece::Literal(whole[literal_from..start].to_owned()));
        }
        match value(part.sub(start + 2..end), report) {
            Some(value) => pieces.push(Piece::Value(value)),
            None => is_sound = false,
        }
        at = end + 1;
        literal_from = at;
    }
    if literal_from < whole.len() {
        pieces.push(Piece::Literal(whole[literal_from..].to_owned()));
    }
    (Text(pieces), is_sound)
}

/// Whether there is a macro in a text.
pub(super) fn any(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find("%{") {
        rest = &rest[at + 2..];
        if !rest.contains('}') {
            return false;
        }
        // A quantifier of a regular expression, such as `%{2}`, is none.
        if is_named(rest) {
            return true;
        }
    }
    false
}

fn value(part: Part<'_>, report: &mut Report) -> Option<Target> {
    let part = part.trim();
    let (name, member) = match part.split_once(|mark| mark == '.' || mark == ':') {
        Some((name, member)) => (name, Some(member)),
        None => (part, None),
    };
    let variable = target::variable(name, report)?;
    let Some(member) = member else {
        return Some(Target { variable, selector: None, count: false });
    };
    if member.is_empty() {
        report.push(part.error("missing-selector", "the name of a member is missing after the dot"));
        return None;
    }
    if variable.kind() == VariableKind::Scalar {
        let message = format!("{} is one value and has no members", quoted(name.text()));
        report.push(member.error("selector-on-scalar", message).help("leave out the dot and what follows it"));
        return None;
    }
    let selector = Some(Selector::Name(member.unquoted().text().to_owned()));
    Some(Target { variable, selector, count: false })
}
