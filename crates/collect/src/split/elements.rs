//! JSON objects out of a stream: one after another, in an array, or in an array that is a member of an object.
//!
//! Objects are found by their braces, outside of texts; whether one is JSON is for its reader to say. What lies between objects
//! is dropped if it is white space, commas or the brackets around them, and given as a record of its own if it is anything else.

use super::Piece;
#[cfg(test)]
use super::RECORD_BYTES_MAX;

/// Bytes before the member is found: then the object is taken whole.
const PREFIX_BYTES_MAX: usize = 64 << 10;

/// Where in the stream the next byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Between objects.
    Between,
    /// In an object.
    Object,
    /// Behind the member's array, up to the end of the object around it.
    After,
    /// In something that is no object, up to the end of its line.
    Stray,
}

/// Cuts objects.
#[derive(Debug)]
pub(super) struct Elements {
    /// Name of the member whose array holds the records, in quotes; empty if there is none.
    member: String,
    /// How deep the member may stand.
    depth_max: u32,
    /// Bytes an object may have.
    bytes_max: usize,
    place: Place,
    /// Braces and brackets that are open in the object.
    depth: u32,
    in_text: bool,
    escaped: bool,
    /// Within the object that may hold the member: where in `held` a text began that may be its name.
    name: Option<usize>,
    /// Whether the name was just read, and then the colon.
    named: u8,
    /// How many objects are open around the member's array, whose elements are the records; 0 outside of it.
    inside: u32,
    /// Arrays that are open in the member's array, between records.
    arrays: u32,
    /// Whether what is behind the array has objects or arrays of its own.
    nested: bool,
    held: Vec<u8>,
}

impl Elements {
    pub(super) fn new(member: &'static str, depth_max: u32, bytes_max: usize) -> Self {
        Self {
            member: if member.is_empty() { String::new() } else { format!("\"{member}\"") },
            depth_max,
            bytes_max,
            place: Place::Between,
            depth: 0,
            in_text: false,
            escaped: false,
            name: None,
            named: 0,
            inside: 0,
            arrays: 0,
            nested: false,
            held: Vec::new(),
        }
    }

    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    pub(super) fn push(&mut self, bytes: &[u8], mut give: impl FnMut(Piece<'_>)) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let plain = self.plain(rest);
            if plain > 0 {
                let (plain, more) = rest.split_at(plain);
                self.held.extend_from_slice(plain);
                rest = more;
            } else {
                let (byte, more) = (rest[0], &rest[1..]);
                rest = more;
                match self.place {
                    Place::Between => self.between(byte),
                    Place::Object => self.object(byte, &mut give),
                    Place::After => self.after(byte, &mut give),
                    Place::Stray if byte == b'\n' => self.give(&mut give, false),
                    Place::Stray => self.held.push(byte),
                }
            }
            if self.held.len() == self.bytes_max {
                let place = self.place;
                self.give(&mut give, true);
                self.place = place;
            }
        }
    }

    pub(super) fn end(&mut self, mut give: impl FnMut(Piece<'_>)) {
        if !self.held.is_empty() {
            self.give(&mut give, false);
        }
        let member = std::mem::take(&mut self.member);
        *self = Self { member, ..Self::new("", self.depth_max, self.bytes_max) };
    }

    /// How many of the next bytes are held and decide nothing; no more than there is room for.
    fn plain(&self, bytes: &[u8]) -> usize {
        let bytes = &bytes[..bytes.len().min(self.bytes_max - self.held.len())];
        let first = match self.place {
            _ if self.escaped => Some(0),
            _ if self.in_text => memchr::memchr2(b'"', b'\\', bytes),
            Place::Object if self.named == 0 => bytes.iter().position(opens_or_ends),
            Place::After => bytes.iter().position(opens_or_ends),
            Place::Stray => memchr::memchr(b'\n', bytes),
            Place::Object | Place::Between => Some(0),
        };
        first.unwrap_or(bytes.len())
    }

    fn between(&mut self, byte: u8) {
        match byte {
            b'[' if self.inside > 0 => self.arrays = self.arrays.saturating_add(1),
            b']' if self.arrays > 0 => self.arrays -= 1,
            b']' if self.inside > 0 => {
                self.place = Place::After;
                self.depth = self.inside;
                self.nested = false;
            }
            // An object that ends before its array.
            b'}' if self.inside > 0 => self.inside -= 1,
            b' ' | b'\t' | b'\r' | b'\n' | b',' | b'[' | b']' => {}
            b'{' => {
                self.place = Place::Object;
                self.depth = 1;
                self.named = 0;
                self.name = None;
                self.held.push(byte);
            }
            _ => {
                self.place = Place::Stray;
                self.held.push(byte);
            }
        }
    }

    /// Goes on in a text, if this is one; says whether it was, and has ended.
    fn text(&mut self, byte: u8) -> Option<bool> {
        if !self.in_text {
            return None;
        }
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' => self.escaped = true,
            b'"' => self.in_text = false,
            _ => {}
        }
        Some(!self.in_text)
    }

