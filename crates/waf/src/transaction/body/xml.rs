//! XML bodies: `XML:/*` is all text of the document in one value, `XML://@*` the value of each attribute.
//!
//! What is not well formed is an error; what was read before counts. Entities are never expanded: a reference to any but
//! the five predefined ones is an error, because what it stands for would not be seen. What a document type declares is not
//! used, but its quoted texts count as text, so that rules see what a service that expands entities would.
//!
//! Takes time linear in the body: no recursion, and no copies but of text.
//!
//! Source: XML 1.0 (fifth edition); XPath 1.0 for the two values (attributes that declare namespaces are none).

mod argument;
mod doctype;
mod element;
mod path;
mod text;

use std::ops::Range;

use memchr::{memchr, memchr3, memmem};

use super::super::variables::{Filling, Memory, arguments, shrink};
use super::super::{Entry, List, Span, Store};
use crate::ir::phased::{XmlIntoArgs, XmlPath};
use crate::name_table::NameTable;

use argument::Arguments;
use path::{NAMESPACES_MAX, Paths, TIMES_DOCUMENT_MAX, VALUES_MAX, Value};

/// Elements may nest this deep. As with libxml2, which common services use.
const DEPTH_MAX: usize = 256;

/// A document may have this many attributes: each is a value for rules to look at. An honest document of the size that
/// `SecRequestBodyNoFilesLimit` allows has fewer.
const ATTRIBUTES_MAX: usize = 10_000;

/// Why text is no XML, or not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in super::super) enum XmlError {
    #[error("the document ends too early")]
    Ended,
    #[error("the document is not in an encoding that is read")]
    Encoding,
    #[error("a character is not allowed")]
    Character,
    #[error("the XML declaration is not valid")]
    Declaration,
    #[error("the document type is not valid")]
    Doctype,
    #[error("there is no root element")]
    NoRoot,
    #[error("something stands beside the root element")]
    BesideRoot,
    #[error("a tag is not valid")]
    Tag,
    #[error("a name is not valid")]
    Name,
    #[error("an attribute is not valid")]
    Attribute,
    #[error("an attribute is there twice")]
    DuplicateAttribute,
    #[error("an end tag does not match its start tag")]
    Mismatch,
    #[error("a comment is not valid")]
    Comment,
    #[error("a processing instruction is not valid")]
    Instruction,
    #[error("the end of a section stands in text")]
    SectionEnd,
    #[error("a reference is not valid")]
    Reference,
    #[error("entities are not expanded")]
    Entity,
    #[error("elements nest more than {DEPTH_MAX} deep")]
    TooDeep,
    #[error("there are more than {ATTRIBUTES_MAX} attributes")]
    TooManyAttributes,
    #[error("there are more than {NAMESPACES_MAX} namespaces")]
    TooManyNamespaces,
    #[error("an expression of a rule chooses more than {VALUES_MAX} values")]
    TooManyChosen,
    #[error("what an expression of a rule chooses is more than {TIMES_DOCUMENT_MAX} times the document")]
    TooMuchChosen,
}

/// What reading uses.
#[derive(Debug, Default)]
pub(in super::super) struct Open {
    /// The names of open elements.
    elements: Vec<Range<usize>>,
    /// Those of the attributes of the element being read.
    names: Vec<Range<usize>>,
    /// The same, once they are many.
    table: NameTable,
    attributes: Vec<Entry>,
    text: Vec<u8>,
    arguments: Arguments,
    paths: Paths,
}

impl Open {
    /// Gives back memory that grew beyond measure.
    pub(in super::super) fn shrink(&mut self) {
        shrink(&mut self.names);
        shrink(&mut self.attributes);
        shrink(&mut self.text);
        self.arguments.shrink();
        self.paths.shrink();
    }
}

