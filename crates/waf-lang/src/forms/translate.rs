//! Trees in the names of one form into trees in the names of the API, member by member after the [`schema`] tables.
//!
//! Everything a file says is translated or reported: an unknown argument, a block too many, a word where a number
//! belongs. Whether the result makes sense is for the loader, which reports in the places kept here.
//!
//! [`schema`]: super::schema

mod form_names;
mod special;

use std::ops::Range;

pub(super) use self::form_names::Naming;
pub(super) use self::special::{BODY_LIMITS, IDENTIFIER_LISTS};
use super::schema::{Kind as Shape, Member, Structure};
use crate::aws::{SearchEncoding, decode_search_string};
use crate::document::{Entry, Kind, Node, Value};
use crate::report::{Report, quoted};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Translates the trees of one form.
#[derive(Debug)]
pub(super) struct Translator<'r> {
    pub(super) naming: Naming,
    /// How JSON of the API writes search strings, where that is decided here and not by the loader.
    pub(super) search: Option<SearchEncoding>,
    pub(super) report: &'r mut Report,
}

impl Translator<'_> {
    /// Translates a structure; `besides` are keys that the caller reads itself.
    pub(super) fn structure(&mut self, structure: &'static Structure, node: Node<'_>, besides: &[&str]) -> Value {
        // Terraform's state writes a block without arguments as null.
        if node.value().kind == Kind::Null && self.naming == Naming::TerraformState {
            return value(node.range(), Kind::Object(Vec::new()));
        }
        let Some(entries) = node.object(self.report) else { return invalid(node.range()) };
        let mut translated: Vec<Entry> = Vec::new();
        for (key, node) in entries {
            if besides.contains(&key.text()) {
                continue;
            }
            let found = match self.naming.member(structure, key.text()) {
                Some(member) if self.naming.is_absent(member, node) => None,
                Some(member) => {
                    let value = self.member(structure, member, node);
                    Some(Entry { key: member.name.to_owned(), key_range: key.range(), value })
                }
                None => self.foreign_member(structure, key, node),
            };
            let Some(found) = found else { continue };
            if translated.iter().any(|entry| entry.key == found.key) {
                let message = format!("{} is given twice", quoted(&found.key));
                self.report.push(key.error("duplicate-key", message));
                continue;
            }
            translated.push(found);
        }
        self.add_defaults(structure, node, &mut translated);
        value(node.range(), Kind::Object(translated))
    }

    /// Translates the value of a member.
    pub(super) fn member(&mut self, structure: &'static Structure, member: &'static Member, node: Node<'_>) -> Value {
        if let Some(special) = self.special(structure, member, node) {
            return special;
        }
        match member.kind {
            Shape::Text => self.text(node),
            Shape::Whole => self.whole(node),
            Shape::Flag => self.flag(node),
            Shape::Blob => self.blob(node),
            Shape::Texts => self.list(node, |this, item| this.text(item)),
            Shape::Wholes => self.list(node, |this, item| this.whole(item)),
            Shape::One(inner) => match self.only_block(node) {
                Some(node) => self.structure(inner, node, &[]),
                None => invalid(node.range()),
            },
            Shape::Many(inner) => self.list(node, |this, item| this.structure(inner, item, &[])),
            Shape::Map(inner) => self.map(node, inner),
        }
    }

    fn unknown_member(&mut self, structure: &Structure, key: crate::document::Key<'_>) {
        let message = format!("unknown {} {}", self.naming.member_word(), quoted(key.text()));
        let mut problem = key.error("unknown-field", message).label(format!("not one of {}", structure.name));
        let known = structure.members.iter().filter_map(|member| self.naming.name(member));
        problem.help = self.report.did_you_mean(key.text(), known);
        self.report.push(problem);
    }

    /// A block that may stand once: Terraform's trees have lists of blocks.
    fn only_block<'d>(&mut self, node: Node<'d>) -> Option<Node<'d>> {
        if !self.naming.is_terraform() {
            return Some(node);
        }
        let Some(mut blocks) = node.as_array() else { return Some(node) };
        let first = blocks.next();
        if let Some(second) = blocks.next() {
            self.report.push(second.error("more-than-one", "this block may stand once only"));
        }
        first
    }

    fn list(&mut self, node: Node<'_>, read: impl Fn(&mut Self, Node<'_>) -> Value) -> Value {
        let Some(items) = node.array(self.report) else { return invalid(node.range()) };
        let items = items.into_iter().map(|item| read(self, item)).collect();
        value(node.range(), Kind::Array(items))
    }

    fn map(&mut self, node: Node<'_>, inner: &'static Structure) -> Value {
        let Some(entries) = node.object(self.report) else { return invalid(node.range()) };
        let entries = entries
            .into_iter()
            .map(|(key, node)| Entry {
                key: key.text().to_owned(),
                key_range: key.range(),
                value: self.structure(inner, node, &[]),
            })
            .collect();
        value(node.range(), Kind::Object(entries))
    }

    /// Terraform and CloudFormation turn numbers and booleans into text where text is wanted, and back.
    fn text(&mut self, node: Node<'_>) -> Value {
        let kind = match &node.value().kind {
            Kind::Number(text) if self.naming.converts() => Kind::String(text.clone()),
            Kind::Bool(flag) if self.naming.converts() => Kind::String(flag.to_string()),
            kind => kind.clone(),
        };
        if !matches!(kind, Kind::String(_)) {
            node.mismatch("a string", self.report);
            return invalid(node.range());
        }
        value(node.range(), kind)
    }

    fn whole(&mut self, node: Node<'_>) -> Value {
        let number = match &node.value().kind {
            Kind::Number(text) => Some(text.clone()),
            Kind::String(text) if self.naming.converts() && text.parse::<i64>().is_ok() => Some(text.clone()),
            _ => None,
        };
        let Some(number) = number else {
            node.mismatch("a whole number", self.report);
            return invalid(node.range());
        };
        value(node.range(), Kind::Number(number))
    }

    fn flag(&mut self, node: Node<'_>) -> Value {
        let flag = match (node.as_bool(), node.as_str()) {
            (Some(flag), _) => Some(flag),
            (None, Some("true")) if self.naming.converts() => Some(true),
            (None, Some("false")) if self.naming.converts() => Some(false),
            _ => None,
        };
        let Some(flag) = flag else {
            node.mismatch("true or false", self.report);
            return invalid(node.range());
        };
        value(node.range(), Kind::Bool(flag))
    }

    fn blob(&mut self, node: Node<'_>) -> Value {
        if node.as_blob().is_some() {
            return node.value().clone();
        }
        // JSON of the API says nothing of the encoding: it is decided for the whole document.
        if let Some(encoding) = self.search {
            let bytes = decode_search_string(node, encoding, false, self.report);
            return bytes.map_or_else(|| invalid(node.range()), |bytes| value(node.range(), Kind::Blob(bytes)));
        }
        match self.text(node).kind {
            Kind::String(text) => value(node.range(), Kind::Blob(text.into_bytes())),
            _ => invalid(node.range()),
        }
    }

    /// Reads bytes written in base64.
    fn base64(&mut self, node: Node<'_>) -> Value {
        let Some(text) = node.string(self.report) else { return invalid(node.range()) };
        match STANDARD.decode(text) {
            Ok(bytes) => value(node.range(), Kind::Blob(bytes)),
            Err(_) => {
                self.report.push(node.error("bad-base64", format!("{} is not base64", quoted(text))));
                invalid(node.range())
            }
        }
    }
}

pub(super) fn value(range: Range<usize>, kind: Kind) -> Value {
    Value { range, kind }
}

pub(super) fn invalid(range: Range<usize>) -> Value {
    Value { range, kind: Kind::Invalid }
}

pub(super) fn entry(key: &str, range: Range<usize>, kind: Kind) -> Entry {
    Entry { key: key.to_owned(), key_range: range.clone(), value: Value { range, kind } }
}
