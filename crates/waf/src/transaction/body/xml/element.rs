//! Tags and attributes.

use std::ops::Range;

use memchr::{memchr, memchr3};

use super::super::super::{Entry, Span};
use super::{ATTRIBUTES_MAX, DEPTH_MAX, Reader, XmlError, text};
use crate::name_table::Seen;

/// Attributes of one element beyond this number are looked up in a table instead of one by one.
const COMPARED_MAX: usize = 16;

impl Reader<'_, '_> {
    /// A start tag, or the tag of an empty element.
    pub(super) fn start_tag(&mut self) -> Result<(), XmlError> {
        if !self.skip(b"<") {
            return Err(XmlError::NoRoot);
        }
        let name = self.name()?;
        self.has_root = true;
        self.open.names.clear();
        self.open.paths.begin_tag();
        loop {
            let is_spaced = self.skip_space();
            if self.skip(b"/>") {
                self.open.arguments.open(&self.bytes[name.clone()], &self.open.text);
                self.open.arguments.close(&self.open.text);
                self.open_paths(name)?;
                return self.close_paths();
            }
            if self.skip(b">") {
                if self.open.elements.len() == DEPTH_MAX {
                    return Err(XmlError::TooDeep);
                }
                self.open.arguments.open(&self.bytes[name.clone()], &self.open.text);
                self.open.elements.push(name.clone());
                return self.open_paths(name);
            }
            if !is_spaced {
                return Err(self.ended_or(XmlError::Tag));
            }
            self.attribute()?;
        }
    }

    pub(super) fn end_tag(&mut self) -> Result<(), XmlError> {
        self.at += 2;
        let name = self.name()?;
        self.skip_space();
        if !self.skip(b">") {
            return Err(self.ended_or(XmlError::Tag));
        }
        let open = self.open.elements.pop().ok_or(XmlError::Mismatch)?;
        self.open.arguments.close(&self.open.text);
        self.close_paths()?;
        if self.bytes[open] == self.bytes[name] { Ok(()) } else { Err(XmlError::Mismatch) }
    }

    /// The tag at hand ends: what it means to the expressions that choose parts of the document.
    fn open_paths(&mut self, name: Range<usize>) -> Result<(), XmlError> {
        if self.paths.is_empty() {
            return Ok(());
        }
        let from = self.open.text.len();
        self.open.paths.open((self.paths, self.bytes, self.store), name, from)
    }

    /// The same where its element ends.
    fn close_paths(&mut self) -> Result<(), XmlError> {
        if self.paths.is_empty() {
            return Ok(());
        }
        let end = self.open.text.len();
        self.open.paths.close(self.paths, end)
    }

    fn attribute(&mut self) -> Result<(), XmlError> {
        let name = self.name()?;
        let value = self.quoted(XmlError::Attribute)?;
        let is_again = self.is_again(name.clone());
        let name_at = name.clone();
        let is_namespace = matches!(self.bytes[name].strip_prefix(b"xmlns"), Some([] | [b':', ..]));
        if self.open.attributes.len() == ATTRIBUTES_MAX {
            return Err(XmlError::TooManyAttributes);
        }
        let bytes = &self.bytes[value.clone()];
        let is_plain = memchr3(b'&', b'\n', b'\t', bytes).or_else(|| memchr(b'\r', bytes)).is_none();
        let mut read = Ok(());
        let value = if is_plain {
            self.span.part(value)
        } else {
            self.store.write(|out| read = text::append(bytes, text::Space::Replaced, out))
        };
        if !self.paths.is_empty() {
            self.open.paths.attribute(name_at, value);
        }
        if !is_namespace {
            self.open.attributes.push(Entry { name: Span::default(), value });
        }
        read?;
        if is_again {
            return Err(XmlError::DuplicateAttribute);
        }
        if memchr(b'<', bytes).is_some() { Err(XmlError::Attribute) } else { Ok(()) }
    }

    /// Whether the element being read has an attribute of this name already.
    fn is_again(&mut self, name: Range<usize>) -> bool {
        let names = &mut self.open.names;
        let bytes = self.bytes;
        if names.len() < COMPARED_MAX {
            let is_known = names.iter().any(|known| bytes[known.clone()] == bytes[name.clone()]);
            names.push(name);
            return is_known;
        }
        let table = &mut self.open.table;
        if names.len() == COMPARED_MAX {
            table.clear();
            for known in names.iter() {
                table.add(0, |out| out.extend_from_slice(&bytes[known.clone()]));
            }
            names.push(name.clone());
        }
        matches!(table.add(0, |out| out.extend_from_slice(&bytes[name])), Seen::Again(_))
    }
}