/// Fills both values of a body, and the arguments that its elements are, if they are to be.
pub(super) fn process(
    store: &mut Store,
    memory: &mut Memory,
    (bytes, span): (&[u8], Span),
    mode: XmlIntoArgs,
    filling: Filling<'_>,
) -> Result<(), XmlError> {
    let open = &mut memory.xml;
    let room = if mode == XmlIntoArgs::Off { None } else { Some(arguments::room(store, filling.settings)) };
    open.arguments.begin(room);
    open.elements.clear();
    open.attributes.clear();
    open.text.clear();
    let paths = filling.xml_paths;
    open.paths.begin(paths, bytes.len());
    let mut reader = Reader { bytes, at: 0, end: 0, span, is_utf8: true, has_root: false, paths, store, open };
    let result = reader.read();
    let has_root = reader.has_root;
    store.set(List::XmlAttributes, open.attributes.drain(..));
    open.arguments.finish(&open.text);
    let value = store.bytes(&open.text);
    if (has_root || !open.text.is_empty()) && mode != XmlIntoArgs::OnlyArgs {
        store.set(List::XmlText, [Entry { name: Span::default(), value }]);
    }
    if !paths.is_empty() {
        let names: Vec<_> = (0..paths.len()).map(|number| store.bytes(&chosen_name(number))).collect();
        let chosen = open.paths.finish(open.text.len()).map(|(number, found)| {
            let value = match found {
                Value::Attribute(value) => value,
                Value::Text(range) => value.part(range),
            };
            Entry { name: names[number], value }
        });
        store.set(List::XmlChosen, chosen);
    }
    if mode != XmlIntoArgs::Off {
        memory.entries.clear();
        for (name, range) in memory.xml.arguments.drain() {
            let name = store.bytes(&name);
            memory.entries.push(Entry { name, value: value.part(range) });
        }
        arguments::set(store, memory, List::ArgsPost);
    }
    result
}

/// The name of the values that an expression chooses, which is its number.
pub(in super::super) fn chosen_name(number: usize) -> Box<[u8]> {
    number.to_string().into_bytes().into()
}

struct Reader<'a, 'm> {
    bytes: &'a [u8],
    at: usize,
    /// Up to here the characters are allowed.
    end: usize,
    span: Span,
    is_utf8: bool,
    has_root: bool,
    /// What rules choose besides the two values.
    paths: &'a [XmlPath],
    store: &'m mut Store,
    open: &'m mut Open,
}

