//! Splits a value into HTML tokens as browsers do, starting in any of the places a value may be put.
//!
//! Every byte is looked at a bounded number of times, whatever the input.

mod comment;

use memchr::memchr;

/// Where in a page the value is taken to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    /// In text.
    Text,
    /// In a tag, where an attribute may begin; so it is after an unquoted value, too.
    Attribute,
    /// In an attribute's value within this quote.
    Quoted(u8),
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    TagName,
    /// The `>` of an opening tag.
    TagEnd,
    /// The `/>` of a tag.
    TagSelfEnd,
    /// The name of a closing tag.
    ClosingTag,
    AttributeName,
    AttributeValue,
    Comment,
    Doctype,
}

/// One token: a part of the value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'v> {
    pub(super) kind: Kind,
    pub(super) text: &'v [u8],
}

/// The states of the tokenizer, named as in the standard.
#[derive(Debug, Clone, Copy)]
enum State {
    Data,
    TagOpen,
    EndTagOpen,
    TagName,
    TagEnd,
    BeforeAttributeName,
    AttributeName,
    AfterAttributeName,
    BeforeAttributeValue,
    QuotedValue(u8),
    AfterQuotedValue,
    SelfClosing,
    End,
}

/// Yields the tokens of a value.
pub(super) struct Html<'v> {
    value: &'v [u8],
    at: usize,
    state: State,
    /// Whether the tag being read is a closing one.
    closing: bool,
}

impl<'v> Html<'v> {
    pub(super) fn new(value: &'v [u8], context: Context) -> Self {
        let state = match context {
            Context::Text => State::Data,
            Context::Attribute => State::BeforeAttributeName,
            Context::Quoted(quote) => State::QuotedValue(quote),
        };
        Self { value, at: 0, state, closing: false }
    }

