//! `IPSetReferenceStatement`: an address is in a set.
//!
//! Source: AWS WAF Developer Guide, "IP set match rule statement".

use std::sync::Arc;

use sekisho_waf::ir::{AddressSource, Condition, ForwardedPosition, IpSet};

use super::{Lower, Lowering, StatementKind};
use crate::aws::address;
use crate::aws::scope::References;
use crate::aws::shape::{Members, Shape, optional, required};

pub(crate) static KIND: StatementKind = StatementKind {
    shape: Shape { name: "IPSetReferenceStatement", members: &[required("ARN"), optional("IPSetForwardedIPConfig")] },
    lower: Lower::Condition(lower),
};

pub(super) static CONTENT_SHAPE: Shape =
    Shape { name: "IPSetReferenceStatement", members: &[required("Name"), optional("IPSetForwardedIPConfig")] };

/// In capacity units; the position `ANY` of a forwarded address costs more.
const WCU: u64 = 1;
const ANY_POSITION_WCU: u64 = 4;

fn lower(members: Members<'_>, lowering: &mut Lowering<'_>) -> Option<Condition> {
    let set = set(members, lowering);
    let source = address::read_of_ip_set(members.get("IPSetForwardedIPConfig"), lowering.report);
    lowering.cost.add(WCU);
    match &source {
        Some(AddressSource::Forwarded { position: ForwardedPosition::Any, .. }) => lowering.cost.add(ANY_POSITION_WCU),
        Some(_) => {}
        None => lowering.cost.set_unknown(),
    }
    Some(Condition::Ip { source: source?, set: set? })
}

fn set(members: Members<'_>, lowering: &mut Lowering<'_>) -> Option<Arc<IpSet>> {
    match lowering.scope.references {
        References::Arns(resources) => resources.ip_set(members.get("ARN")?, lowering.report),
        References::Names(sets) => {
            let node = members.get("Name")?;
            let name = node.string(lowering.report)?;
            let found = sets.addresses.get(name).cloned();
            if found.is_none() {
                let mut diagnostic = node.error("unknown-set", format!("no list of addresses is called `{name}`"));
                diagnostic.help = lowering.report.did_you_mean(name, sets.addresses.keys().map(String::as_str));
                lowering.report.push(diagnostic);
            }
            found
        }
    }
}
