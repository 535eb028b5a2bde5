//! `OrStatement`: at least one of several statements.

use sekisho_waf::ir::Condition;

use super::{Lower, Lowering, StatementKind};
use crate::aws::shape::{Members, Shape, required};

pub(crate) static KIND: StatementKind = StatementKind {
    shape: Shape { name: "OrStatement", members: &[required("Statements")] },
    lower: Lower::Condition(lower),
};

fn lower(members: Members<'_>, lowering: &mut Lowering<'_>) -> Option<Condition> {
    lowering.list(members).map(Condition::Or)
}
