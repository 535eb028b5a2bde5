//! Messages out of a stream of syslog.
//!
//! Each message says itself how it is framed: by a digit, that a length, a space and so many bytes come; by anything else, that it goes on
//! to the next line feed or zero byte. Source: RFC 6587, sections 3.4.1 and 3.4.2; RFC 5425, section 4.3.
//!
//! A message longer than may be is cut there, and what follows is a message of its own: nothing is lost, and no more is held.

/// Digits of a length: what has more is no length.
const LENGTH_DIGITS_MAX: usize = 9;

/// Where in the stream the next byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Begin,
    /// Among the digits of a length, all of which are held.
    Length,
    /// In a message of which so many bytes are still to come.
    Counted(usize),
    /// In a message that ends with its line.
    Line,
}

/// Cuts one connection's bytes.
#[derive(Debug)]
pub struct Framing {
    place: Place,
    held: Vec<u8>,
    message_bytes_max: usize,
}

impl Framing {
    /// Messages have no more than `message_bytes_max` bytes; longer ones are cut.
    #[must_use]
    pub fn new(message_bytes_max: usize) -> Self {
        Self { place: Place::Begin, held: Vec::new(), message_bytes_max: message_bytes_max.max(1) }
    }

    /// Takes bytes, and gives the messages that are whole now.
    pub fn push(&mut self, mut bytes: &[u8], mut give: impl FnMut(&[u8])) {
        while let Some((&first, rest)) = bytes.split_first() {
            match self.place {
                Place::Begin => match first {
                    b'1'..=b'9' => self.place = Place::Length,
                    // Between messages: a trailer that some add after a counted message.
                    b'\n' | b'\r' | 0 => bytes = rest,
                    _ => self.place = Place::Line,
                },
                Place::Length => {
                    match first {
                        b'0'..=b'9' if self.held.len() < LENGTH_DIGITS_MAX => self.held.push(first),
                        b' ' => self.begin_counted(),
                        // A line that begins with digits.
                        _ => {
                            self.place = Place::Line;
                            continue;
                        }
                    }
                    bytes = rest;
                }
                Place::Counted(left) => bytes = self.counted(bytes, left, &mut give),
                Place::Line => bytes = self.line(bytes, &mut give),
            }
        }
    }

    /// The connection has ended: gives what is left.
    pub fn end(&mut self, mut give: impl FnMut(&[u8])) {
        if !self.held.is_empty() {
            give(&self.held);
        }
        self.held.clear();
        self.place = Place::Begin;
    }

    fn begin_counted(&mut self) {
        let digits = self.held.iter();
        let length = digits.fold(0_usize, |length, digit| length * 10 + usize::from(digit - b'0'));
        self.held.clear();
        self.place = Place::Counted(length);
    }

    fn counted<'b>(&mut self, bytes: &'b [u8], left: usize, give: &mut impl FnMut(&[u8])) -> &'b [u8] {
        let room = self.message_bytes_max - self.held.len();
        let (part, rest) = bytes.split_at(left.min(room).min(bytes.len()));
        let left = left - part.len();
        self.place = if left == 0 { Place::Begin } else { Place::Counted(left) };
        let is_done = left == 0 || part.len() == room;
        if is_done && self.held.is_empty() {
            give(part);
            return rest;
        }
        self.held.extend_from_slice(part);
        if is_done {
            give(&self.held);
            self.held.clear();
        }
        rest
    }

    fn line<'b>(&mut self, bytes: &'b [u8], give: &mut impl FnMut(&[u8])) -> &'b [u8] {
        let room = self.message_bytes_max.saturating_sub(self.held.len());
        let end = bytes.iter().take(room).position(|byte| matches!(byte, b'\n' | 0));
        let (part, rest) = match end {
            Some(end) => (&bytes[..end], &bytes[end + 1..]),
            None => bytes.split_at(room.min(bytes.len())),
        };
        let is_done = end.is_some() || part.len() == room;
        self.held.extend_from_slice(part);
        if end.is_some() {
            self.place = Place::Begin;
        }
        if is_done {
            let message = if end.is_some() { self.held.strip_suffix(b"\r").unwrap_or(&self.held) } else { &self.held };
            if !message.is_empty() {
                give(message);
            }
            self.held.clear();
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut framing = Framing::new(20);
        let mut messages = Vec::new();
        let mut give = |message: &[u8]| messages.push(message.to_vec());
        pieces.iter().for_each(|piece| framing.push(piece, &mut give));
        framing.end(&mut give);
        messages
    }

    #[test]
    fn both_framings_on_one_connection() {
        let stream = b"9 <1>a\nb cd<2>line\r\n\n<3>zero\x006 <4>end\n<5>left";
        let expected: [&[u8]; 5] = [b"<1>a\nb cd", b"<2>line", b"<3>zero", b"<4>end", b"<5>left"];
        assert_eq!(cut(&[stream]), expected);
        assert_eq!(cut(&[b"12:00 a line\n"]), [b"12:00 a line"]);
    }

    #[test]
    fn what_is_too_long_is_cut_and_nothing_is_lost() {
        let line = [b'x'; 45];
        assert_eq!(cut(&[&line]).iter().map(Vec::len).collect::<Vec<_>>(), [20, 20, 5]);
        let counted = [&b"45 "[..], &line, b"<1>after\n"].concat();
        assert_eq!(cut(&[&counted]).iter().map(Vec::len).collect::<Vec<_>>(), [20, 20, 5, 8]);
        let digits = [b'9'; 30];
        assert_eq!(cut(&[&digits]).concat(), digits);
    }

    proptest! {
        #[test]
        fn where_reads_end_makes_no_difference(stream in "([0-9]{1,3} |<1>|[a-z]{0,30}|\n|\r|\u{0}){0,20}", at in 0_usize..200) {
            let (left, right) = stream.as_bytes().split_at(at.min(stream.len()));
            let one_by_one: Vec<_> = stream.as_bytes().chunks(1).collect();
            let whole = cut(&[stream.as_bytes()]);
            prop_assert_eq!(cut(&[left, right]), whole.clone());
            prop_assert_eq!(cut(&one_by_one), whole.clone());
            prop_assert!(whole.iter().all(|message| message.len() <= 20));
        }
    }
}
