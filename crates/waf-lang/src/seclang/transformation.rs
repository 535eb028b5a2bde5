//! Transformations by their names in rules.
//!
//! Source: ModSecurity Reference Manual, "Transformation functions".

use sekisho_waf::transform::Transform;

use super::word::Part;
use crate::report::{Report, quoted};

/// What `t:` adds to a chain of transformations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// `t:none`: those before it are dropped.
    None,
    /// One more.
    Then(Transform),
}

/// The names rules know transformations by.
pub(super) const TRANSFORMS: &[(&str, Transform)] = &[
    ("base64Decode", Transform::Base64Decode),
    ("base64DecodeExt", Transform::Base64DecodeExt),
    ("cmdLine", Transform::CmdLine),
    ("compressWhitespace", Transform::CompressWhiteSpace),
    ("cssDecode", Transform::CssDecode),
    ("escapeSeqDecode", Transform::EscapeSeqDecode),
    ("hexDecode", Transform::HexDecode),
    ("htmlEntityDecode", Transform::HtmlEntityDecode),
    ("jsDecode", Transform::JsDecode),
    ("lowercase", Transform::Lowercase),
    ("md5", Transform::Md5),
    ("normalisePath", Transform::NormalizePath),
    ("normalizePath", Transform::NormalizePath),
    ("normalisePathWin", Transform::NormalizePathWin),
    ("normalizePathWin", Transform::NormalizePathWin),
    ("removeCommentsChar", Transform::RemoveCommentsChar),
    ("removeNulls", Transform::RemoveNulls),
    ("removeWhitespace", Transform::RemoveWhitespace),
    ("replaceComments", Transform::ReplaceComments),
    ("replaceNulls", Transform::ReplaceNulls),
    ("sqlHexDecode", Transform::SqlHexDecode),
    ("trim", Transform::Trim),
    ("trimLeft", Transform::TrimLeft),
    ("trimRight", Transform::TrimRight),
    ("uppercase", Transform::Uppercase),
    ("urlDecode", Transform::UrlDecode),
    ("urlDecodeUni", Transform::UrlDecodeUni),
    ("utf8toUnicode", Transform::Utf8ToUnicode),
];

/// Reads the name after `t:`.
pub(super) fn step(part: Part<'_>, report: &mut Report) -> Option<Step> {
    let name = part.text();
    if name.eq_ignore_ascii_case("none") {
        return Some(Step::None);
    }
    if let Some((_, found)) = TRANSFORMS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
        return Some(Step::Then(*found));
    }
    let known = TRANSFORMS.iter().map(|(known, _)| *known).chain(["none"]);
    let help = report.did_you_mean(name, known);
    let problem = part.error("unknown-transformation", format!("unknown transformation {}", quoted(name)));
    report.push(match help {
        Some(help) => problem.help(help),
        None => problem.help("see the list of transformations in docs/seclang.md"),
    });
    None
}
