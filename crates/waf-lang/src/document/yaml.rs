//! YAML with places, for the rules that ship: the part of YAML 1.2 that means the same to every reader.
//!
//! Anchors, aliases and tags are refused: they let a short text stand for a large tree. The events come from
//! `saphyr-parser`; this module builds the tree, resolves plain scalars by the core schema and bounds the depth.
//!
//! Source: YAML 1.2.2, section 10.3 (core schema).

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};
use sekisho_model::SourceFile;

use super::{DEPTH_MAX, Entry, Kind, Value, without_duplicates};
use crate::report::Report;

/// Reads the only document of the text; none if it could not be read to its end.
///
/// With `functions`, tags such as `!Ref` stand for objects of one key, as CloudFormation reads them: `{"Ref": …}`,
/// `{"Fn::Sub": …}`. Source: AWS CloudFormation User Guide, "Intrinsic function reference".
pub(super) fn read(file: &SourceFile, functions: bool, report: &mut Report) -> Option<Value> {
    let text = file.text();
    let offset = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let body = &text[offset..];
    let places = Places::of(body);
    let mut builder = Builder { file, functions, offset, places, open: Vec::new(), root: None, report };
    for event in Parser::new_from_str(body) {
        match event {
            Ok((event, span)) => builder.take(event, span)?,
            Err(error) => {
                let at = offset + builder.places.byte(error.marker().index());
                builder.report.error(file, at..at, "yaml-syntax", error.info().to_lowercase());
                return None;
            }
        }
    }
    if builder.root.is_none() {
        builder.report.error(file, 0..0, "unexpected-end", "the file holds no document");
    }
    builder.root
}

/// Character positions, which the parser counts in, to byte positions.
struct Places(Option<Vec<usize>>);

impl Places {
    fn of(text: &str) -> Self {
        // Most rule files are ASCII, where the two are the same.
        Self((!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).chain([text.len()]).collect()))
    }

    fn byte(&self, character: usize) -> usize {
        match &self.0 {
            None => character,
            Some(places) => places.get(character).or(places.last()).copied().unwrap_or(0),
        }
    }
}

/// A collection being read.
struct Open {
    start: usize,
    end: usize,
    kind: OpenKind,
    /// The function that it is the argument of.
    function: Option<String>,
}

enum OpenKind {
    Sequence(Vec<Value>),
    Mapping { entries: Vec<Entry>, key: Option<(String, Range<usize>)> },
}

struct Builder<'a> {
    file: &'a SourceFile,
    functions: bool,
    offset: usize,
    places: Places,
    open: Vec<Open>,
    root: Option<Value>,
    report: &'a mut Report,
}

