//! The line of an entry in the index, where each entry has a file of its own.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use md5::{Digest as _, Md5};

use super::native::push_escaped;

/// A line: what was known when the entry was composed, the file, where the entry begins in it, its size, its digest.
pub(super) fn line(begun: &[u8], path: &Path, entry: &[u8]) -> Vec<u8> {
    let mut line = begun.to_vec();
    push_word(&mut line, path.as_os_str().as_bytes());
    line.extend_from_slice(format!(" 0 {}.000000 md5:", entry.len()).as_bytes());
    for byte in Md5::digest(entry) {
        line.extend_from_slice(format!("{byte:02x}").as_bytes());
    }
    line.push(b'\n');
    line
}

/// Appends a word of a line: blanks would end it.
pub(super) fn push_word(out: &mut Vec<u8>, word: &[u8]) {
    let mut rest = word;
    while let Some(at) = rest.iter().position(|byte| *byte == b' ') {
        push_escaped(out, &rest[..at]);
        out.extend_from_slice(b"\\x20");
        rest = &rest[at + 1..];
    }
    push_escaped(out, rest);
}

/// Appends what stands in quotation marks.
pub(super) fn push_quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for piece in text.split_inclusive(|byte| matches!(byte, b'"' | b'\\')) {
        match piece.split_last() {
            Some((mark @ (b'"' | b'\\'), before)) => {
                push_escaped(out, before);
                out.extend_from_slice(format!("\\x{mark:02x}").as_bytes());
            }
            _ => push_escaped(out, piece),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_client_sends_ends_a_word_or_a_line() {
        let mut out = Vec::new();
        push_word(&mut out, b"a b\nc \"");
        out.push(b' ');
        push_quoted(&mut out, b"curl\" 200 \\\r\n\xff");
        assert_eq!(String::from_utf8(out).unwrap(), "a\\x20b\\x0ac\\x20\" \"curl\\x22 200 \\x5c\\x0d\\x0a\\xff\"");
    }

    #[test]
    fn a_line_names_file_size_and_digest() {
        let line = line(b"host - ", Path::new("/var/a b"), b"hello");
        let expected = "host - /var/a\\x20b 0 5.000000 md5:5d41402abc4b2a76b9719d911017c592\n";
        assert_eq!(String::from_utf8(line).unwrap(), expected);
    }
}
