//! One tree with places for every text a person writes rules in: JSON now, YAML for the rules that ship.
//!
//! A reader turns text into a [`Document`] and reports what is wrong with the syntax; what the tree means is for the
//! language that lowers it. A part that could not be read but could be stepped over stands in the tree as
//! [`Kind::Invalid`]: its problem is reported already, so nobody reports it again.

mod expect;
mod json;
mod yaml;

use std::ops::Range;

use sekisho_model::{Diagnostic, Diagnostics, SourceFile, Span};

use crate::report::Report;

/// Texts larger than this are refused. The largest AWS documents, IP sets of 10,000 ranges, take less than 1 MB; sets of a
/// million ranges, which are kept in the same form, some 50 MB.
pub const TEXT_BYTES_MAX: usize = 64 << 20;
/// Deeper nesting is refused. AWS statements take three levels each, so this leaves room for eighty of them.
pub const DEPTH_MAX: usize = 256;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Value {
    /// Byte range in the text.
    pub(crate) range: Range<usize>,
    /// What it is.
    pub(crate) kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// Could not be read; the reader reported why.
    Invalid,
    Null,
    Bool(bool),
    /// A number as written.
    Number(String),
    /// A string, escapes resolved.
    String(String),
    /// Bytes whose encoding is settled: a search string of a form that says which it uses.
    Blob(Vec<u8>),
    Array(Vec<Value>),
    /// Keys are distinct, in the order written.
    Object(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_range: Range<usize>,
    pub(crate) value: Value,
}

/// A text and the tree read from it.
#[derive(Debug, Clone)]
pub struct Document {
    file: SourceFile,
    root: Value,
}

impl Document {
    /// Reads strict JSON (RFC 8259): no comments, no trailing commas, no duplicate keys. A UTF-8 byte order mark is
    /// stepped over. Gives no document if the text could not be read to its end.
    ///
    /// # Limits
    ///
    /// [`TEXT_BYTES_MAX`] and [`DEPTH_MAX`].
    #[must_use]
    pub fn from_json(file: &SourceFile) -> (Option<Self>, Diagnostics) {
        let mut report = Report::new();
        let document = Self::read_json(file, &mut report);
        (document, report.into_diagnostics())
    }

    /// Reads one YAML 1.2 document of the core schema, without anchors, aliases, tags and duplicate keys.
    ///
    /// # Limits
    ///
    /// [`TEXT_BYTES_MAX`] and [`DEPTH_MAX`].
    #[must_use]
    pub fn from_yaml(file: &SourceFile) -> (Option<Self>, Diagnostics) {
        let mut report = Report::new();
        let document = Self::read_yaml(file, &mut report);
        (document, report.into_diagnostics())
    }

    pub(crate) fn read_json(file: &SourceFile, report: &mut Report) -> Option<Self> {
        let root = if fits(file, report) { json::read(file, report) } else { None }?;
        Some(Self { file: file.clone(), root })
    }

    pub(crate) fn read_yaml(file: &SourceFile, report: &mut Report) -> Option<Self> {
        let root = if fits(file, report) { yaml::read(file, false, report) } else { None }?;
        Some(Self { file: file.clone(), root })
    }

    /// Reads YAML in which tags call functions, as in templates of CloudFormation.
    pub(crate) fn read_template(file: &SourceFile, report: &mut Report) -> Option<Self> {
        let root = if fits(file, report) { yaml::read(file, true, report) } else { None }?;
        Some(Self { file: file.clone(), root })
    }

    /// A tree whose places are those of a file, however it came to be.
    pub(crate) fn of(file: &SourceFile, root: Value) -> Self {
        Self { file: file.clone(), root }
    }

    /// The file it was read from.
    #[must_use]
    pub fn file(&self) -> &SourceFile {
        &self.file
    }

    /// The outermost value.
    #[must_use]
    pub fn root(&self) -> Node<'_> {
        Node { file: &self.file, value: &self.root }
    }
}

fn fits(file: &SourceFile, report: &mut Report) -> bool {
    let fits = file.text().len() <= TEXT_BYTES_MAX;
    if !fits {
        let message = format!("the file has more than {TEXT_BYTES_MAX} bytes");
        report.error(file, 0..0, "file-too-large", message);
    }
    fits
}

/// A value of a document, with its place.
#[derive(Debug, Clone, Copy)]
pub struct Node<'d> {
    file: &'d SourceFile,
    value: &'d Value,
}