    /// One step: a token, or none and another state.
    fn step(&mut self) -> Option<Token<'v>> {
        match self.state {
            State::Data => self.data(),
            State::TagOpen => self.tag_open(),
            State::EndTagOpen => self.end_tag_open(),
            State::TagName => Some(self.tag_name()),
            State::TagEnd => {
                self.closing = false;
                Some(self.mark(Kind::TagEnd))
            }
            State::BeforeAttributeName => self.before_attribute_name(),
            State::AttributeName => Some(self.attribute_name()),
            State::AfterAttributeName => self.after_attribute_name(),
            State::BeforeAttributeValue => self.before_attribute_value(),
            State::QuotedValue(quote) => Some(self.quoted_value(quote)),
            State::AfterQuotedValue => self.after_quoted_value(),
            State::SelfClosing => self.self_closing(),
            State::End => None,
        }
    }

    fn go(&mut self, state: State) -> Option<Token<'v>> {
        self.state = state;
        None
    }

    fn peek(&self) -> Option<u8> {
        self.value.get(self.at).copied()
    }

    /// A token of `length` bytes from here; reading goes on `skip` bytes after it in `state`.
    fn emit(&mut self, kind: Kind, length: usize, skip: usize, state: State) -> Token<'v> {
        let end = self.at + length;
        let text = &self.value[self.at..end];
        self.at = (end + skip).min(self.value.len());
        self.state = state;
        Token { kind, text }
    }

    /// The rest of the value.
    fn emit_rest(&mut self, kind: Kind) -> Token<'v> {
        self.emit(kind, self.value.len() - self.at, 0, State::End)
    }

    /// The `>` here.
    fn mark(&mut self, kind: Kind) -> Token<'v> {
        self.emit(kind, 1, 0, State::Data)
    }

    /// Skips white space and NUL bytes.
    fn skip_blank(&mut self) -> Option<u8> {
        self.at += self.value[self.at..].iter().take_while(|byte| is_blank(**byte)).count();
        self.peek()
    }

    fn data(&mut self) -> Option<Token<'v>> {
        match memchr(b'<', &self.value[self.at..]) {
            None if self.at == self.value.len() => self.go(State::End),
            None => Some(self.emit_rest(Kind::Text)),
            Some(0) => {
                self.at += 1;
                self.go(State::TagOpen)
            }
            Some(length) => Some(self.emit(Kind::Text, length, 1, State::TagOpen)),
        }
    }

    fn tag_open(&mut self) -> Option<Token<'v>> {
        match self.peek() {
            None => self.go(State::End),
            Some(b'!') => {
                self.at += 1;
                Some(self.markup_declaration())
            }
            Some(b'/') => {
                self.at += 1;
                self.closing = true;
                self.go(State::EndTagOpen)
            }
            Some(b'?') => {
                self.at += 1;
                Some(self.bogus_comment())
            }
            Some(b'%') => {
                self.at += 1;
                Some(self.percent_comment())
            }
            // Old browsers ignore NUL bytes in a tag's name.
            Some(0 | b'a'..=b'z' | b'A'..=b'Z') => self.go(State::TagName),
            Some(_) => {
                self.at -= 1;
                Some(self.emit(Kind::Text, 1, 0, State::Data))
            }
        }
    }

    fn end_tag_open(&mut self) -> Option<Token<'v>> {
        match self.peek() {
            None => self.go(State::End),
            Some(b'>') => self.go(State::Data),
            Some(b'a'..=b'z' | b'A'..=b'Z') => self.go(State::TagName),
            Some(_) => {
                self.closing = false;
                Some(self.bogus_comment())
            }
        }
    }

    fn tag_name(&mut self) -> Token<'v> {
        let rest = &self.value[self.at..];
        let ends = |byte: &u8| *byte != 0 && is_blank(*byte) || matches!(byte, b'/' | b'>');
        match rest.iter().position(ends).map(|length| (length, rest[length])) {
            None => self.emit_rest(Kind::TagName),
            Some((length, b'/')) => self.emit(Kind::TagName, length, 1, State::SelfClosing),
            Some((length, b'>')) if self.closing => {
                self.closing = false;
                self.emit(Kind::ClosingTag, length, 1, State::Data)
            }
            Some((length, b'>')) => self.emit(Kind::TagName, length, 0, State::TagEnd),
            Some((length, _)) => self.emit(Kind::TagName, length, 1, State::BeforeAttributeName),
        }
    }

    fn before_attribute_name(&mut self) -> Option<Token<'v>> {
        match self.skip_blank() {
            None => self.go(State::End),
            Some(b'/') => {
                self.at += 1;
                self.go(State::SelfClosing)
            }
            Some(b'>') => Some(self.mark(Kind::TagEnd)),
            Some(_) => self.go(State::AttributeName),
        }
    }

    fn attribute_name(&mut self) -> Token<'v> {
        let rest = &self.value[self.at..];
        let ends = |byte: &u8| is_blank(*byte) || matches!(byte, b'/' | b'=' | b'>');
        // The first byte belongs to the name whatever it is.
        match rest[1..].iter().position(ends).map(|offset| (offset + 1, rest[offset + 1])) {
            None => self.emit_rest(Kind::AttributeName),
            Some((length, b'/')) => self.emit(Kind::AttributeName, length, 1, State::SelfClosing),
            Some((length, b'=')) => self.emit(Kind::AttributeName, length, 1, State::BeforeAttributeValue),
            Some((length, b'>')) => self.emit(Kind::AttributeName, length, 0, State::TagEnd),
            Some((length, _)) => self.emit(Kind::AttributeName, length, 1, State::AfterAttributeName),
        }
    }

    fn after_attribute_name(&mut self) -> Option<Token<'v>> {
        match self.skip_blank() {
            None => self.go(State::End),
            Some(b'/') => {
                self.at += 1;
                self.go(State::SelfClosing)
            }
            Some(b'=') => {
                self.at += 1;
                self.go(State::BeforeAttributeValue)
            }
            Some(b'>') => self.go(State::TagEnd),
            Some(_) => self.go(State::AttributeName),
        }
    }

    fn before_attribute_value(&mut self) -> Option<Token<'v>> {
        match self.skip_blank() {
            None => self.go(State::End),
            Some(quote @ (b'"' | b'\'' | b'`')) => {
                self.at += 1;
                self.go(State::QuotedValue(quote))
            }
            Some(_) => Some(self.unquoted_value()),
        }
    }

    fn quoted_value(&mut self, quote: u8) -> Token<'v> {
        match memchr(quote, &self.value[self.at..]) {
            None => self.emit_rest(Kind::AttributeValue),
            Some(length) => self.emit(Kind::AttributeValue, length, 1, State::AfterQuotedValue),
        }
    }

    fn unquoted_value(&mut self) -> Token<'v> {
        let rest = &self.value[self.at..];
        match rest.iter().position(|byte| is_blank(*byte) || *byte == b'>') {
            None => self.emit_rest(Kind::AttributeValue),
            Some(length) if rest[length] == b'>' => self.emit(Kind::AttributeValue, length, 0, State::TagEnd),
            Some(length) => self.emit(Kind::AttributeValue, length, 1, State::BeforeAttributeName),
        }
    }

    fn after_quoted_value(&mut self) -> Option<Token<'v>> {
        match self.peek() {
            None => self.go(State::End),
            Some(b'>') => Some(self.mark(Kind::TagEnd)),
            // White space and `/` need no care of their own.
            Some(_) => self.go(State::BeforeAttributeName),
        }
    }

    fn self_closing(&mut self) -> Option<Token<'v>> {
        match self.peek() {
            None => self.go(State::End),
            Some(b'>') => {
                self.at -= 1;
                Some(self.emit(Kind::TagSelfEnd, 2, 0, State::Data))
            }
            Some(_) => self.go(State::BeforeAttributeName),
        }
    }
}

impl<'v> Iterator for Html<'v> {
    type Item = Token<'v>;

    fn next(&mut self) -> Option<Token<'v>> {
        while !matches!(self.state, State::End) {
            if let Some(token) = self.step() {
                return Some(token);
            }
        }
        None
    }
}

/// White space in a tag; old browsers take NUL and vertical tab for it, too.
fn is_blank(byte: u8) -> bool {
    matches!(byte, 0 | b'\t'..=b'\r' | b' ')
}
