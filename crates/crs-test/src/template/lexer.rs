//! The words of a template's action.
//!
//! Source: Go's `text/template`, the Go specification on constants.

use super::Problem;

/// A word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Name(String),
    Text(Vec<u8>),
    Number(i64),
    Pipe,
    OpenParenthesis,
    CloseParenthesis,
    /// `}}`
    Close,
}

/// Reads the words of one action, from behind its `{{`.
pub(super) struct Lexer<'t> {
    rest: &'t str,
    trims_after: bool,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(rest: &'t str) -> Self {
        Self { rest, trims_after: false }
    }

    /// What has not been read.
    pub(super) fn rest(&self) -> &'t str {
        self.rest
    }

    /// Whether the action ended with `-}}`.
    pub(super) fn trims_after(&self) -> bool {
        self.trims_after
    }

    /// Steps over the whole action if it is a comment.
    pub(super) fn comment(&mut self) -> Result<bool, Problem> {
        let Some(comment) = self.rest.trim_start().strip_prefix("/*") else { return Ok(false) };
        let end = comment.find("*/").ok_or("a comment is not closed")?;
        self.rest = &comment[end + 2..];
        match self.next()? {
            Token::Close => Ok(true),
            _ => Err("only `}}` may follow a comment".to_owned()),
        }
    }

    pub(super) fn next(&mut self) -> Result<Token, Problem> {
        let spaced = self.rest.trim_start();
        let after_space = spaced.len() < self.rest.len();
        self.rest = spaced;
        if after_space && let Some(rest) = self.rest.strip_prefix("-}}") {
            self.rest = rest;
            self.trims_after = true;
            return Ok(Token::Close);
        }
        for (mark, token) in
            [("}}", Token::Close), ("|", Token::Pipe), ("(", Token::OpenParenthesis), (")", Token::CloseParenthesis)]
        {
            if let Some(rest) = self.rest.strip_prefix(mark) {
                self.rest = rest;
                return Ok(token);
            }
        }
        match self.rest.chars().next() {
            None => Err("a `}}` is missing".to_owned()),
            Some('"') => self.quoted(),
            Some('`') => self.raw(),
            Some(first) if first.is_ascii_digit() || matches!(first, '-' | '+') => self.number(),
            Some(first) if first.is_alphabetic() || first == '_' => Ok(Token::Name(self.name())),
            Some(other) => Err(format!("`{}` means nothing here", other.escape_default())),
        }
    }

    fn name(&mut self) -> String {
        let end = self.rest.find(|one: char| !one.is_alphanumeric() && one != '_').unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        name.to_owned()
    }

    fn number(&mut self) -> Result<Token, Problem> {
        let signed = usize::from(self.rest.starts_with(['-', '+']));
        let end = self.rest[signed..].find(|one: char| !one.is_ascii_alphanumeric() && !matches!(one, '_' | '.'));
        let (digits, rest) = self.rest.split_at(end.map_or(self.rest.len(), |end| end + signed));
        self.rest = rest;
        digits.parse().map(Token::Number).map_err(|_| format!("`{digits}` is no whole number"))
    }

    fn raw(&mut self) -> Result<Token, Problem> {
        let end = self.rest[1..].find('`').ok_or("a text is not closed")?;
        let text = self.rest[1..=end].replace('\r', "");
        self.rest = &self.rest[end + 2..];
        Ok(Token::Text(text.into_bytes()))
    }

    fn quoted(&mut self) -> Result<Token, Problem> {
        let mut text = Vec::new();
        let mut characters = self.rest[1..].char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.rest = &self.rest[at + 2..];
                    return Ok(Token::Text(text));
                }
                '\n' => break,
                '\\' => {
                    let rest = &self.rest[at + 2..];
                    let bytes = escape(rest, &mut text)?;
                    // What an escape is made of is ASCII.
                    characters.by_ref().nth(bytes - 1);
                }
                _ => text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        Err("a text is not closed".to_owned())
    }
}

/// Writes what the escape after a backslash stands for, and says how long it is.
fn escape(rest: &str, text: &mut Vec<u8>) -> Result<usize, Problem> {
    let kind = rest.chars().next().ok_or("a text is not closed")?;
    let plain = match kind {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' => b'\\',
        '\'' => b'\'',
        '"' => b'"',
        _ => return coded_escape(kind, rest, text),
    };
    text.push(plain);
    Ok(1)
}

fn coded_escape(kind: char, rest: &str, text: &mut Vec<u8>) -> Result<usize, Problem> {
    let bad = || format!("`\\{}` is no escape", kind.escape_default());
    let (skip, digits, radix) = match kind {
        'x' => (1, 2, 16),
        'u' => (1, 4, 16),
        'U' => (1, 8, 16),
        '0'..='7' => (0, 3, 8),
        _ => return Err(bad()),
    };
    let digits = rest.get(skip..skip + digits).ok_or_else(bad)?;
    let code = u32::from_str_radix(digits, radix).map_err(|_| bad())?;
    match kind {
        'u' | 'U' => {
            let character = char::from_u32(code).ok_or_else(bad)?;
            text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        _ => text.push(u8::try_from(code).map_err(|_| bad())?),
    }
    Ok(skip + digits.len())
}