impl<'d> Node<'d> {
    /// The file it stands in.
    #[must_use]
    pub fn file(self) -> &'d SourceFile {
        self.file
    }

    /// Its byte range in the file.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.value.range.clone()
    }

    /// What it is, in words: `a string`, `an object` and so on.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match &self.value.kind {
            Kind::Invalid => "an unreadable value",
            Kind::Null => "null",
            Kind::Bool(_) => "a boolean",
            Kind::Number(_) => "a number",
            Kind::String(_) | Kind::Blob(_) => "a string",
            Kind::Array(_) => "an array",
            Kind::Object(_) => "an object",
        }
    }

    /// Whether the reader could not read it and said so.
    #[must_use]
    pub fn is_invalid(self) -> bool {
        self.value.kind == Kind::Invalid
    }

    /// Its text, if it is a string.
    #[must_use]
    pub fn as_str(self) -> Option<&'d str> {
        match &self.value.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    /// Its bytes, if they are known whatever their encoding.
    pub(crate) fn as_blob(self) -> Option<&'d [u8]> {
        match &self.value.kind {
            Kind::Blob(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The value itself.
    pub(crate) fn value(self) -> &'d Value {
        self.value
    }

    /// Its value, if it is a boolean.
    #[must_use]
    pub fn as_bool(self) -> Option<bool> {
        match self.value.kind {
            Kind::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// Its value, if it is a number written as a whole one that fits.
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        match &self.value.kind {
            Kind::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Its elements, if it is an array.
    #[must_use]
    pub fn as_array(self) -> Option<impl ExactSizeIterator<Item = Node<'d>>> {
        match &self.value.kind {
            Kind::Array(values) => Some(values.iter().map(move |value| Node { file: self.file, value })),
            _ => None,
        }
    }

    /// Its entries in the order written, if it is an object.
    #[must_use]
    pub fn as_object(self) -> Option<impl ExactSizeIterator<Item = (Key<'d>, Node<'d>)>> {
        match &self.value.kind {
            Kind::Object(entries) => Some(
                entries
                    .iter()
                    .map(move |entry| (Key { file: self.file, entry }, Node { file: self.file, value: &entry.value })),
            ),
            _ => None,
        }
    }

    /// The value of a key, if it is an object that has it.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Node<'d>> {
        self.as_object()?.find(|(found, _)| found.text() == key).map(|(_, node)| node)
    }

    /// An error that points here.
    #[must_use]
    pub fn error(self, code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, message).at(self.file, self.place())
    }

    /// A warning that points here.
    #[must_use]
    pub fn warning(self, code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::warning(code, message).at(self.file, self.place())
    }

    /// Where to point at it.
    pub(crate) fn span(self) -> Span {
        Span { file: self.file.clone(), range: self.place() }
    }

    /// Where to point: all of a scalar, the opening bracket of what may span many lines.
    fn place(self) -> Range<usize> {
        let range = self.range();
        match self.value.kind {
            Kind::Array(_) | Kind::Object(_) => range.start..range.end.min(range.start + 1),
            _ => range,
        }
    }
}

/// A key of an object, with its place.
#[derive(Debug, Clone, Copy)]
pub struct Key<'d> {
    file: &'d SourceFile,
    entry: &'d Entry,
}

impl<'d> Key<'d> {
    /// The key.
    #[must_use]
    pub fn text(self) -> &'d str {
        &self.entry.key
    }

    /// Its byte range in the file, quotes included.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.entry.key_range.clone()
    }

    /// An error that points at the key.
    #[must_use]
    pub fn error(self, code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, message).at(self.file, self.range())
    }

    /// A warning that points at the key.
    #[must_use]
    pub fn warning(self, code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::warning(code, message).at(self.file, self.range())
    }
}

/// Reports keys that stand more than once and keeps the first of each.
pub(crate) fn without_duplicates(file: &SourceFile, mut entries: Vec<Entry>, report: &mut Report) -> Vec<Entry> {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by(|&a, &b| entries[a].key.cmp(&entries[b].key).then(a.cmp(&b)));
    let mut repeated = vec![false; entries.len()];
    for pair in order.windows(2) {
        repeated[pair[1]] = entries[pair[0]].key == entries[pair[1]].key;
    }
    if !repeated.contains(&true) {
        return entries;
    }
    for (entry, _) in entries.iter().zip(&repeated).filter(|(_, repeated)| **repeated) {
        let message = format!("the key {} stands more than once", crate::report::quoted(&entry.key));
        report.error(file, entry.key_range.clone(), "duplicate-key", message);
    }
    let mut repeated = repeated.into_iter();
    entries.retain(|_| !repeated.next().unwrap_or(false));
    entries
}
