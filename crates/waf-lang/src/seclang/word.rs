//! Words of a directive, which know where each of their bytes stands in the file.

use std::ops::Range;

use sekisho_model::{Diagnostic, SourceFile, Span};

/// A word as it reads: without its quotes, the escapes of quotes and the breaks of lines.
#[derive(Debug, Clone)]
pub(super) struct Word {
    file: SourceFile,
    text: String,
    /// Where runs of the text stand: offset in the text, offset in the file. In order; the first is for offset 0.
    runs: Vec<(usize, usize)>,
}

impl Word {
    /// An empty word at a place.
    pub(super) fn new(file: &SourceFile, at: usize) -> Self {
        Self { file: file.clone(), text: String::new(), runs: vec![(0, at)] }
    }

    /// Adds a run of the file as it stands.
    pub(super) fn push(&mut self, range: Range<usize>) {
        let Some(text) = self.file.text().get(range.clone()) else { return };
        if text.is_empty() {
            return;
        }
        let expected = self.runs.last().map_or(0, |(text_at, file_at)| file_at + (self.text.len() - text_at));
        if expected != range.start {
            if self.text.is_empty() {
                self.runs.clear();
            }
            self.runs.push((self.text.len(), range.start));
        }
        self.text.push_str(text);
    }

    /// Adds a part of another word.
    pub(super) fn append(&mut self, part: Part<'_>) {
        let mut at = part.start;
        while at < part.end {
            let next = part.word.runs.partition_point(|(text_at, _)| *text_at <= at);
            let until = part.word.runs.get(next).map_or(part.end, |(text_at, _)| (*text_at).min(part.end));
            let from = part.word.place(at);
            self.push(from..from + (until - at));
            at = until;
        }
    }

    /// The whole of it.
    pub(super) fn part(&self) -> Part<'_> {
        Part { word: self, start: 0, end: self.text.len() }
    }

    fn place(&self, offset: usize) -> usize {
        let at = self.runs.partition_point(|(text_at, _)| *text_at <= offset);
        let (text_at, file_at) = self.runs[at.saturating_sub(1)];
        file_at + (offset - text_at)
    }
}

/// A part of a word.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'a> {
    word: &'a Word,
    start: usize,
    end: usize,
}

impl<'a> Part<'a> {
    pub(super) fn text(self) -> &'a str {
        &self.word.text[self.start..self.end]
    }

    pub(super) fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The part of it in this range, which must begin and end between characters.
    pub(super) fn sub(self, range: Range<usize>) -> Self {
        let start = self.start + range.start;
        Self { word: self.word, start, end: (self.start + range.end).max(start) }
    }

    /// From here to the end.
    pub(super) fn from(self, start: usize) -> Self {
        self.sub(start..self.end - self.start)
    }

    /// Without white space around it.
    pub(super) fn trim(self) -> Self {
        let text = self.text();
        let left = text.len() - text.trim_start().len();
        self.sub(left..left.max(text.trim_end().len()))
    }

    /// What stands before and after the first of these characters.
    pub(super) fn split_once(self, mark: impl Fn(char) -> bool) -> Option<(Self, Self)> {
        let text = self.text();
        let at = text.find(&mark)?;
        let length = text[at..].chars().next().map_or(0, char::len_utf8);
        Some((self.sub(0..at), self.from(at + length)))
    }

    /// The parts between these characters.
    pub(super) fn split(self, mark: char) -> impl Iterator<Item = Self> {
        let mut at = 0;
        self.text().split(mark).map(move |piece| {
            let part = self.sub(at..at + piece.len());
            at += piece.len() + mark.len_utf8();
            part
        })
    }

    /// The parts between white space.
    pub(super) fn split_white_space(self) -> impl Iterator<Item = Self> {
        let base = self.text().as_ptr() as usize;
        self.text().split_whitespace().map(move |piece| {
            let at = piece.as_ptr() as usize - base;
            self.sub(at..at + piece.len())
        })
    }

    /// Without single quotes around it.
    pub(super) fn unquoted(self) -> Self {
        let text = self.text();
        if text.len() >= 2 && text.starts_with('\'') && text.ends_with('\'') {
            return self.sub(1..text.len() - 1);
        }
        self
    }

    /// Where it stands in the file.
    pub(super) fn range(self) -> Range<usize> {
        let start = self.word.place(self.start);
        // The end is the place after the last byte, which another run may not touch.
        let end = match self.end {
            end if end > self.start => self.word.place(end - 1) + 1,
            _ => start,
        };
        start..end.max(start)
    }

    /// An empty word that begins where it does.
    pub(super) fn empty_word(self) -> Word {
        Word::new(self.file(), self.range().start)
    }

    /// Where it stands.
    pub(super) fn span(self) -> Span {
        Span { file: self.file().clone(), range: self.range() }
    }

    pub(super) fn file(self) -> &'a SourceFile {
        &self.word.file
    }

    pub(super) fn error(self, code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, message).at(self.file(), self.range())
    }

    pub(super) fn warning(self, code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::warning(code, message).at(self.file(), self.range())
    }
}
