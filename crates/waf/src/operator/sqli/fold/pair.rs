//! Rules on two neighbouring tokens.

use super::super::tables::keyword;
use super::super::token::{Kind, TEXT_BYTES_MAX, Token};
use super::{Folder, Step};

/// Words that are a column's name as often as a function's; before a bracket they are the latter.
const NAME_OR_FUNCTION: [&str; 11] = [
    "USER_ID",
    "USER_NAME",
    "DATABASE",
    "PASSWORD",
    "USER",
    "CURRENT_USER",
    "CURRENT_DATE",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "LOCALTIME",
    "LOCALTIMESTAMP",
];

impl Folder<'_> {
    pub(super) fn fold_pair(&mut self) -> Step {
        let (first, second) = (self.kind(0), self.kind(1));
        match (first, second) {
            // Neighbouring strings are one; repeated semicolons are one.
            (Kind::String, Kind::String) | (Kind::Semicolon, Kind::Semicolon) => {
                self.filled -= 1;
                Step::Again
            }
            (Kind::Operator | Kind::LogicOperator, _) if self.token(1).is_unary() || second == Kind::SqlType => {
                self.drop_last(1)
            }
            (Kind::LeftParen, _) if self.token(1).is_unary() => self.drop_second_and_look_back(),
            _ if self.merge_phrase() => self.drop_second_and_look_back(),
            // A statement of its own in Transact-SQL, else a function.
            (Kind::Semicolon, Kind::Function) if self.token(1).starts_with("IF") => {
                self.set_kind(1, Kind::Tsql);
                Step::Again
            }
            (Kind::Bareword | Kind::Variable, Kind::LeftParen)
                if NAME_OR_FUNCTION.iter().any(|name| self.token(0).is_word(name)) =>
            {
                self.set_kind(0, Kind::Function);
                Step::Again
            }
            (Kind::Keyword, _) if self.token(0).is_word("IN") || self.token(0).is_word("NOT IN") => {
                self.set_kind(0, if second == Kind::LeftParen { Kind::Operator } else { Kind::Bareword });
                Step::Again
            }
            (Kind::Operator, _) if self.token(0).is_word("LIKE") || self.token(0).is_word("NOT LIKE") => {
                if second == Kind::LeftParen {
                    self.set_kind(0, Kind::Function);
                }
                Step::Pass
            }
            _ => self.fold_brackets_and_types(),
        }
    }

    fn fold_brackets_and_types(&mut self) -> Step {
        match (self.kind(0), self.kind(1)) {
            (
                Kind::SqlType,
                Kind::Bareword
                | Kind::Number
                | Kind::SqlType
                | Kind::LeftParen
                | Kind::Function
                | Kind::Variable
                | Kind::String,
            ) => self.replace(0, 1),
            // There are too many collations to list; their names have an underscore.
            (Kind::Collate, Kind::Bareword) => {
                if self.token(1).text().contains(&b'_') {
                    self.set_kind(1, Kind::SqlType);
                    self.left = 0;
                }
                Step::Pass
            }
            // Transact-SQL reads `\%1` as `0 % 1` and `\1` as `1`.
            (Kind::Backslash, _) if self.token(1).is_arithmetic() => {
                self.set_kind(0, Kind::Number);
                self.left = 0;
                Step::Again
            }
            (Kind::Backslash, _) => self.replace(0, 1),
            (Kind::LeftParen, Kind::LeftParen) | (Kind::RightParen, Kind::RightParen) | (_, Kind::RightBrace) => {
                self.drop_last(1)
            }
            // MySQL accepts ``{ ``.``.id }``, which nobody writes in good faith.
            (Kind::LeftBrace, Kind::Bareword) if self.token(1).text().is_empty() => {
                self.set_kind(1, Kind::Evil);
                self.left += 2;
                Step::Stop
            }
            // ODBC's `{name expression}` means the expression.
            (Kind::LeftBrace, Kind::Bareword) => self.drop_last(2),
            _ => Step::Pass,
        }
    }

    fn drop_second_and_look_back(&mut self) -> Step {
        self.filled -= 1;
        self.left = self.left.saturating_sub(1);
        Step::Again
    }

    /// Merges two tokens into the first if together they are a phrase such as `UNION ALL`.
    fn merge_phrase(&mut self) -> bool {
        let (first, second) = (self.token(0), self.token(1));
        if !begins_phrase(first.kind) || !(begins_phrase(second.kind) || second.kind == Kind::LogicOperator) {
            return false;
        }
        let (left, right) = (first.text(), second.text());
        let length = left.len() + 1 + right.len();
        if length > TEXT_BYTES_MAX {
            return false;
        }
        let mut phrase = [b' '; TEXT_BYTES_MAX];
        phrase[..left.len()].copy_from_slice(left);
        phrase[left.len() + 1..length].copy_from_slice(right);
        let Some(kind) = keyword(&phrase[..length]) else { return false };
        let (open, close) = (first.open, first.close);
        self.window[self.left] = Token::new(kind, &phrase[..length]).quoted(open, close);
        true
    }
}

fn begins_phrase(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Keyword
            | Kind::Bareword
            | Kind::Operator
            | Kind::Union
            | Kind::Function
            | Kind::Expression
            | Kind::Tsql
            | Kind::SqlType
    )
}
