//! What expressions of XPath choose, found while the document is read.
//!
//! Of each open element it is known, in a bit for each step, which steps lead to it. The text of an element is a part of all the text
//! of the document, so that no value is copied. Takes time linear in the document for each expression.
//!
//! Source: XPath 1.0; Namespaces in XML 1.0. As in libxml2, a name whose prefix is not declared is in no namespace and keeps its
//! prefix.

use std::ops::Range;

use super::super::super::variables::shrink;
use super::super::super::{Span, Store};
use super::XmlError;
use crate::ir::phased::{XmlNode, XmlPath};

/// One expression may choose this many values: an honest document of the size that `SecRequestBodyNoFilesLimit` allows has fewer.
pub(super) const VALUES_MAX: usize = 10_000;
/// The values of one expression may come to this many times the document: elements that nest repeat what is in them.
pub(super) const TIMES_DOCUMENT_MAX: usize = 16;
/// Namespaces that are declared at the same time, at the most: each name is looked up among them.
pub(super) const NAMESPACES_MAX: usize = 256;

/// What the prefix `xml` stands for, declared or not.
const XML_NAMESPACE: &[u8] = b"http://www.w3.org/XML/1998/namespace";

/// The value of an attribute or where an element's or a text's lies in the text of the document.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Attribute(Span),
    Text(Range<usize>),
}

/// Steps that lead to an element, in a bit each: bit `i` says that the first `i` do.
#[derive(Debug, Clone, Copy, Default)]
struct Reached {
    here: u64,
    /// The same of the element and all it is in, as far as the next step looks at any depth.
    within: u64,
}

/// A namespace that an open element declares.
#[derive(Debug)]
struct Binding {
    depth: usize,
    /// Bytes of the document; empty for names without a prefix.
    prefix: Range<usize>,
    name: Span,
}

/// What was found, and what it takes to find it.
#[derive(Debug, Default)]
pub(super) struct Paths {
    /// For each open element, and the document before them, how far each expression leads.
    reached: Vec<Reached>,
    bindings: Vec<Binding>,
    /// Attributes of the element being read, with those that declare namespaces: names, and values.
    tag: Vec<(Range<usize>, Span)>,
    /// Values with the numbers of their expressions, in the order in which they begin.
    found: Vec<(usize, Value)>,
    /// Of the values of open elements: how deep the element is, and where the value is in `found`.
    open: Vec<(usize, usize)>,
    /// For each expression, the number of values and their bytes that may still come.
    room: Vec<(usize, usize)>,
}

impl Paths {
    pub(super) fn begin(&mut self, paths: &[XmlPath], document_bytes: usize) {
        let Self { reached, bindings, tag, found, open, room } = self;
        bindings.clear();
        tag.clear();
        found.clear();
        open.clear();
        room.clear();
        reached.clear();
        for path in paths {
            reached.push(Reached { here: 1, within: 1 & anywhere(path) });
            room.push((VALUES_MAX, document_bytes.saturating_mul(TIMES_DOCUMENT_MAX)));
        }
    }

    /// Gives back memory that grew beyond measure.
    pub(super) fn shrink(&mut self) {
        let Self { reached, bindings, tag, found, open, room: _ } = self;
        shrink(reached);
        shrink(bindings);
        shrink(tag);
        shrink(found);
        shrink(open);
    }

    /// A tag begins.
    pub(super) fn begin_tag(&mut self) {
        self.tag.clear();
    }

    /// The tag at hand has an attribute, maybe one that declares a namespace.
    pub(super) fn attribute(&mut self, name: Range<usize>, value: Span) {
        self.tag.push((name, value));
    }

    /// The tag at hand, of an element of this name, has ended; its text begins at `from`.
    pub(super) fn open(
        &mut self,
        (paths, bytes, store): (&[XmlPath], &[u8], &Store),
        name: Range<usize>,
        from: usize,
    ) -> Result<(), XmlError> {
        let depth = self.reached.len() / paths.len();
        for (name, value) in &self.tag {
            if let Some(prefix) = declared(bytes, name.clone()) {
                if self.bindings.len() == NAMESPACES_MAX {
                    return Err(XmlError::TooManyNamespaces);
                }
                self.bindings.push(Binding { depth, prefix, name: *value });
            }
        }
        let parents = self.reached.len() - paths.len();
        let (namespace, local) = self.resolve(bytes, store, name, true);
        for (number, path) in paths.iter().enumerate() {
            let parent = self.reached[parents + number];
            let mut here = 0;
            for (at, step) in path.steps.iter().enumerate() {
                let from = if step.is_anywhere { parent.within } else { parent.here };
                if let XmlNode::Element(name) = &step.node
                    && from >> at & 1 == 1
                    && name.is(namespace, local)
                {
                    here |= 2 << at;
                }
            }
            self.reached.push(Reached { here, within: parent.within | here & anywhere(path) });
        }
        for (number, path) in paths.iter().enumerate() {
            let last = path.steps.len() - 1;
            let reached = self.reached[self.reached.len() - paths.len() + number];
            match &path.steps[last].node {
                XmlNode::Element(_) if reached.here >> last & 2 == 2 => {
                    self.add(number, Value::Text(from..from))?;
                    self.open.push((depth, self.found.len() - 1));
                }
                XmlNode::Attribute(wanted) if reached.leads_to(path) => {
                    for at in 0..self.tag.len() {
                        let (name, value) = self.tag[at].clone();
                        if declared(bytes, name.clone()).is_some() {
                            continue;
                        }
                        let (namespace, local) = self.resolve(bytes, store, name, false);
                        if wanted.is(namespace, local) {
                            self.add(number, Value::Attribute(value))?;
                        }
                    }
                }
                XmlNode::Element(_) | XmlNode::Attribute(_) | XmlNode::Text => {}
            }
        }
        Ok(())
    }

