//! Chunks: the parts of a folded text that words can be in, with what can join words between them.

/// What a byte can be part of.
pub(crate) const LETTER: u8 = 1;
pub(crate) const JOINER: u8 = 2;
pub(crate) const COLON: u8 = 4;
pub(crate) const WIDE: u8 = 8;

/// By byte: letters and digits of ASCII; `.`, `-`, `_`, `@`; `:`; bytes of other characters. 0 separates chunks.
pub(crate) const CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'.' | b'-' | b'_' | b'@' => JOINER,
            b':' => COLON,
            0x80.. => WIDE,
            _ => 0,
        };
        byte += 1;
    }
    classes
}

/// A chunk: where it is, and the classes of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) begin: usize,
    pub(crate) end: usize,
    pub(crate) classes: u8,
}

impl Chunk {
    /// Whether it is one word and nothing else.
    pub(crate) fn is_plain(self) -> bool {
        self.classes == LETTER
    }
}

/// The chunks of a folded text that have a letter, in order. Joiners at their ends are part of them.
pub(crate) fn each_chunk(folded: &[u8], mut found: impl FnMut(Chunk)) {
    let mut at = 0;
    while at < folded.len() {
        let mut classes = CLASS[usize::from(folded[at])];
        if classes == 0 {
            at += 1;
            continue;
        }
        let begin = at;
        at += 1;
        while let Some(&byte) = folded.get(at) {
            let class = CLASS[usize::from(byte)];
            if class == 0 {
                break;
            }
            classes |= class;
            at += 1;
        }
        if classes & (LETTER | WIDE) != 0 {
            found(Chunk { begin, end: at, classes });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_ends_where_nothing_joins() {
        let text = br#"{"a-b":1,"c":"x@y.z"} :: arn:aws"#;
        let mut found = Vec::new();
        each_chunk(text, |chunk| found.push(std::str::from_utf8(&text[chunk.begin..chunk.end]).unwrap()));
        assert_eq!(found, ["a-b", ":1", "c", "x@y.z", "arn:aws"]);
    }
}