    /// What else the object around the array has is none of the records', if it is plain; anything more is not dropped unseen.
    fn after(&mut self, byte: u8, give: &mut impl FnMut(Piece<'_>)) {
        self.held.push(byte);
        if self.text(byte).is_some() {
            return;
        }
        match byte {
            b'"' => self.in_text = true,
            b'{' | b'[' => {
                self.nested = true;
                self.depth = self.depth.saturating_add(1);
            }
            b'}' | b']' => {
                self.depth -= 1;
                if self.depth == 0 {
                    if !self.nested && self.held.len() <= PREFIX_BYTES_MAX {
                        self.held.clear();
                    }
                    self.inside = 0;
                    self.give(give, false);
                }
            }
            _ => {}
        }
    }

    fn object(&mut self, byte: u8, give: &mut impl FnMut(Piece<'_>)) {
        self.held.push(byte);
        if let Some(has_ended) = self.text(byte) {
            if has_ended {
                self.name_ended();
            }
            return;
        }
        match byte {
            b'"' => {
                self.in_text = true;
                self.name = Some(self.held.len() - 1);
                self.named = 0;
            }
            b':' if self.named == 1 => self.named = 2,
            b'[' if self.named == 2 => {
                // Records follow; what was before them in the object is theirs no more.
                self.held.clear();
                self.place = Place::Between;
                self.inside = self.depth;
                self.arrays = 0;
            }
            b'{' | b'[' => {
                self.named = 0;
                self.depth = self.depth.saturating_add(1);
            }
            b'}' | b']' => {
                self.depth -= 1;
                if self.depth == 0 {
                    self.give(give, false);
                }
            }
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => self.named = 0,
        }
    }

    /// A text has ended: it may be the name of the member, if it stands near the outside of the object and near its beginning.
    fn name_ended(&mut self) {
        let start = self.name.take().unwrap_or(self.held.len());
        let is_near = self.depth <= self.depth_max && self.held.len() <= PREFIX_BYTES_MAX;
        let may_be = !self.member.is_empty() && self.inside == 0 && is_near;
        let is_name =
            may_be && self.held.get(start..).is_some_and(|name| name.eq_ignore_ascii_case(self.member.as_bytes()));
        self.named = u8::from(is_name);
    }

    fn give(&mut self, give: &mut impl FnMut(Piece<'_>), is_cut: bool) {
        let raw = self.held.trim_ascii_end();
        if !raw.is_empty() {
            give(Piece { raw, header: "", is_cut });
        }
        self.held.clear();
        if !is_cut {
            self.place = Place::Between;
        }
    }
}

/// Whether a byte, outside of a text, begins or ends something.
fn opens_or_ends(byte: &u8) -> bool {
    matches!(byte, b'"' | b'{' | b'}' | b'[' | b']')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(member: &'static str, pieces: &[&[u8]]) -> Vec<String> {
        let mut elements = Elements::new(member, 1, RECORD_BYTES_MAX);
        let mut cut = Vec::new();
        let mut give = |piece: Piece<'_>| cut.push(String::from_utf8_lossy(piece.raw).into_owned());
        pieces.iter().for_each(|piece| elements.push(piece, &mut give));
        elements.end(&mut give);
        cut
    }

    #[test]
    fn objects_come_out_of_every_wrapping() {
        let objects = [r#"{"a":"}\"{"}"#, r#"{"b":[{"c":{}}]}"#];
        let [one, two] = objects;
        for text in [format!("{one}\n{two}\n"), format!("[{one}, {two}]"), format!("{one}{two}")] {
            assert_eq!(cut("", &[text.as_bytes()]), objects, "{text}");
            assert_eq!(cut("Records", &[text.as_bytes()]), objects, "{text}");
        }
        let wrapped = format!(r#"{{"x": "Records", "Records" : [{one},{two}]}} {{"Records":[{one}]}}"#);
        assert_eq!(cut("Records", &[wrapped.as_bytes()]), [one, two, one]);
    }

    #[test]
    fn what_stands_behind_the_member_is_no_record_if_it_is_plain() {
        let cut_two = |text: &str| {
            let mut elements = Elements::new("Records", 2, RECORD_BYTES_MAX);
            let mut cut = Vec::new();
            let mut give = |piece: Piece<'_>| cut.push(String::from_utf8_lossy(piece.raw).into_owned());
            elements.push(text.as_bytes(), &mut give);
            elements.end(&mut give);
            cut
        };
        let one = r#"{"a":1}"#;
        for (text, expect) in [
            (format!(r#"{{"x":{{"Records":[{one}]}}}}{one}"#), vec![one, one]),
            (format!(r#"{{"Records":[[{one}],{one}],"token":"\"]}}","n":null}}{{"Records":[{one}]}}"#), vec![one; 3]),
            (format!(r#"{{"Records":[{one}],"Records":[{one}]}}"#), vec![one, r#","Records":[{"a":1}]}"#]),
            (format!(r#"{{"Records":[{one}}}}}{one}"#), vec![one, r#"}{"a":1}"#]),
        ] {
            assert_eq!(cut_two(&text), expect, "{text}");
        }
    }

    #[test]
    fn a_member_of_an_inner_object_is_not_the_wrapping() {
        let text = r#"{"a":{"Records":[{"b":1}]},"c":"Records"}"#;
        assert_eq!(cut("Records", &[text.as_bytes()]), [text]);
    }

    #[test]
    fn what_is_no_object_is_not_lost() {
        assert_eq!(cut("", &[b"oops {\n{\"a\":1}\nend"]), ["oops {", "{\"a\":1}", "end"]);
        assert_eq!(cut("", &[b"{\"a\":"]), ["{\"a\":"]);
    }

    #[test]
    fn an_object_without_end_is_cut() {
        let text = format!("{{\"a\":\"{}\"}}", "x".repeat(RECORD_BYTES_MAX + 10));
        let cut = cut("", &[text.as_bytes()]);
        assert_eq!(cut.concat(), text);
        assert!(cut.iter().all(|piece| piece.len() <= RECORD_BYTES_MAX));
    }

    proptest! {
        #[test]
        fn where_pieces_end_makes_no_difference(text in r#"[{}\[\]":,aR\\ \n]{0,60}"#, at in 0_usize..60) {
            let at = at.min(text.len());
            let (left, right) = text.as_bytes().split_at(at);
            prop_assert_eq!(cut("R", &[left, right]), cut("R", &[text.as_bytes()]));
        }
    }
}
