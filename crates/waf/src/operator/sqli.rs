//! SQL injection (interim).
use crate::ir::SqliSensitivity;
pub(crate) fn may_match(_: &[u8]) -> bool {
    true
}
pub(crate) fn detect(v: &[u8], _: SqliSensitivity) -> Option<()> {
    memchr::memmem::find(v, b"' or ").map(|_| ())
}
pub(crate) fn matched_data(v: &[u8], _: SqliSensitivity) -> Vec<Vec<u8>> {
    vec![v.to_vec()]
}
