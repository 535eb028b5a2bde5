//! Text with macros: `%{TX.score}`.
//!
//! Source: ModSecurity Reference Manual, "Macro Expansion".

use sekisho_waf::ir::phased::{Piece, Selector, Target, Text, VariableKind};

use super::target;
use super::word::Part;
use crate::report::{Report, quoted};

/// Reads text. Members of a collection stand after a dot or a colon.
pub(super) fn text(part: Part<'_>, report: &mut Report) -> Text {
    let whole = part.text();
    let mut pieces = Vec::new();
    let mut literal_from = 0;
    let mut at = 0;
    while let Some(found) = whole[at..].find("%{") {
        let start = at + found;
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
        if let Some(value) = value(part.sub(start + 2..end), report) {
            pieces.push(Piece::Value(value));
        }
        at = end + 1;
        literal_from = at;
    }
    if literal_from < whole.len() {
        pieces.push(Piece::Literal(whole[literal_from..].to_owned()));
    }
    Text(pieces)
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
        if rest.starts_with(|first: char| first.is_ascii_alphabetic()) {
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
