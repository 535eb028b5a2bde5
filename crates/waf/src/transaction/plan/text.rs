//! Text with macros, resolved.

use super::names::Slot;
use super::target::TargetPlan;

/// Text with macros, resolved.
#[derive(Debug)]
pub(in crate::transaction) enum TextPlan {
    /// Without macros.
    Literal(Box<[u8]>),
    /// One `TX` variable and nothing else: its number need not be written and read again.
    Slot(Slot),
    /// Piece by piece.
    Pieces(Box<[PiecePlan]>),
}

/// A piece of text.
#[derive(Debug)]
pub(in crate::transaction) enum PiecePlan {
    Literal(Box<[u8]>),
    Slot(Slot),
    /// The first value of a target.
    Value(Box<TargetPlan>),
}

impl TextPlan {
    /// Whether it is the same in every transaction.
    pub(in crate::transaction) fn is_literal(&self) -> bool {
        matches!(self, Self::Literal(_))
    }
}
