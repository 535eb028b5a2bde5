//! Text with macros, resolved.

use super::names::Slot;
use super::target::TargetPlan;
use crate::ir::phased::Variable;

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
    /// The same in an expression, where it is taken literally.
    Literally(Box<PiecePlan>),
}

impl PiecePlan {
    /// Whether it is what rules say: themselves, or by variables that they set. Groups of a match are the request's.
    pub(super) fn is_set_by_rules(&self) -> bool {
        use Variable as V;
        match self {
            Self::Literal(_) => true,
            Self::Slot(slot) => !slot.is_capture(),
            Self::Value(target) => {
                matches!(
                    target.variable,
                    V::Env | V::Global | V::Ip | V::Resource | V::Rule | V::Session | V::Tx | V::User
                )
            }
            Self::Literally(_) => false,
        }
    }
}

impl TextPlan {
    /// Whether it is the same in every transaction.
    pub(in crate::transaction) fn is_literal(&self) -> bool {
        matches!(self, Self::Literal(_))
    }
}
