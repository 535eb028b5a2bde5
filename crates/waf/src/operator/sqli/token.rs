//! A token of SQL: what the tokenizer yields, the folder merges and a fingerprint is spelt with.

/// Bytes of a token's text that are kept; keywords and phrases are shorter.
pub(super) const TEXT_BYTES_MAX: usize = 31;

/// What a token is. The discriminant is its letter in a fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Keyword = b'k',
    Union = b'U',
    Group = b'B',
    Expression = b'E',
    SqlType = b't',
    Function = b'f',
    Bareword = b'n',
    Number = b'1',
    Variable = b'v',
    String = b's',
    Operator = b'o',
    LogicOperator = b'&',
    Comment = b'c',
    Collate = b'A',
    LeftParen = b'(',
    RightParen = b')',
    LeftBrace = b'{',
    RightBrace = b'}',
    Dot = b'.',
    Comma = b',',
    Colon = b':',
    Semicolon = b';',
    Tsql = b'T',
    Unknown = b'?',
    /// Not parsable the same way by all databases, and of no honest use: ends the matter.
    Evil = b'X',
    Backslash = b'\\',
}

impl Kind {
    /// The kind a keyword table names by `letter`.
    pub(super) fn of_keyword(letter: u8) -> Option<Self> {
        Some(match letter {
            b'k' => Self::Keyword,
            b'U' => Self::Union,
            b'B' => Self::Group,
            b'E' => Self::Expression,
            b't' => Self::SqlType,
            b'f' => Self::Function,
            b'n' => Self::Bareword,
            b'1' => Self::Number,
            b'v' => Self::Variable,
            b'o' => Self::Operator,
            b'&' => Self::LogicOperator,
            b'A' => Self::Collate,
            b'T' => Self::Tsql,
            _ => return None,
        })
    }

    /// Its letter in a fingerprint.
    pub(super) fn letter(self) -> u8 {
        self as u8
    }
}

/// One token. Its text is a copy, cut to [`TEXT_BYTES_MAX`]: merged phrases have no single place in the value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    /// What it is.
    pub(super) kind: Kind,
    /// How a string was opened: its quote, `u`, `q`, `$`, or 0 where the quote is only assumed.
    pub(super) open: u8,
    /// How a string was closed, 0 if it was not.
    pub(super) close: u8,
    /// How many `@` stand before a variable.
    pub(super) at_signs: u8,
    length: u8,
    text: [u8; TEXT_BYTES_MAX],
}

impl Token {
    /// A token with the beginning of `text`.
    pub(super) fn new(kind: Kind, text: &[u8]) -> Self {
        let kept = &text[..text.len().min(TEXT_BYTES_MAX)];
        let mut token =
            Self { kind, open: 0, close: 0, at_signs: 0, length: kept.len() as u8, text: [0; TEXT_BYTES_MAX] };
        token.text[..kept.len()].copy_from_slice(kept);
        token
    }

    /// The token with the marks of how it was opened and closed, 0 for none.
    pub(super) fn quoted(mut self, open: u8, close: u8) -> Self {
        self.open = open;
        self.close = close;
        self
    }

    /// The kept text: of a string, what is between its quotes; of a variable, its name.
    pub(super) fn text(&self) -> &[u8] {
        &self.text[..usize::from(self.length)]
    }

    /// Whether the text is `word` (upper case), in any case.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.text().eq_ignore_ascii_case(word.as_bytes())
    }

    /// Whether the text begins with `prefix` (upper case), in any case.
    pub(super) fn starts_with(&self, prefix: &str) -> bool {
        self.text().get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
    }

    /// Whether it may stand before an operand without changing what kind of thing that is.
    pub(super) fn is_unary(&self) -> bool {
        self.kind == Kind::Operator && (matches!(self.text(), b"+" | b"-" | b"!" | b"~" | b"!!") || self.is_word("NOT"))
    }

    /// Whether it is one of `*`, `/`, `-`, `+`, `%`.
    pub(super) fn is_arithmetic(&self) -> bool {
        self.kind == Kind::Operator && matches!(self.text(), b"*" | b"/" | b"-" | b"+" | b"%")
    }

    /// The token as it was written: strings with their quotes, variables with their `@` signs.
    pub(super) fn written(&self) -> Vec<u8> {
        if !matches!(self.kind, Kind::String | Kind::Variable) {
            return self.text().to_vec();
        }
        let mut out = vec![b'@'; usize::from(self.at_signs)];
        out.extend((self.open != 0).then_some(self.open));
        out.extend_from_slice(self.text());
        out.extend((self.close != 0).then_some(self.close));
        out
    }
}
