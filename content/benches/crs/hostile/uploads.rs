//! Large forms with files: text as a file, as one field, and as many.

use std::fmt::Write as _;

use super::shapes::repeated_bytes;
use crate::loads::Load;

const PROSE: &[u8] = b"The quick brown fox, it's said (by \"some\"), jumps over 13 lazy dogs; <b>every</b> day.\r\n";

/// Forms of so many bytes, about.
pub(super) fn all(bytes: usize) -> Vec<Load> {
    let text = repeated_bytes(PROSE, bytes);
    let form = |name: &str, parts: Vec<u8>| {
        Load::post(name, "multipart/form-data; boundary=b", [&parts, b"--b--\r\n".as_slice()].concat())
    };
    let part = |head: &str, text: &[u8]| {
        let head = format!("--b\r\nContent-Disposition: form-data; name=\"a\"{head}\r\n\r\n");
        [head.as_bytes(), text, b"\r\n"].concat()
    };
    let mut many = Vec::with_capacity(bytes * 2);
    for (number, text) in text.chunks(1_000).enumerate() {
        let mut head = String::new();
        write!(head, "--b\r\nContent-Disposition: form-data; name=\"a{number}\"\r\n\r\n")
            .expect("a String takes any text");
        many.extend_from_slice(&[head.as_bytes(), text, b"\r\n"].concat());
    }
    vec![
        form("text as a file", part("; filename=\"a.txt\"\r\nContent-Type: text/plain", &text)),
        form("text as one field", part("", &text)),
        form("text as fields of 1,000 bytes", many),
    ]
}
