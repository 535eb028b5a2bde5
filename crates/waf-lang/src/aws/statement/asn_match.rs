//! `AsnMatchStatement`: the autonomous system of an address.
//!
//! Source: AWS WAF Developer Guide, "Autonomous System Number (ASN) match rule statement".

use sekisho_waf::ir::Condition;

use super::{Lower, Lowering, StatementKind};
use crate::aws::address;
use crate::aws::shape::{Members, Shape, integer, items, optional, required};

pub(crate) static KIND: StatementKind = StatementKind {
    shape: Shape { name: "AsnMatchStatement", members: &[required("AsnList"), optional("ForwardedIPConfig")] },
    lower: Lower::Condition(lower),
};

/// Systems of one statement. Source: API model, `AsnList`.
const ASNS_MAX: usize = 100;

/// In capacity units.
const WCU: u64 = 1;

fn lower(members: Members<'_>, lowering: &mut Lowering<'_>) -> Option<Condition> {
    lowering.cost.add(WCU);
    let source = address::read(members.get("ForwardedIPConfig"), lowering.report);
    let report = &mut *lowering.report;
    let asns: Vec<_> = items(members.get("AsnList")?, 1..ASNS_MAX + 1, report)?
        .into_iter()
        .map(|item| u32::try_from(integer(item, 0..=i64::from(u32::MAX), report)?).ok())
        .collect();
    Some(Condition::Asn { source: source?, asns: asns.into_iter().collect::<Option<_>>()? })
}
