//! Elements as arguments: `<a><b>x</b></a>` is the argument `xml.a.b` of value `x`.
//!
//! As in ModSecurity 3.0.14, an element without elements in it is one, named by the local names on the way to it. Text beside
//! elements, which ModSecurity drops, is an argument of the element it stands in, unless it is white space alone: otherwise rules
//! that look at arguments would never see it. What there is no room for, in arguments or in bytes of names, is one argument
//! without a name, as for forms.

use std::ops::Range;

use super::shrink;

/// The name of all arguments, or how it begins.
const ROOT: &[u8] = b"xml";

/// Names of arguments together may take this many bytes: more than an honest body needs, so that a long name above many
/// elements does not multiply a body.
const NAMES_BYTES_MAX: usize = 256 * 1024;

/// The arguments of a document, as far as it was read.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    /// How many more there may be; none if elements are no arguments.
    room: Option<usize>,
    names_bytes: usize,
    /// The name of the current place, and its lengths on the way there.
    path: Vec<u8>,
    lengths: Vec<usize>,
    /// Where the text begins that is no argument yet.
    from: usize,
    /// Whether no element was opened in the one at hand.
    is_leaf: bool,
    /// Whether there is no room any more.
    is_full: bool,
    found: Vec<(Box<[u8]>, Range<usize>)>,
}

impl Arguments {
    /// Starts anew.
    pub(super) fn begin(&mut self, room: Option<usize>) {
        self.found.clear();
        self.lengths.clear();
        self.path.clear();
        self.path.extend_from_slice(ROOT);
        (self.room, self.names_bytes, self.from) = (room, NAMES_BYTES_MAX, 0);
        (self.is_leaf, self.is_full) = (false, false);
    }

    /// An element begins, after this text.
    pub(super) fn open(&mut self, name: &[u8], text: &[u8]) {
        if self.room.is_none() {
            return;
        }
        self.take(text, false);
        self.lengths.push(self.path.len());
        let local = memchr::memrchr(b':', name).map_or(name, |colon| &name[colon + 1..]);
        self.path.push(b'.');
        self.path.extend_from_slice(local);
        self.is_leaf = true;
    }

    /// The element at hand ends, after this text.
    pub(super) fn close(&mut self, text: &[u8]) {
        if self.room.is_none() {
            return;
        }
        self.take(text, self.is_leaf);
        self.is_leaf = false;
        if let Some(length) = self.lengths.pop() {
            self.path.truncate(length);
        }
    }

    /// The document ends, or what can be read of it.
    pub(super) fn finish(&mut self, text: &[u8]) {
        if self.room.is_none() {
            return;
        }
        if self.is_full {
            self.found.push((Box::default(), self.from..text.len()));
        } else {
            self.take(text, false);
        }
    }

    /// Makes the text since the last argument one, if it is more than white space or `is_element`.
    fn take(&mut self, text: &[u8], is_element: bool) {
        if self.is_full || !is_element && text[self.from..].trim_ascii().is_empty() {
            self.from = if self.is_full { self.from } else { text.len() };
            return;
        }
        let room = self.room.and_then(|room| room.checked_sub(1));
        let (Some(room), Some(names)) = (room, self.names_bytes.checked_sub(self.path.len())) else {
            self.is_full = true;
            return;
        };
        (self.room, self.names_bytes) = (Some(room), names);
        self.found.push((self.path.as_slice().into(), self.from..text.len()));
        self.from = text.len();
    }

    /// Names, and where values are in the text.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (Box<[u8]>, Range<usize>)> + '_ {
        self.found.drain(..)
    }

    /// Gives back memory that grew beyond measure.
    pub(super) fn shrink(&mut self) {
        shrink(&mut self.path);
        shrink(&mut self.lengths);
        shrink(&mut self.found);
    }
}
