//! Rules on three neighbouring tokens.

use super::super::token::Kind;
use super::{Folder, Step};

impl Folder<'_> {
    pub(super) fn fold_triple(&mut self) -> Step {
        match (self.kind(0), self.kind(1), self.kind(2)) {
            // Arithmetic and comparison leave an operand, chains of operators one operator.
            (Kind::Number, Kind::Operator, Kind::Number)
            | (Kind::LogicOperator, _, Kind::LogicOperator)
            | (Kind::Variable, Kind::Operator, Kind::Variable | Kind::Number | Kind::Bareword)
            | (Kind::Bareword | Kind::Number, Kind::Operator, Kind::Number | Kind::Bareword) => self.drop_last(2),
            (Kind::Operator, middle, Kind::Operator) if middle != Kind::LeftParen => self.drop_last(2),
            // A cast leaves what is cast.
            (Kind::Bareword | Kind::Number | Kind::Variable | Kind::String, Kind::Operator, Kind::SqlType)
                if self.token(1).text() == b"::" =>
            {
                self.drop_last(2)
            }
            // A list leaves its first.
            (
                Kind::Bareword | Kind::Number | Kind::String | Kind::Variable,
                Kind::Comma,
                Kind::Number | Kind::Bareword | Kind::String | Kind::Variable,
            ) => self.drop_last(2),
            // `database.table` leaves the database, `select .name` the name.
            (Kind::Bareword, Kind::Dot, Kind::Bareword) => self.drop_last(2),
            (Kind::Expression, Kind::Dot, Kind::Bareword) => self.replace(1, 2),
            (Kind::Function, Kind::LeftParen, third) => {
                // USER takes no argument: with one, it is a name.
                if third != Kind::RightParen && self.token(0).is_word("USER") {
                    self.set_kind(0, Kind::Bareword);
                }
                Step::Pass
            }
            _ if self.token(1).is_unary() => self.fold_sign(),
            _ => Step::Pass,
        }
    }

    /// Drops a sign before an operand.
    fn fold_sign(&mut self) -> Step {
        match (self.kind(0), self.kind(2)) {
            (Kind::Expression | Kind::Group | Kind::Comma, Kind::LeftParen)
            | (
                Kind::Keyword | Kind::Expression | Kind::Group,
                Kind::Number | Kind::Bareword | Kind::Variable | Kind::String | Kind::Function,
            )
            | (Kind::Comma, Kind::Function) => self.replace(1, 2),
            // The list before it may now fold: back to what stands before the comma.
            (Kind::Comma, Kind::Number | Kind::Bareword | Kind::Variable | Kind::String) => {
                self.window[self.left + 1] = *self.token(2);
                self.drop_last(3)
            }
            _ => Step::Pass,
        }
    }
}
