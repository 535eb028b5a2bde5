//! `GeoMatchStatement`: the country of an address.
//!
//! Source: AWS WAF Developer Guide, "Geographic match rule statement".

use sekisho_waf::ir::Condition;

use super::{Lower, Lowering, StatementKind};
use crate::aws::address;
use crate::aws::country::{COUNTRY_CODES, is_country};
use crate::aws::shape::{Members, Shape, items, optional};
use crate::report::quoted;

pub(crate) static KIND: StatementKind = StatementKind {
    shape: Shape { name: "GeoMatchStatement", members: &[optional("CountryCodes"), optional("ForwardedIPConfig")] },
    lower: Lower::Condition(lower),
};

/// In capacity units.
const WCU: u64 = 1;

fn lower(members: Members<'_>, lowering: &mut Lowering<'_>) -> Option<Condition> {
    lowering.cost.add(WCU);
    let source = address::read(members.get("ForwardedIPConfig"), lowering.report);
    let report = &mut *lowering.report;
    let Some(list) = members.get("CountryCodes") else {
        report.push(members.node().error("missing-field", "GeoMatchStatement needs `CountryCodes`"));
        return None;
    };
    let countries: Vec<_> = items(list, 1..usize::MAX, report)?
        .into_iter()
        .map(|item| {
            let code = item.string(report)?;
            if is_country(code) {
                return Some(code.to_owned());
            }
            let mut diagnostic = item.error("unknown-value", format!("{} is no country code", quoted(code)));
            diagnostic.help = report.did_you_mean(code, COUNTRY_CODES.split(' '));
            report.push(diagnostic);
            None
        })
        .collect();
    Some(Condition::Geo { source: source?, countries: countries.into_iter().collect::<Option<_>>()? })
}
