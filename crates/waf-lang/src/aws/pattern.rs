//! Regular expressions: brought from PCRE's syntax, in which AWS takes them, to the engine's, and checked.
//!
//! Source: AWS WAF Developer Guide, "Supported regular expression syntax in AWS WAF": PCRE without back-references,
//! look-around, recursion, atomic groups and possessive quantifiers. What remains can be matched in linear time.

use regex_syntax::ast;
use sekisho_waf::ir::RegexSource;

use super::pattern_translation::translate;
use super::shape::{Charset, text};
use crate::document::Node;
use crate::report::Report;

/// The longest pattern of AWS, in characters. Source: API model, `RegexPatternString`.
const AWS_CHARS_MAX: usize = 512;
/// The longest pattern of a rule that ships, in characters.
const CONTENT_CHARS_MAX: usize = 4096;

/// Reads a pattern in AWS's syntax.
pub(crate) fn read(node: Node<'_>, report: &mut Report) -> Option<RegexSource> {
    let pattern = text(node, 1..=AWS_CHARS_MAX, Charset::Any, report)?;
    match translate(pattern) {
        Ok(translated) => checked(node, translated, report),
        Err(reason) => {
            report.push(bad(node, reason));
            None
        }
    }
}

/// Reads a pattern in the engine's syntax.
pub(crate) fn read_of_content(node: Node<'_>, report: &mut Report) -> Option<RegexSource> {
    let pattern = text(node, 1..=CONTENT_CHARS_MAX, Charset::Any, report)?;
    checked(node, pattern.to_owned(), report)
}

fn checked(node: Node<'_>, pattern: String, report: &mut Report) -> Option<RegexSource> {
    let error = match sekisho_waf::operator::regex::parse(&pattern) {
        Ok(_) => return Some(RegexSource(pattern)),
        Err(error) => *error,
    };
    report.push(match error {
        regex_syntax::Error::Parse(error) => match error.kind() {
            ast::ErrorKind::UnsupportedLookAround => bad(node, "look-around"),
            ast::ErrorKind::UnsupportedBackreference => bad(node, "a back-reference"),
            kind => broken(node, kind.to_string()),
        },
        regex_syntax::Error::Translate(error) => broken(node, error.kind().to_string()),
        _ => broken(node, "it cannot be read".to_owned()),
    });
    None
}

fn bad(node: Node<'_>, reason: &str) -> sekisho_model::Diagnostic {
    node.error("bad-regex", format!("the regular expression uses {reason}, which is not supported"))
        .help("AWS refuses it as well: matching must take time linear in the request")
}

fn broken(node: Node<'_>, reason: String) -> sekisho_model::Diagnostic {
    node.error("bad-regex", format!("the regular expression is broken: {reason}"))
}