impl Builder<'_> {
    /// None when the reading cannot go on; the problem is reported.
    fn take(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        let range =
            self.offset + self.places.byte(span.start.index())..self.offset + self.places.byte(span.end.index());
        match event {
            Event::Scalar(text, _, 0, Some(tag)) if self.is_function(&tag) => {
                let argument = Value { range: range.clone(), kind: Kind::String(text.into_owned()) };
                self.put(called(&function_name(&tag), range, argument))
            }
            Event::SequenceStart(0, Some(tag)) if self.is_function(&tag) => {
                self.push(range, OpenKind::Sequence(Vec::new()), Some(function_name(&tag)))
            }
            Event::MappingStart(0, Some(tag)) if self.is_function(&tag) => {
                self.push(range, OpenKind::Mapping { entries: Vec::new(), key: None }, Some(function_name(&tag)))
            }
            Event::Scalar(text, style, 0, None) => {
                if let Some(Open { kind: OpenKind::Mapping { key: key @ None, .. }, .. }) = self.open.last_mut() {
                    *key = Some((text.into_owned(), range));
                    return Some(());
                }
                let kind = if style == ScalarStyle::Plain { resolve(&text) } else { Kind::String(text.into_owned()) };
                self.put(Value { range, kind })
            }
            Event::SequenceStart(0, None) => self.push(range, OpenKind::Sequence(Vec::new()), None),
            Event::MappingStart(0, None) => {
                self.push(range, OpenKind::Mapping { entries: Vec::new(), key: None }, None)
            }
            Event::SequenceEnd | Event::MappingEnd => self.pop(&range),
            Event::Alias(_) => self.stop(range, "yaml-alias", "aliases are not accepted"),
            Event::Scalar(..) | Event::SequenceStart(..) | Event::MappingStart(..) => {
                self.stop(range, "yaml-anchor", "anchors and tags are not accepted")
            }
            Event::DocumentStart(_) if self.root.is_some() => {
                self.stop(range, "trailing-text", "expected the end of the file after the document")
            }
            Event::DocumentStart(_) | Event::DocumentEnd | Event::StreamStart | Event::StreamEnd | Event::Nothing => {
                Some(())
            }
        }
    }

    fn push(&mut self, range: Range<usize>, kind: OpenKind, function: Option<String>) -> Option<()> {
        if self.open.len() == DEPTH_MAX {
            return self.stop(range, "nested-too-deep", &format!("nested deeper than {DEPTH_MAX} levels"));
        }
        self.open.push(Open { start: range.start, end: range.end, kind, function });
        Some(())
    }

    fn pop(&mut self, range: &Range<usize>) -> Option<()> {
        let open = self.open.pop().expect("the parser balances starts and ends");
        // A block collection ends where the next thing begins, far below its last line: its last member ends it.
        let end = if range.is_empty() { open.end } else { range.end };
        let kind = match open.kind {
            OpenKind::Sequence(values) => Kind::Array(values),
            OpenKind::Mapping { entries, .. } => Kind::Object(without_duplicates(self.file, entries, self.report)),
        };
        let value = Value { range: open.start..end, kind };
        match open.function {
            Some(function) => self.put(called(&function, open.start..end, value)),
            None => self.put(value),
        }
    }

    fn is_function(&self, tag: &Tag) -> bool {
        self.functions && tag.handle == "!" && tag.suffix.bytes().all(|byte| byte.is_ascii_alphanumeric())
    }

    /// Puts a finished value where it belongs.
    fn put(&mut self, value: Value) -> Option<()> {
        let range = value.range.clone();
        let Some(open) = self.open.last_mut() else {
            self.root = Some(value);
            return Some(());
        };
        open.end = open.end.max(range.end);
        match &mut open.kind {
            OpenKind::Sequence(values) => values.push(value),
            OpenKind::Mapping { entries, key } => match key.take() {
                Some((key, key_range)) => entries.push(Entry { key, key_range, value }),
                None => return self.stop(range, "yaml-key", "expected a plain word as key"),
            },
        }
        Some(())
    }

    fn stop(&mut self, range: Range<usize>, code: &'static str, message: &str) -> Option<()> {
        self.report.error(self.file, range, code, message);
        None
    }
}

/// What CloudFormation calls the function of a tag in full.
fn function_name(tag: &Tag) -> String {
    match tag.suffix.as_str() {
        name @ ("Ref" | "Condition") => name.to_owned(),
        name => format!("Fn::{name}"),
    }
}

/// An object that calls a function.
fn called(function: &str, range: Range<usize>, argument: Value) -> Value {
    let entry = Entry { key: function.to_owned(), key_range: range.clone(), value: argument };
    Value { range, kind: Kind::Object(vec![entry]) }
}

/// What a plain scalar stands for.
fn resolve(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        _ if is_number(text) => Kind::Number(text.to_owned()),
        _ => Kind::String(text.to_owned()),
    }
}

/// Whether the core schema reads this as a number.
fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let based = |prefix: &str, base: u32| {
        unsigned
            .strip_prefix(prefix)
            .is_some_and(|digits| !digits.is_empty() && digits.chars().all(|c| c.is_digit(base)))
    };
    // Rust reads the same decimal forms, and `inf` and `nan` besides: those begin with a letter here.
    let decimal = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') && unsigned.parse::<f64>().is_ok();
    decimal
        || based("0x", 16)
        || based("0o", 8)
        || matches!(unsigned, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN")
}
