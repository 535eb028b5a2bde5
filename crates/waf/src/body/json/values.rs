//! JSON for the inspection of all values of a body: its strings, and whatever stands where neither string nor scalar
//! should.
//!
//! Follows no nesting, so that it also finds the strings of text that is cut off or only nearly JSON.

use super::super::{Placed, Visitor, is_identifier};
use super::text::unescape;
use super::token::{Token, Tokens, has_characters_of_number, is_literal};

/// Visits strings with their escapes resolved and text that is no JSON. Numbers and literals are left out, and keys that
/// are plain identifiers: no attack fits in one.
pub(in super::super) fn visit(bytes: &[u8], visitor: &mut Visitor<'_>) -> Placed {
    let mut placed = Placed::All;
    let mut tokens = Tokens::new(bytes);
    while let Some(token) = tokens.next() {
        match token {
            Token::Open(_) | Token::Close(_) | Token::Separator => {}
            Token::String { text, escaped, closed } => {
                if !closed {
                    placed = Placed::NotAll;
                }
                if is_identifier(text) && tokens.colon_follows() {
                    continue;
                }
                if escaped {
                    visitor.decoded(|out| unescape(text, out));
                } else {
                    visitor.raw(text);
                }
            }
            Token::Bare(text) if is_literal(text) || has_characters_of_number(text) => {}
            Token::Bare(text) => {
                placed = Placed::NotAll;
                visitor.raw(text);
            }
        }
    }
    placed
}
