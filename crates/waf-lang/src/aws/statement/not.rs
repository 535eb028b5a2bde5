//! `NotStatement`: not another statement.

use sekisho_waf::ir::Condition;

use super::{Lower, Lowering, StatementKind};
use crate::aws::shape::{Members, Shape, required};

pub(crate) static KIND: StatementKind = StatementKind {
    shape: Shape { name: "NotStatement", members: &[required("Statement")] },
    lower: Lower::Condition(lower),
};

fn lower(members: Members<'_>, lowering: &mut Lowering<'_>) -> Option<Condition> {
    let Some(statement) = members.get("Statement") else {
        lowering.cost.set_unknown();
        return None;
    };
    let condition = lowering.nested(statement)?;
    Some(Condition::Not(Box::new(condition)))
}
