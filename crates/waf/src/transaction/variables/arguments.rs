//! Arguments of query strings and forms: pieces between separators, names and values decoded.
//!
//! As with ModSecurity 3, a piece may be empty (an argument without name and value), and nothing follows the last separator.

use memchr::memchr;

use super::super::{Entry, List, Span, Store};
use super::percent::{Plus, decode, touches};
use super::{Filling, Memory};
use crate::ir::phased::PhasedSettings;

/// `SecArgumentSeparator`, if it is not given.
const SEPARATOR: u8 = b'&';

/// Fills the arguments of `text`, which is in the store as `span`, into one of the lists of arguments.
pub(in crate::transaction) fn fill(
    store: &mut Store,
    memory: &mut Memory,
    list: List,
    (text, span): (&[u8], Span),
    filling: Filling<'_>,
) {
    let separator = filling.settings.argument_separator.unwrap_or(SEPARATOR);
    let room = room(store, filling.settings);
    let mut is_valid = true;
    let mut start = 0;
    while start < text.len() && memory.entries.len() < room {
        let end = memchr(separator, &text[start..]).map_or(text.len(), |length| start + length);
        let piece = Piece { text: &text[start..end], span: span.part(start..end) };
        let equals = memchr(b'=', piece.text).unwrap_or(piece.text.len());
        let name = piece.decoded(store, 0..equals, &mut is_valid);
        let value = piece.decoded(store, (equals + 1).min(piece.text.len())..piece.text.len(), &mut is_valid);
        memory.entries.push(Entry { name, value });
        start = end + 1;
    }
    if !is_valid {
        store.set_scalar(List::UrlencodedError, b"1");
    }
    set(store, memory, list);
}

/// How many more arguments there may be.
pub(in crate::transaction) fn room(store: &Store, settings: &PhasedSettings) -> usize {
    let known = store.list(List::ArgsGet).len() + store.list(List::ArgsPost).len();
    (settings.request_body.arguments_max as usize).saturating_sub(known)
}

/// Sets a list of arguments to the entries gathered, and adds to the size of all.
pub(in crate::transaction) fn set(store: &mut Store, memory: &mut Memory, list: List) {
    memory.argument_bytes += memory.entries.iter().map(|entry| entry.name.len() + entry.value.len()).sum::<usize>();
    store.set(list, memory.entries.drain(..));
    let size = store.write(|out| super::decimal(out, memory.argument_bytes));
    store.set_scalar_span(List::ArgsCombinedSize, size);
}

/// A piece of a text, and where it is in the store.
struct Piece<'a> {
    text: &'a [u8],
    span: Span,
}

impl Piece<'_> {
    fn decoded(&self, store: &mut Store, range: std::ops::Range<usize>, is_valid: &mut bool) -> Span {
        let text = &self.text[range.clone()];
        if touches(text, Plus::Space) {
            store.write(|out| *is_valid &= decode(text, Plus::Space, out))
        } else {
            self.span.part(range)
        }
    }
}
