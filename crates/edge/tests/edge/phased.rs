//! Rules in phases follow a request to the end of its response; what they come to is in its record, once.

use sekisho_waf::Decision;
use sekisho_waf::ir::phased::{EngineMode, PhasedPolicy, PhasedSettings};

use crate::support::{Origin, Setup, block_query, get};

fn policy() -> PhasedPolicy {
    PhasedPolicy { items: Vec::new(), settings: PhasedSettings { engine: EngineMode::On, ..PhasedSettings::default() } }
}

#[test]
fn what_the_web_acl_blocks_they_never_see() {
    let origin = Origin::start();
    let edge = Setup::to(&[origin.address]).rules(block_query()).phased(policy()).start();
    assert_eq!(get(edge.address(), "/?q=fine").status, 200);
    assert_eq!(get(edge.address(), "/?q=attack").status, 403);
    let records = edge.records();
    let decided: Vec<_> =
        records.iter().map(|(decision, record)| (*decision, record["terminatingRuleId"].clone())).collect();
    assert_eq!(decided, [(Decision::Allow, "Default_Action".into()), (Decision::Block, "block".into())]);
    assert_eq!(records[0].1["secLang"]["engine"], "ON");
    assert_eq!(records[0].1["secLang"]["responseStatus"], 200);
    assert!(records[1].1.get("secLang").is_none());
    assert_eq!(records[0].1["httpRequest"]["args"], "q=fine");
}
