//! Text with values of the transaction in it.

use super::Target;

/// Text as a rule gives it, with macros such as `%{tx.score}` for values of the transaction.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct Text(pub Vec<Piece>);

/// A piece of a [`Text`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Piece {
    /// As it stands.
    Literal(String),
    /// The first value of a variable; nothing if there is none.
    Value(Target),
}

impl Text {
    /// Text without macros.
    #[must_use]
    pub fn literal(text: impl Into<String>) -> Self {
        Self(vec![Piece::Literal(text.into())])
    }

    /// The text, if it has no macros.
    #[must_use]
    pub fn as_literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Piece::Literal(text)] => Some(text),
            _ => None,
        }
    }
}
