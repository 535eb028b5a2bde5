//! Rules in phases follow a request to the end of its response; what they come to is in its record, once.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use sekisho_edge::settings::OnFault;
use sekisho_waf::ir::phased::{
    Disruptive, EngineMode, Flow, Item, Link, Metadata, Phase, PhasedOperator, PhasedPolicy, PhasedRule,
    PhasedSettings, PhasedTest, Place as RulePlace, Selector, Target, Variable,
};
use sekisho_waf::{Decision, Place, PlaceSource};

use crate::support::{Origin, Raw, Setup, block_query, get};

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

/// Makes the engine panic when it asks where this address is.
struct Cursed;

const CURSE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 66);

impl PlaceSource for Cursed {
    fn place(&self, address: IpAddr) -> Option<Place<'_>> {
        if address == CURSE {
            std::panic::resume_unwind(Box::new("a fault in the engine"));
        }
        None
    }

    fn asn(&self, _: IpAddr) -> Option<u32> {
        None
    }
}

/// Asks in every phase where the address is that a header field of the phase's own names.
fn asking() -> PhasedPolicy {
    let ask = |phase: Phase| {
        let name = Selector::Name(format!("x-{}", phase.number()));
        let test = PhasedTest {
            targets: vec![Target { variable: Variable::RequestHeaders, selector: Some(name), count: false }],
            exclusions: Vec::new(),
            transforms: Vec::new(),
            operator: PhasedOperator::GeoLookup,
            negated: false,
        };
        let link = Link {
            test: Some(test),
            effects: Vec::new(),
            capture: false,
            multi_match: false,
            log_data: None,
            message: None,
        };
        Item::Rule(Box::new(PhasedRule {
            id: phase.number().into(),
            phase,
            links: vec![link],
            disruptive: Disruptive::Pass,
            status: None,
            flow: Flow::Next,
            metadata: Metadata::default(),
            log: true,
            audit_log: false,
            place: RulePlace { file: "a.conf".into(), line: 1 },
        }))
    };
    PhasedPolicy { items: Phase::ALL.into_iter().map(ask).collect(), ..policy() }
}

/// Sends a request that makes the engine fail in each phase in turns, and others before, meanwhile and after; hands back what
/// the cursed ones were answered with.
fn fail_in_each_phase(on_fault: OnFault, decision: Decision, counter: &str) -> Vec<u16> {
    let origin = Origin::start();
    let mut setup = Setup::to(&[origin.address]).phased(asking());
    setup.settings.on_fault = on_fault;
    setup.places = Arc::new(Cursed);
    // One worker: all requests share a thread and its memory.
    let edge = setup.start();
    let (mut raw, mut slow) = (Raw::connect(edge.address()), Raw::connect(edge.address()));
    let mut statuses = Vec::new();
    for (phase, count) in Phase::ALL.into_iter().zip(1..) {
        let field = format!("x-{}", phase.number());
        slow.send("POST /slow HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\na");
        let mut ask = |address: &str| {
            raw.send(format!("GET /{address} HTTP/1.1\r\nhost: a\r\n{field}: {address}\r\n\r\n"));
            raw.response().expect("the connection stays").status
        };
        assert_eq!(ask("203.0.113.65"), 200);
        statuses.push(ask(&CURSE.to_string()));
        assert_eq!(ask("203.0.113.67"), 200);
        slow.send("b");
        assert_eq!(slow.response().expect("the other connection stays").status, 200);
        let total = format!("{counter}_total {count}");
        assert!(edge.metrics.encode().lines().any(|line| line == total), "{total}: {}", edge.metrics.encode());
    }
    let records = edge.records();
    assert_eq!(records.len(), 4 * Phase::ALL.len());
    for (decided, record) in &records {
        let is_cursed = record["httpRequest"]["uri"] == format!("/{CURSE}");
        let (expected, rule) =
            if is_cursed { (decision, "Evaluation_Fault") } else { (Decision::Allow, "Default_Action") };
        assert_eq!((*decided, record["terminatingRuleId"].as_str()), (expected, Some(rule)), "{record}");
        assert_eq!(record["failure"]["type"] == "EVALUATION_FAULT", is_cursed, "{record}");
        assert_eq!(record["secLang"].is_object(), !is_cursed, "{record}");
    }
    let cursed = origin.seen().iter().filter(|seen| seen.line.contains(&CURSE.to_string())).count();
    // What fails before the service is asked never reaches it.
    assert_eq!(cursed, if decision == Decision::Block { 3 } else { 5 });
    statuses
}

#[test]
fn a_fault_in_any_phase_costs_one_request_and_fails_closed() {
    let statuses = fail_in_each_phase(OnFault::Closed, Decision::Block, "sekisho_faults_refused");
    assert_eq!(statuses, [500; 5]);
}

#[test]
fn a_fault_in_any_phase_fails_open_if_so_set() {
    let statuses = fail_in_each_phase(OnFault::Open, Decision::Allow, "sekisho_faults_let_through");
    assert_eq!(statuses, [200; 5]);
}
