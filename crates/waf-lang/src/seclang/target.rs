//! Variables a rule looks at: `ARGS|!ARGS:/^p/|&REQUEST_HEADERS:'X-Y'`.
//!
//! Source: ModSecurity Reference Manual, "Variables".

use sekisho_waf::ir::phased::{Selector, Target, Variable, VariableKind};

use super::reading::Reading;
use super::word::Part;
use super::{expression, refused, xpath};
use crate::report::{Report, quoted};

/// What a rule looks at, and what of it not.
#[derive(Debug, Clone, Default)]
pub(super) struct Targets {
    pub(super) included: Vec<Target>,
    pub(super) excluded: Vec<Target>,
}

/// Reads a list of variables.
pub(super) fn list(part: Part<'_>, reading: &mut Reading<'_>) -> Targets {
    let mut targets = Targets::default();
    let pieces = split(part);
    if part.trim().is_empty() {
        let problem = part.error("missing-variable", "no variable is named");
        reading.report.push(problem.help("name one, such as `ARGS`"));
        return targets;
    }
    for piece in pieces {
        let piece = piece.trim();
        let (excluded, rest) = strip(piece, '!');
        let Some(target) = one(rest, reading) else { continue };
        if excluded && target.count {
            let message = "a count cannot be left out";
            let problem = piece.error("excluded-count", message);
            reading.report.push(problem.help("write `!` before a variable without `&`"));
            continue;
        }
        if excluded { targets.excluded.push(target) } else { targets.included.push(target) }
    }
    targets
}

/// Reads one variable: `&NAME:selector`.
fn one(part: Part<'_>, reading: &mut Reading<'_>) -> Option<Target> {
    let (count, rest) = strip(part, '&');
    let (name, selector) = match rest.split_once(|mark| mark == ':') {
        Some((name, selector)) => (name.trim(), Some(selector.trim())),
        None => (rest, None),
    };
    let variable = variable(name, &mut reading.report)?;
    let selector = match selector {
        Some(selector) => Some(self::selector(variable, name, selector, reading)?),
        None if variable == Variable::Xml => {
            let message = "`XML` needs to be told which part of the document";
            reading.report.push(
                name.error("missing-selector", message)
                    .help("write `XML:/*` for all text, `XML://@*` for all attributes"),
            );
            return None;
        }
        None => None,
    };
    Some(Target { variable, selector, count })
}

/// Reads the name of a variable.
pub(super) fn variable(name: Part<'_>, report: &mut Report) -> Option<Variable> {
    let text = name.text();
    if let Some(found) = Variable::from_name(text).or_else(|| alias(text)) {
        return Some(found);
    }
    if text.is_empty() {
        report.push(name.error("missing-variable", "the name of a variable is missing here"));
    } else if let Some(reason) = refused::reason(refused::VARIABLES, text) {
        let message = format!("the variable {} is not supported: {reason}", quoted(text));
        report.push(name.error("unsupported-variable", message).help(refused::HELP));
    } else {
        let message = format!("unknown variable {}", quoted(text));
        let upper = text.to_ascii_uppercase();
        let help = report.did_you_mean(&upper, Variable::ALL.iter().map(|known| known.name()));
        let problem = name.error("unknown-variable", message);
        report.push(match help {
            Some(help) => problem.help(help),
            None => problem.help("see the list of variables in docs/seclang.md"),
        });
    }
    None
}

/// Other names of variables.
pub(super) const ALIASES: &[(&str, Variable)] = &[("MULTIPART_MISSING_SEMICOLON", Variable::MultipartMissingSemicolon)];

fn alias(name: &str) -> Option<Variable> {
    ALIASES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, variable)| *variable)
}

fn selector(variable: Variable, name: Part<'_>, part: Part<'_>, reading: &mut Reading<'_>) -> Option<Selector> {
    if variable == Variable::Xml {
        return xpath::read(part.unquoted(), &reading.namespaces, &mut reading.report);
    }
    let report = &mut reading.report;
    if variable.kind() == VariableKind::Scalar {
        let message = format!("{} is one value and has no members", quoted(name.text()));
        report.push(part.error("selector-on-scalar", message).help("leave out the colon and what follows it"));
        return None;
    }
    let text = part.text();
    let bare = part.unquoted();
    if text.is_empty() || bare.is_empty() {
        report.push(part.error("missing-selector", "the name of a member is missing after the colon"));
        return None;
    }
    let inner = bare.text();
    if inner.starts_with('/') {
        return regex(bare, reading);
    }
    if inner.contains("%{") {
        let message = "a macro cannot choose a member";
        report.push(part.error("unsupported-selector", message).help("use a regular expression between slashes"));
        return None;
    }
    Some(Selector::Name(inner.to_owned()))
}

fn regex(part: Part<'_>, reading: &mut Reading<'_>) -> Option<Selector> {
    let text = part.text();
    let Some(inner) = text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) else {
        let message = "the regular expression is not closed with a slash";
        reading
            .report
            .push(part.error("unclosed-selector", message).help("write `/expression/`, and `\\/` for a slash in it"));
        return None;
    };
    expression::checked(part.sub(1..text.len() - 1), inner.replace("\\/", "/"), reading).map(Selector::Regex)
}

fn strip(part: Part<'_>, mark: char) -> (bool, Part<'_>) {
    if part.text().starts_with(mark) { (true, part.from(1).trim()) } else { (false, part) }
}

/// The pieces between `|` and `,`, but for those in regular expressions and quotes.
fn split(part: Part<'_>) -> Vec<Part<'_>> {
    let text = part.text();
    let bytes = text.as_bytes();
    let mut pieces = Vec::new();
    let (mut start, mut at) = (0, 0);
    // What ends the selector that is being read, if it is one between slashes or quotes.
    let mut until: Option<u8> = None;
    while at < bytes.len() {
        match (until, bytes[at]) {
            (Some(_), b'\\') => at += 1,
            (Some(mark), byte) if byte == mark && ends(&bytes[at + 1..]) => until = None,
            (None, b':') => until = opening(text, &bytes[at + 1..], start),
            (None, b'|' | b',') => {
                pieces.push(part.sub(start..at));
                start = at + 1;
            }
            _ => {}
        }
        if until.is_some() && bytes[at] == b':' {
            at += 1;
        }
        at += 1;
    }
    pieces.push(part.from(start.min(text.len())));
    pieces
}

/// Whether a selector may end before this.
fn ends(rest: &[u8]) -> bool {
    rest.iter().find(|byte| !matches!(byte, b' ' | b'\t')).is_none_or(|byte| matches!(byte, b'|' | b','))
}

/// What ends the selector that begins here, unless the next separator does.
fn opening(text: &str, rest: &[u8], start: usize) -> Option<u8> {
    // XPath begins with a slash and ends with none.
    let name = text[start..].trim_start_matches([' ', '\t', '!', '&']);
    match rest.first() {
        Some(b'\'') => Some(b'\''),
        Some(b'/') if !name.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("XML:")) => Some(b'/'),
        _ => None,
    }
}
