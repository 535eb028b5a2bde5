//! Cross-site scripting (interim).
pub(crate) fn may_match(_: &[u8]) -> bool {
    true
}
pub(crate) fn detect(v: &[u8]) -> bool {
    memchr::memmem::find(v, b"<script").is_some()
}
pub(crate) fn matched_data(v: &[u8]) -> Vec<Vec<u8>> {
    vec![v.to_vec()]
}
