//! What the rules decide is what happens, and each decision is recorded once.

use std::net::IpAddr;
use std::sync::Arc;

use sekisho_edge::settings::OnFault;
use sekisho_waf::ir::{Action, AddressSource, Condition, HeaderInsert, Rule, RuleKind};
use sekisho_waf::{Decision, Place, PlaceSource};

use crate::support::{Origin, Raw, Setup, block_fragment, block_query, get, rule_set, status_of};

#[test]
fn a_blocked_request_never_reaches_the_origin() {
    let origin = Origin::start();
    let edge = Setup::to(&[origin.address]).rules(block_query()).start();
    assert_eq!(get(edge.address(), "/?q=fine").status, 200);
    assert_eq!(get(edge.address(), "/?q=attack").status, 403);
    assert_eq!(origin.seen().len(), 1);
    let records = edge.records();
    let decided: Vec<_> =
        records.iter().map(|(decision, record)| (*decision, record["action"].as_str().unwrap())).collect();
    assert_eq!(decided, [(Decision::Allow, "ALLOW"), (Decision::Block, "BLOCK")]);
    assert_eq!(records[1].1["httpRequest"]["args"], "q=attack");
    assert_eq!(records[1].1["terminatingRuleId"], "block");
}

#[test]
fn a_fragment_goes_to_the_rules_that_look_at_it_and_no_further() {
    let origin = Origin::start();
    let edge = Setup::to(&[origin.address]).rules(block_fragment()).start();
    assert_eq!(get(edge.address(), "/a?b=c#an-attack").status, 403);
    assert_eq!(get(edge.address(), "/a?b=c#attac/k?").status, 200);
    assert_eq!(get(edge.address(), "/a#").status, 200);
    let lines: Vec<_> = origin.seen().iter().map(|seen| seen.line.clone()).collect();
    assert_eq!(lines, ["GET /a?b=c HTTP/1.1", "GET /a HTTP/1.1"]);
    let request = &edge.records()[0].1["httpRequest"];
    assert_eq!(
        (&request["uri"], &request["args"], &request["fragment"]),
        (&"/a".into(), &"b=c".into(), &"an-attack".into())
    );
    for malformed in ["/a#b#attack", "/a#\"attack", "/a#attack<"] {
        assert_eq!(get(edge.address(), malformed).status, 400, "{malformed}");
    }
    assert_eq!(origin.seen().len(), 2);
}

#[test]
fn a_fragment_that_no_rule_looks_at_is_malformed() {
    let origin = Origin::start();
    let edge = Setup::to(&[origin.address]).rules(block_query()).start();
    assert_eq!(get(edge.address(), "/a#b").status, 400);
    assert!(origin.seen().is_empty());
}

#[test]
fn a_browser_gets_a_page_in_two_languages_and_head_gets_none() {
    let origin = Origin::start();
    let edge = Setup::to(&[origin.address]).rules(block_query()).start();
    let mut raw = Raw::connect(edge.address());
    raw.send("GET /?attack HTTP/1.1\r\nhost: a\r\naccept: text/html\r\n\r\n");
    let page = raw.response().unwrap();
    assert!(page.text().contains("security check") && page.text().contains("リクエスト"), "{}", page.text());
    let id = page.field("x-request-id").unwrap().to_owned();
    assert!(page.text().contains(&id));
    assert_eq!(edge.records()[0].1["httpRequest"]["requestId"], id);
    raw.send("HEAD /?attack HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(raw.response_to("HEAD").unwrap().status, 403);
    raw.send("GET /fine HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(raw.response().unwrap().status, 200);
}

#[test]
fn headers_of_rules_replace_the_clients() {
    let origin = Origin::start();
    let insert = vec![HeaderInsert { name: "x-amzn-waf-seen".to_owned(), value: "yes".to_owned() }];
    let rule = Rule {
        name: "count".to_owned(),
        visibility: "count".into(),
        labels: Vec::new(),
        kind: RuleKind::Match { when: Condition::And(Vec::new()), action: Action::Count { insert }.into() },
    };
    let edge = Setup::to(&[origin.address]).rules(rule_set(vec![rule])).start();
    let request = "GET / HTTP/1.1\r\nhost: a\r\nX-Amzn-Waf-Seen: forged\r\nx-amzn-waf-seen: twice\r\n\r\n";
    assert_eq!(status_of(edge.address(), request), Some(200));
    assert_eq!(origin.seen()[0].all("x-amzn-waf-seen"), ["yes"]);
}

/// Makes every evaluation that asks for a place panic.
struct Broken;

impl PlaceSource for Broken {
    fn place(&self, _: IpAddr) -> Option<Place<'_>> {
        assert!(std::thread::panicking(), "a fault in the engine");
        None
    }

    fn asn(&self, _: IpAddr) -> Option<u32> {
        None
    }
}

fn with_broken_engine(on_fault: OnFault) -> (Origin, Setup) {
    let origin = Origin::start();
    let when = Condition::Geo { source: AddressSource::Client, countries: vec!["JP".to_owned()] };
    let rule = Rule {
        name: "geo".to_owned(),
        visibility: "geo".into(),
        labels: Vec::new(),
        kind: RuleKind::Match { when, action: Action::block().into() },
    };
    let mut setup = Setup::to(&[origin.address]).rules(rule_set(vec![rule]));
    setup.settings.on_fault = on_fault;
    setup.places = Arc::new(Broken);
    (origin, setup)
}

#[test]
fn a_fault_of_the_engine_costs_one_request_and_fails_closed() {
    let (origin, setup) = with_broken_engine(OnFault::Closed);
    let edge = setup.start();
    for _ in 0..2 {
        assert_eq!(get(edge.address(), "/").status, 500);
    }
    assert!(origin.seen().is_empty());
    let records = edge.records();
    assert_eq!(records.len(), 2);
    assert_eq!((records[0].0, records[0].1["terminatingRuleId"].as_str()), (Decision::Block, Some("Evaluation_Fault")));
}

#[test]
fn a_fault_of_the_engine_fails_open_if_so_set() {
    let (origin, setup) = with_broken_engine(OnFault::Open);
    let edge = setup.start();
    assert_eq!(get(edge.address(), "/").status, 200);
    assert_eq!((origin.seen().len(), edge.records()[0].0), (1, Decision::Allow));
}

#[test]
fn malformed_requests_are_answered_recorded_and_not_forwarded() {
    let origin = Origin::start();
    let edge = Setup::to(&[origin.address]).start();
    let requests = [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
        "GET / HTTP/1.1\nhost: a\n\n",
        "GET / HTTP/1.1\r\nhost : a\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        "GET / HTTP/1.1\r\nhost: a\r\nx: y\r\n folded\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\nhost: b\r\n\r\n",
        "CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\n\r\n",
        "nonsense\r\n\r\n",
    ];
    for request in requests {
        let status = status_of(edge.address(), request).unwrap();
        assert!((400..500).contains(&status), "{request:?}: {status}");
    }
    assert!(origin.seen().is_empty());
    let records = edge.records();
    assert_eq!(records.len(), requests.len());
    for (decision, record) in records {
        assert_eq!((decision, record["terminatingRuleId"].as_str()), (Decision::Block, Some("Malformed_Request")));
    }
}
