//! Rule files as statements: a directive and its words.
//!
//! A line that ends in a backslash goes on in the next. Words are parted by white space; one that begins with a quote ends
//! at the same quote, and a backslash before that quote takes it into the word. No other escape is touched: what a
//! backslash means is up to whoever reads the word.
//!
//! Source: ModSecurity 3's behaviour; Apache HTTP Server, "Configuration Files", "Syntax of the Configuration Files".

use sekisho_model::{Diagnostic, SourceFile};

use super::word::Word;
use crate::report::Report;

/// A directive and its arguments.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) name: Word,
    pub(super) arguments: Vec<Word>,
    /// The line it begins on, from 1.
    pub(super) line: u32,
}

/// Takes a file apart. What cannot be read is reported, and reading goes on in the next line.
pub(super) fn statements(file: &SourceFile, report: &mut Report) -> Vec<Statement> {
    let mut found = Vec::new();
    let mut reader = Reader { file, bytes: file.text().as_bytes(), at: 0, line: 1 };
    while reader.at < reader.bytes.len() {
        match reader.statement() {
            Ok(Some(statement)) => found.push(statement),
            Ok(None) => {}
            Err(problem) => {
                report.push(*problem);
                reader.skip_continued();
            }
        }
    }
    found
}

struct Reader<'a> {
    file: &'a SourceFile,
    bytes: &'a [u8],
    at: usize,
    line: u32,
}

impl Reader<'_> {
    /// The next statement; `None` at an empty line, a comment or the end.
    fn statement(&mut self) -> Result<Option<Statement>, Box<Diagnostic>> {
        self.blanks();
        let line = self.line;
        match self.bytes.get(self.at) {
            None => return Ok(None),
            Some(b'#') => {
                self.comment();
                return Ok(None);
            }
            Some(_) => {}
        }
        if self.end_of_line() {
            return Ok(None);
        }
        let name = self.word()?;
        let mut arguments = Vec::new();
        loop {
            self.blanks();
            if self.at >= self.bytes.len() || self.end_of_line() {
                return Ok(Some(Statement { name, arguments, line }));
            }
            arguments.push(self.word()?);
        }
    }

    /// A comment ends with its line, unless a rule was commented out: then with the rule.
    fn comment(&mut self) {
        let text = &self.file.text()[self.at..];
        let body = text.trim_start_matches('#').trim_start_matches([' ', '\t']);
        let is_rule = ["SecRule", "SecAction"]
            .iter()
            .any(|name| body.get(..name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name)));
        if is_rule {
            self.skip_continued();
        } else {
            self.skip_line();
        }
    }

    /// Goes past this line and those it goes on in.
    fn skip_continued(&mut self) {
        loop {
            let start = self.at;
            self.skip_line();
            if !continues(&self.bytes[start..self.at]) || self.at >= self.bytes.len() {
                return;
            }
        }
    }

    /// Goes past white space within a line and past breaks of a line.
    fn blanks(&mut self) {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\t' | b'\x0b' | b'\x0c') => self.at += 1,
                Some(b'\r') if self.bytes.get(self.at + 1) != Some(&b'\n') => self.at += 1,
                _ => match self.line_break() {
                    Some(length) => {
                        self.at += length;
                        self.line += 1;
                    }
                    None => return,
                },
            }
        }
    }

    /// How long the break of a line is that stands here: a backslash and the end of the line.
    fn line_break(&self) -> Option<usize> {
        match self.bytes.get(self.at..)? {
            [b'\\', b'\n', ..] => Some(2),
            [b'\\', b'\r', b'\n', ..] => Some(3),
            _ => None,
        }
    }

    /// Goes past the end of a line, if one stands here.
    fn end_of_line(&mut self) -> bool {
        let length = match self.bytes.get(self.at..) {
            Some([b'\n', ..]) => 1,
            Some([b'\r', b'\n', ..]) => 2,
            _ => return false,
        };
        self.at += length;
        self.line += 1;
        true
    }

    fn skip_line(&mut self) {
        match self.bytes[self.at..].iter().position(|&byte| byte == b'\n') {
            Some(length) => {
                self.at += length + 1;
                self.line += 1;
            }
            None => self.at = self.bytes.len(),
        }
    }

    fn word(&mut self) -> Result<Word, Box<Diagnostic>> {
        match self.bytes[self.at] {
            quote @ (b'"' | b'\'') => self.quoted(quote),
            _ => Ok(self.bare()),
        }
    }

    fn bare(&mut self) -> Word {
        let mut word = Word::new(self.file, self.at);
        let mut start = self.at;
        while let Some(&byte) = self.bytes.get(self.at) {
            if matches!(byte, b' ' | b'\t' | b'\n' | b'\x0b' | b'\x0c' | b'\r') {
                break;
            }
            if let Some(length) = self.line_break() {
                word.push(start..self.at);
                self.at += length;
                self.line += 1;
                start = self.at;
                continue;
            }
            self.at += 1;
        }
        word.push(start..self.at);
        word
    }

    fn quoted(&mut self, quote: u8) -> Result<Word, Box<Diagnostic>> {
        let (opened, opened_line) = (self.at, self.line);
        self.at += 1;
        let mut word = Word::new(self.file, self.at);
        let mut start = self.at;
        loop {
            match self.bytes.get(self.at) {
                Some(&byte) if byte == quote => {
                    word.push(start..self.at);
                    self.at += 1;
                    return self.closed(word);
                }
                Some(b'\\') if self.bytes.get(self.at + 1) == Some(&quote) => {
                    word.push(start..self.at);
                    start = self.at + 1;
                    self.at += 2;
                }
                Some(b'\\') => match self.line_break() {
                    Some(length) => {
                        word.push(start..self.at);
                        self.at += length;
                        self.line += 1;
                        start = self.at;
                    }
                    // What a backslash escapes is not looked at, unless that is a quote or the end of a line.
                    None if self.bytes.get(self.at + 1) == Some(&b'\\') => self.at += 2,
                    None => self.at += 1,
                },
                Some(b'\n') | None => {
                    (self.at, self.line) = (opened, opened_line);
                    return Err(Box::new(self.unclosed(opened)));
                }
                Some(_) => self.at += 1,
            }
        }
    }

    /// After a closing quote a word has ended.
    fn closed(&self, word: Word) -> Result<Word, Box<Diagnostic>> {
        let next = self.bytes.get(self.at);
        if next.is_none_or(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'\x0b' | b'\x0c'))
            || self.line_break().is_some()
        {
            return Ok(word);
        }
        let message = "a word begins right after a closing quote";
        let help = "put a space between them, or a backslash before a quote that belongs to the text";
        let end = self.at + self.file.text()[self.at..].chars().next().map_or(0, char::len_utf8);
        Err(Box::new(Diagnostic::error("misplaced-quote", message).at(self.file, self.at..end).help(help)))
    }

    fn unclosed(&self, opened: usize) -> Diagnostic {
        Diagnostic::error("unclosed-quote", "the quote is not closed before the end of the line")
            .at(self.file, opened..opened + 1)
            .help("close it, or end the line with a backslash if the text goes on in the next")
    }
}

/// Whether a line, its end included, goes on in the next.
fn continues(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line).ends_with(b"\\")
}
