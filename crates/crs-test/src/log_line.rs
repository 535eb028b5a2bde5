//! The line of a match in ModSecurity's error log, as tests search it.
//!
//! Source: the error log of ModSecurity 3 behind nginx.

use std::fmt::Write as _;

use sekisho_waf::transaction::Matched;

/// What the error log says of a match.
pub(crate) fn of(matched: &Matched<'_>) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let rule = matched.rule;
    let mut line = format!("ModSecurity: Warning. {}", text(matched.what));
    let _ = write!(line, " [file \"{}\"] [line \"{}\"] [id \"{}\"]", rule.place.file, rule.place.line, rule.id);
    let _ = write!(line, " [msg \"{}\"] [data \"{}\"]", text(matched.message), text(matched.log_data));
    if let Some(severity) = rule.metadata.severity {
        let _ = write!(line, " [severity \"{severity}\"]");
    }
    for tag in matched.tags {
        let _ = write!(line, " [tag \"{}\"]", text(tag));
    }
    line
}