    /// The element at hand has ended, and its text at `end`.
    pub(super) fn close(&mut self, paths: &[XmlPath], end: usize) -> Result<(), XmlError> {
        self.reached.truncate(self.reached.len() - paths.len());
        let depth = self.reached.len() / paths.len();
        while self.bindings.pop_if(|binding| binding.depth == depth).is_some() {}
        while let Some((_, at)) = self.open.pop_if(|(open, _)| *open == depth) {
            self.end(at, end)?;
        }
        Ok(())
    }

    /// The element at hand holds a text.
    pub(super) fn text(&mut self, paths: &[XmlPath], text: Range<usize>) -> Result<(), XmlError> {
        for (number, path) in paths.iter().enumerate() {
            let reached = self.reached[self.reached.len() - paths.len() + number];
            if matches!(path.steps.last(), Some(step) if step.node == XmlNode::Text) && reached.leads_to(path) {
                let length = text.len();
                self.add(number, Value::Text(text.clone()))?;
                self.spend(number, length)?;
            }
        }
        Ok(())
    }

    /// The document has ended, or what can be read of it: the numbers of expressions, and values.
    pub(super) fn finish(&mut self, end: usize) -> impl Iterator<Item = (usize, Value)> + '_ {
        while let Some((_, at)) = self.open.pop() {
            // What is beyond the limit was left out before.
            let _ = self.end(at, end);
        }
        self.found.drain(..)
    }

    fn add(&mut self, number: usize, value: Value) -> Result<(), XmlError> {
        let (values, _) = &mut self.room[number];
        *values = values.checked_sub(1).ok_or(XmlError::TooManyChosen)?;
        self.found.push((number, value));
        Ok(())
    }

    fn end(&mut self, at: usize, end: usize) -> Result<(), XmlError> {
        let (number, Value::Text(range)) = &mut self.found[at] else { return Ok(()) };
        let number = *number;
        range.end = end;
        let length = range.len();
        let spent = self.spend(number, length);
        if spent.is_err() {
            self.found[at].1 = Value::Text(end..end);
        }
        spent
    }

    fn spend(&mut self, number: usize, bytes: usize) -> Result<(), XmlError> {
        let (_, room) = &mut self.room[number];
        *room = room.checked_sub(bytes).ok_or(XmlError::TooMuchChosen)?;
        Ok(())
    }

    /// The namespace and the local part of a name.
    fn resolve<'r>(
        &self,
        bytes: &'r [u8],
        store: &'r Store,
        name: Range<usize>,
        is_element: bool,
    ) -> (Option<&'r [u8]>, &'r [u8]) {
        let name = &bytes[name];
        let (prefix, local) = match memchr::memchr(b':', name) {
            Some(at) if at > 0 && at + 1 < name.len() => (&name[..at], &name[at + 1..]),
            _ => (&b""[..], name),
        };
        if prefix.is_empty() && !is_element {
            return (None, local);
        }
        let binding = self.bindings.iter().rev().find(|binding| bytes[binding.prefix.clone()] == *prefix);
        match binding.map(|binding| store.slice(binding.name)) {
            Some(b"") if prefix.is_empty() => (None, local),
            Some(namespace) => (Some(namespace), local),
            None if prefix.is_empty() => (None, local),
            None if prefix == b"xml" => (Some(XML_NAMESPACE), local),
            None => (None, name),
        }
    }
}

impl Reached {
    /// Whether the last step of an expression looks at what is in the element.
    fn leads_to(self, path: &XmlPath) -> bool {
        let last = path.steps.len() - 1;
        let from = if path.steps[last].is_anywhere { self.within } else { self.here };
        from >> last & 1 == 1
    }
}

/// The steps of an expression that look at any depth, in a bit each.
fn anywhere(path: &XmlPath) -> u64 {
    path.steps.iter().enumerate().fold(0, |bits, (at, step)| bits | u64::from(step.is_anywhere) << at)
}

/// The prefix that an attribute of this name declares, if it declares one.
fn declared(bytes: &[u8], name: Range<usize>) -> Option<Range<usize>> {
    match bytes[name.clone()].strip_prefix(b"xmlns")? {
        [] => Some(name.end..name.end),
        [b':', ..] => Some(name.start + b"xmlns:".len()..name.end),
        _ => None,
    }
}
