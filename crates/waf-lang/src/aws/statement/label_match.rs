//! `LabelMatchStatement`: an earlier rule added a label.
//!
//! Source: AWS WAF Developer Guide, "Label match rule statement".

use sekisho_waf::ir::{Condition, LabelScope};

use super::{Lower, Lowering, StatementKind};
use crate::aws::shape::{Charset, Members, Shape, choice, required, text};

pub(crate) static KIND: StatementKind = StatementKind {
    shape: Shape { name: "LabelMatchStatement", members: &[required("Scope"), required("Key")] },
    lower: Lower::Condition(lower),
};

pub(crate) static SCOPES: &[(&str, LabelScope)] = &[("LABEL", LabelScope::Label), ("NAMESPACE", LabelScope::Namespace)];

/// In capacity units.
const WCU: u64 = 1;

fn lower(members: Members<'_>, lowering: &mut Lowering<'_>) -> Option<Condition> {
    lowering.cost.add(WCU);
    let scope = members.get("Scope").and_then(|node| choice(node, "label match scope", SCOPES, lowering.report));
    let node = members.get("Key")?;
    let key = text(node, 1..=1024, Charset::Label, lowering.report)?;
    Some(Condition::Label(lowering.scope.labels.test(key, node, scope?, lowering.report)))
}
