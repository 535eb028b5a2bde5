//! The line of a match in ModSecurity's error log, as tests search it.

use sekisho_waf::transaction::Matched;

/// What the error log says of a match.
pub(crate) fn of(matched: &Matched<'_>) -> String {
    let mut line = Vec::new();
    matched.write_error_log_line(&mut line);
    String::from_utf8_lossy(&line).into_owned()
}
