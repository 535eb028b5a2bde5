//! A literal at a position.
//!
//! Source: AWS WAF Developer Guide, "String match rule statement" (positional constraints).

use memchr::memmem;

use crate::ir::Position;

/// Whether `literal` stands in `value` at exactly `start`, and that is where `position` wants it.
pub(crate) fn literal_at(value: &[u8], start: usize, literal: &[u8], position: Position) -> bool {
    let end = start + literal.len();
    if value.get(start..end) != Some(literal) {
        return false;
    }
    match position {
        Position::Exactly => start == 0 && end == value.len(),
        Position::StartsWith => start == 0,
        Position::EndsWith => end == value.len(),
        Position::Contains => true,
        Position::ContainsWord => {
            let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
            !value[..start].last().is_some_and(is_word) && !value[end..].first().is_some_and(is_word)
        }
    }
}

/// The first place where `literal` stands in `value` as `position` wants it: the slow, obvious way.
pub(crate) fn matches(value: &[u8], literal: &[u8], position: Position) -> Option<usize> {
    memmem::find_iter(value, literal)
        .chain(value.len().checked_sub(literal.len()))
        .chain((0..value.len()).filter(|_| position == Position::ContainsWord))
        .find(|&start| literal_at(value, start, literal, position))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_literal_only_where_the_position_wants_it() {
        use Position::{Contains, ContainsWord, EndsWith, Exactly, StartsWith};
        for (value, literal, position, expected) in [
            ("admin", "admin", Exactly, true),
            ("admin2", "admin", Exactly, false),
            ("/admin", "/admin", StartsWith, true),
            ("x/admin", "/admin", StartsWith, false),
            ("aaa.php", ".php", EndsWith, true),
            (".php.php", ".php", EndsWith, true),
            ("aaaa", "aaa", EndsWith, true),
            ("a.phpx", ".php", EndsWith, false),
            ("xxadminxx", "admin", Contains, true),
            ("ADMIN", "admin", Contains, false),
            ("a-admin-b", "admin", ContainsWord, true),
            ("xadmin admin", "admin", ContainsWord, true),
            ("my_admin", "admin", ContainsWord, false),
            ("", "a", Contains, false),
        ] {
            let found = matches(value.as_bytes(), literal.as_bytes(), position).is_some();
            assert_eq!(found, expected, "{literal:?} in {value:?}, {position:?}");
        }
    }
}