impl<'a> Reader<'a, '_> {
    fn read(&mut self) -> Result<(), XmlError> {
        self.end = self.bytes.len();
        if self.rest().starts_with(b"\xef\xbb\xbf") {
            self.at = 3;
        }
        self.declaration()?;
        self.end = self.at + text::allowed_length(self.rest(), self.is_utf8);
        let result = self.document();
        match result {
            Err(XmlError::Ended) if self.end < self.bytes.len() => Err(XmlError::Character),
            result => result,
        }
    }

    fn document(&mut self) -> Result<(), XmlError> {
        self.beside_root()?;
        if self.rest().starts_with(b"<!DOCTYPE") {
            self.doctype()?;
            self.beside_root()?;
        }
        if self.rest().is_empty() {
            return Err(if self.end < self.bytes.len() { XmlError::Ended } else { XmlError::NoRoot });
        }
        self.start_tag()?;
        while !self.open.elements.is_empty() {
            self.content()?;
        }
        self.beside_root()?;
        match self.rest() {
            [] if self.end < self.bytes.len() => Err(XmlError::Ended),
            [] => Ok(()),
            _ => Err(XmlError::BesideRoot),
        }
    }

    fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..self.end]
    }

    /// Goes on behind `text`; whether it is there.
    fn skip(&mut self, text: &[u8]) -> bool {
        let is_there = self.rest().starts_with(text);
        if is_there {
            self.at += text.len();
        }
        is_there
    }

    /// Goes on behind white space; whether there is any.
    fn skip_space(&mut self) -> bool {
        let length = self.rest().iter().take_while(|&&byte| is_space(byte)).count();
        self.at += length;
        length > 0
    }

    /// Goes on behind the next `end`; what is before it.
    fn skip_to(&mut self, end: &[u8]) -> Result<&'a [u8], XmlError> {
        let rest = self.rest();
        let length = memmem::find(rest, end).ok_or(XmlError::Ended)?;
        self.at += length + end.len();
        Ok(&rest[..length])
    }

    /// Goes on behind a name.
    fn name(&mut self) -> Result<Range<usize>, XmlError> {
        let rest = self.rest();
        let is_start = |byte: u8| byte.is_ascii_alphabetic() || byte >= 0x80 || matches!(byte, b'_' | b':');
        let is_within = |byte: u8| is_start(byte) || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
        match rest.first() {
            None => return Err(XmlError::Ended),
            Some(&first) if !is_start(first) => return Err(XmlError::Name),
            Some(_) => {}
        }
        let start = self.at;
        self.at += rest.iter().take_while(|&&byte| is_within(byte)).count();
        Ok(start..self.at)
    }

    /// The XML declaration, if there is one.
    fn declaration(&mut self) -> Result<(), XmlError> {
        if !(self.rest().starts_with(b"<?xml") && self.rest().get(5).is_some_and(|&byte| is_space(byte))) {
            return Ok(());
        }
        self.at += 5;
        let text = self.skip_to(b"?>")?;
        let end = self.at;
        self.at -= text.len() + 2;
        while self.skip_space() && self.at < end - 2 {
            let name = self.name()?;
            let value = self.quoted(XmlError::Declaration)?;
            match &self.bytes[name] {
                b"version" | b"standalone" => {}
                b"encoding" => self.is_utf8 = text::is_utf8(&self.bytes[value])?,
                _ => return Err(XmlError::Declaration),
            }
        }
        if self.at != end - 2 {
            return Err(XmlError::Declaration);
        }
        self.at = end;
        Ok(())
    }

    /// Goes on behind `=` and a quoted text; where that is.
    fn quoted(&mut self, error: XmlError) -> Result<Range<usize>, XmlError> {
        self.skip_space();
        if !self.skip(b"=") {
            return Err(self.ended_or(error));
        }
        self.skip_space();
        self.literal(error)
    }

    /// Goes on behind a quoted text; where that is.
    fn literal(&mut self, error: XmlError) -> Result<Range<usize>, XmlError> {
        let (&quote, text) = match self.rest().split_first() {
            Some((quote @ (b'"' | b'\''), text)) => (quote, text),
            _ => return Err(self.ended_or(error)),
        };
        let length = memchr(quote, text).ok_or(XmlError::Ended)?;
        let start = self.at + 1;
        self.at = start + length + 1;
        Ok(start..start + length)
    }

    /// The error, unless there is nothing left.
    fn ended_or(&self, error: XmlError) -> XmlError {
        if self.at == self.end { XmlError::Ended } else { error }
    }

    /// Goes on behind white space, comments and processing instructions.
    fn beside_root(&mut self) -> Result<(), XmlError> {
        loop {
            self.skip_space();
            if self.skip(b"<!--") {
                self.comment()?;
            } else if self.skip(b"<?") {
                self.instruction()?;
            } else {
                return Ok(());
            }
        }
    }

    fn comment(&mut self) -> Result<(), XmlError> {
        self.skip_to(b"--")?;
        if self.skip(b">") { Ok(()) } else { Err(self.ended_or(XmlError::Comment)) }
    }

    fn instruction(&mut self) -> Result<(), XmlError> {
        let name = self.name()?;
        if self.bytes[name].eq_ignore_ascii_case(b"xml") {
            return Err(XmlError::Instruction);
        }
        let text = self.skip_to(b"?>")?;
        if text.first().is_none_or(|&byte| is_space(byte)) { Ok(()) } else { Err(XmlError::Instruction) }
    }

    /// Text up to the next markup within an element, and that markup.
    fn content(&mut self) -> Result<(), XmlError> {
        let rest = self.rest();
        let length = memchr(b'<', rest).unwrap_or(rest.len());
        self.at += length;
        let from = self.open.text.len();
        let read = self.text(&rest[..length]).map_err(|error| match error {
            XmlError::Reference => self.ended_or(error),
            error => error,
        });
        if self.open.text.len() > from {
            self.text_node(from)?;
        }
        read?;
        if self.rest().starts_with(b"</") {
            self.end_tag()
        } else if self.skip(b"<!--") {
            self.comment()
        } else if self.skip(b"<![CDATA[") {
            self.sections()
        } else if self.skip(b"<?") {
            self.instruction()
        } else if self.rest().starts_with(b"<!") {
            Err(XmlError::Tag)
        } else if self.rest().is_empty() {
            Err(XmlError::Ended)
        } else {
            self.start_tag()
        }
    }

    /// A section, and those right after it, which are one text with it, even an empty one.
    fn sections(&mut self) -> Result<(), XmlError> {
        let from = self.open.text.len();
        loop {
            let start = self.at;
            let section = self.skip_to(b"]]>").inspect_err(|_| {
                let rest = &self.bytes[start..self.end];
                self.open.text.extend_from_slice(rest);
            })?;
            text::append_lines(section, &mut self.open.text);
            if !self.skip(b"<![CDATA[") {
                return self.text_node(from);
            }
        }
    }

    /// The text since `from` is one on its own.
    fn text_node(&mut self, from: usize) -> Result<(), XmlError> {
        if self.paths.is_empty() {
            return Ok(());
        }
        let end = self.open.text.len();
        self.open.paths.text(self.paths, from..end)
    }

    /// Takes up text.
    fn text(&mut self, text: &[u8]) -> Result<(), XmlError> {
        if memchr3(b'&', b'\r', b']', text).is_none() {
            self.open.text.extend_from_slice(text);
            return Ok(());
        }
        let section_end = memmem::find(text, b"]]>");
        text::append(&text[..section_end.unwrap_or(text.len())], text::Space::Kept, &mut self.open.text)?;
        if section_end.is_some() { Err(XmlError::SectionEnd) } else { Ok(()) }
    }
}

/// White space of XML.
const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests;
