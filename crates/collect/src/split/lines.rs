//! A record a line. Line feeds end lines, carriage returns before them are dropped, and empty lines are no records.

use super::{Header, Piece, RECORD_BYTES_MAX};

/// Bytes of a header that are remembered.
const HEADER_BYTES_MAX: usize = 8 << 10;

/// Cuts lines.
#[derive(Debug)]
pub(super) struct Lines {
    kind: Header,
    is_first: bool,
    header: String,
    held: Vec<u8>,
}

impl Lines {
    pub(super) fn new(kind: Header) -> Self {
        Self { kind, is_first: true, header: String::new(), held: Vec::new() }
    }

    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    pub(super) fn push(&mut self, mut bytes: &[u8], mut give: impl FnMut(Piece<'_>)) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
            bytes = rest;
            if self.held.is_empty() {
                self.line(line, &mut give);
            } else {
                self.hold(line, &mut give);
                let line = std::mem::take(&mut self.held);
                self.line(&line, &mut give);
                self.held = line;
                self.held.clear();
            }
        }
        self.hold(bytes, &mut give);
    }

    pub(super) fn end(&mut self, mut give: impl FnMut(Piece<'_>)) {
        let line = std::mem::take(&mut self.held);
        self.line(&line, &mut give);
    }

    /// Adds to what is held, and cuts what has grown too long.
    fn hold(&mut self, bytes: &[u8], give: &mut impl FnMut(Piece<'_>)) {
        self.held.extend_from_slice(bytes);
        let mut start = 0;
        while self.held.len() - start > RECORD_BYTES_MAX {
            let raw = &self.held[start..start + RECORD_BYTES_MAX];
            give(Piece { raw, header: &self.header, is_cut: true });
            start += RECORD_BYTES_MAX;
        }
        self.held.drain(..start);
    }

    /// Whether a line says what the fields are; it is remembered then.
    fn heads(&mut self, line: &[u8], is_first: bool) -> bool {
        let Ok(line) = std::str::from_utf8(line) else { return false };
        match self.kind {
            Header::None => false,
            Header::Begins(begin) => {
                // Of several, as `#Version` and `#Fields`, the longest says most.
                let name = |line: &str| line.split(':').next().unwrap_or_default().len();
                let is_header = line.starts_with(begin);
                if is_header && (line.len() > self.header.len() || name(line) == name(&self.header)) {
                    line.clone_into(&mut self.header);
                }
                is_header
            }
            Header::First(is_header) => {
                let is_header = is_first && is_header(line);
                if is_header {
                    line.clone_into(&mut self.header);
                }
                is_header
            }
        }
    }

    fn line(&mut self, line: &[u8], give: &mut impl FnMut(Piece<'_>)) {
        let mut line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            return;
        }
        let is_first = std::mem::take(&mut self.is_first);
        if line.len() <= HEADER_BYTES_MAX && self.heads(line, is_first) {
            return;
        }
        while line.len() > RECORD_BYTES_MAX {
            let (cut, rest) = line.split_at(RECORD_BYTES_MAX);
            give(Piece { raw: cut, header: &self.header, is_cut: true });
            line = rest;
        }
        give(Piece { raw: line, header: &self.header, is_cut: false });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(lines: &mut Lines, pieces: &[&[u8]]) -> Vec<(Vec<u8>, String)> {
        let mut cut = Vec::new();
        let mut give = |piece: Piece<'_>| cut.push((piece.raw.to_vec(), piece.header.to_owned()));
        pieces.iter().for_each(|piece| lines.push(piece, &mut give));
        lines.end(&mut give);
        cut
    }

    #[test]
    fn lines_come_whole_however_they_arrive() {
        let cut = cut(&mut Lines::new(Header::None), &[b"on", b"e\r\n\ntwo\nthr", b"ee"]);
        assert_eq!(cut.iter().map(|(raw, _)| &raw[..]).collect::<Vec<_>>(), [&b"one"[..], b"two", b"three"]);
    }

    #[test]
    fn headers_go_with_the_lines_after_them() {
        let text = b"#Version: 1.0\n#Fields: date time\na b\n#Fields: time\nb\n";
        let cut = cut(&mut Lines::new(Header::Begins("#")), &[text]);
        assert_eq!(
            cut,
            [(b"a b".to_vec(), "#Fields: date time".to_owned()), (b"b".to_vec(), "#Fields: time".to_owned())]
        );
    }

    #[test]
    fn only_a_first_line_heads_where_fields_are_said_once() {
        let cut = cut(
            &mut Lines::new(Header::First(|line| line.starts_with("version"))),
            &[b"version account\n2 1\nversion 2\n"],
        );
        assert_eq!(cut.len(), 2);
        assert!(cut.iter().all(|(_, header)| header == "version account"));
    }

    #[test]
    fn a_line_without_end_is_cut_and_nothing_is_lost() {
        let long = vec![b'x'; RECORD_BYTES_MAX * 2 + 5];
        for pieces in [vec![&long[..]], long.chunks(100_000).collect()] {
            let cut = cut(&mut Lines::new(Header::None), &pieces);
            assert_eq!(
                cut.iter().map(|(raw, _)| raw.len()).collect::<Vec<_>>(),
                [RECORD_BYTES_MAX, RECORD_BYTES_MAX, 5]
            );
        }
    }

    proptest! {
        #[test]
        fn where_pieces_end_makes_no_difference(text in "[ab\n\r#]{0,60}", at in 0_usize..60) {
            let at = at.min(text.len());
            let (left, right) = text.as_bytes().split_at(at);
            let whole = cut(&mut Lines::new(Header::Begins("#")), &[text.as_bytes()]);
            prop_assert_eq!(cut(&mut Lines::new(Header::Begins("#")), &[left, right]), whole);
        }
    }
}
