//! Arguments of query strings and forms: pieces between separators, names and values decoded.
//!
//! As with ModSecurity 3, a piece may be empty (an argument without name and value), and nothing follows the last separator.
//! What follows the last argument that `SecArgumentsLimit` allows is one more, without a name: ModSecurity 3 drops it, so that
//! rules see nothing of it unless one of them counts arguments.

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
        let name = Component::of_name(text, start, separator);
        let value = if text.get(name.end) == Some(&b'=') {
            Component::of_value(text, name.end + 1, separator)
        } else {
            Component { start: name.end, end: name.end, is_encoded: false }
        };
        start = value.end + 1;
        let name = name.decoded(store, text, span, &mut is_valid);
        let value = value.decoded(store, text, span, &mut is_valid);
        memory.entries.push(Entry { name, value });
    }
    if start < text.len() {
        // No rule has to know of the limit to see what lies beyond.
        let rest = Component { start, end: text.len(), is_encoded: true };
        let value = rest.decoded(store, text, span, &mut is_valid);
        memory.entries.push(Entry { name: Span::default(), value });
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

/// A name or a value.
struct Component {
    start: usize,
    end: usize,
    /// Whether it may hold something to decode.
    is_encoded: bool,
}

impl Component {
    /// The name that begins at `start`: up to an equals sign or a separator.
    fn of_name(text: &[u8], start: usize, separator: u8) -> Self {
        let mut is_encoded = false;
        let is_end = |&byte: &u8| {
            is_encoded |= byte == b'%' || byte == b'+';
            byte == b'=' || byte == separator
        };
        let length = text[start..].iter().position(is_end).unwrap_or(text.len() - start);
        Self { start, end: start + length, is_encoded }
    }

    /// The value that begins at `start`: up to a separator.
    fn of_value(text: &[u8], start: usize, separator: u8) -> Self {
        let near = &text[start..text.len().min(start + NEAR_BYTES)];
        let mut is_encoded = false;
        let is_end = |&byte: &u8| {
            is_encoded |= byte == b'%' || byte == b'+';
            byte == separator
        };
        let end = near.iter().position(is_end).map(|length| start + length);
        let end = end.unwrap_or_else(|| {
            let far = start + near.len();
            is_encoded = true;
            memchr(separator, &text[far..]).map_or(text.len(), |length| far + length)
        });
        Self { start, end, is_encoded }
    }

    /// What it is decoded; as it stands in the text, which is in the store as `span`, if there is nothing to decode.
    fn decoded(&self, store: &mut Store, text: &[u8], span: Span, is_valid: &mut bool) -> Span {
        let range = self.start..self.end;
        let bytes = &text[range.clone()];
        if self.is_encoded && touches(bytes, Plus::Space) {
            store.write(|out| *is_valid &= decode(bytes, Plus::Space, out))
        } else {
            span.part(range)
        }
    }
}

/// Values up to this length, in bytes, are quicker gone through byte by byte than searched.
const NEAR_BYTES: usize = 64;
