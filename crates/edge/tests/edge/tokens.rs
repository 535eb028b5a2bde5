//! Rules that ask for a token, over real sockets: the asking, the solution, the token at work, and what is recorded.

use std::net::SocketAddr;
use std::sync::Arc;

use ring::digest::{SHA256, digest};
use sekisho_waf::ir::{
    Action, Condition, Field, HeaderInsert, LogBehavior, LogCondition, LogFilter, LogRequirement, LoggedAction,
    Logging, Policy, Rule, RuleKind, TokenAction,
};
use sekisho_waf::{Decision, Limits, RuleSet};

use crate::support::{Origin, Raw, Response, Setup, block, get, keys, rule_set};

const ENDPOINT: &str = "/.well-known/sekisho/token";

fn asked() -> TokenAction {
    let insert = vec![HeaderInsert { name: "x-amzn-waf-proved".to_owned(), value: "yes".to_owned() }];
    TokenAction { insert, immunity_s: 300 }
}

/// A rule for every request.
fn always(name: &str, action: Action) -> Rule {
    let kind = RuleKind::Match { when: Condition::And(Vec::new()), action: action.into() };
    Rule { name: name.to_owned(), visibility: name.into(), labels: Vec::new(), kind }
}

fn send(address: SocketAddr, method: &str, target: &str, fields: &str, body: &str) -> Response {
    let mut raw = Raw::connect(address);
    let length = body.len();
    raw.send(format!(
        "{method} {target} HTTP/1.1\r\nhost: test.example\r\n{fields}content-length: {length}\r\n\r\n{body}"
    ));
    raw.response().expect("a response")
}

/// The value of a `data-` attribute of a page.
fn data<'p>(page: &'p str, name: &str) -> &'p str {
    let (_, rest) = page.split_once(&format!("data-{name}=\"")).expect("the attribute");
    rest.split('"').next().unwrap()
}

/// What a page's script does.
fn prove(task: &str, bits: u32) -> u32 {
    let prefix = digest(&SHA256, task.as_bytes());
    let is_proof = |number: &u32| {
        let message = [prefix.as_ref(), &[0; 4], &number.to_be_bytes()].concat();
        let hash = digest(&SHA256, &message);
        u32::from_be_bytes(hash.as_ref()[..4].try_into().unwrap()).leading_zeros() >= bits
    };
    (0..).find(is_proof).unwrap()
}

/// Asks for a page, proves what it wants and returns the response to the solution.
fn solve(address: SocketAddr, target: &str) -> Response {
    let page = send(address, "GET", target, "accept: text/html\r\n", "");
    let task = data(page.text(), "task");
    let number = prove(task, data(page.text(), "bits").parse().unwrap());
    send(address, "POST", data(page.text(), "endpoint"), "", &format!("task={task}&number={number}"))
}

fn cookie(response: &Response) -> String {
    response.field("set-cookie").expect("a cookie").split(';').next().unwrap().to_owned()
}

#[test]
fn a_challenge_is_met_once_and_good_for_what_follows() {
    let origin = Origin::start();
    let rules = rule_set(vec![always("challenge", Action::Challenge(asked()))]);
    let edge = Setup::to(&[origin.address]).rules(rules).start();
    let refused = get(edge.address(), "/account");
    assert_eq!((refused.status, refused.field("x-amzn-waf-action")), (202, Some("challenge")));
    assert!(refused.body.is_empty() && origin.seen().is_empty());
    let solved = solve(edge.address(), "/account");
    assert_eq!((solved.status, solved.text()), (200, "{\"result\":\"solved\"}"));
    let fields = format!("cookie: {}\r\n", cookie(&solved));
    assert_eq!(send(edge.address(), "GET", "/account", &fields, "").status, 200);
    assert_eq!(origin.seen()[0].all("x-amzn-waf-proved"), ["yes"]);
    let records = edge.records();
    let told: Vec<_> =
        records.iter().map(|(decision, record)| (*decision, record["action"].as_str().unwrap())).collect();
    let challenge = (Decision::Challenge, "CHALLENGE");
    assert_eq!(told, [challenge, challenge, (Decision::Allow, "ALLOW"), (Decision::Allow, "ALLOW")]);
    assert_eq!(records[0].1["responseCodeSent"], 202);
    assert_eq!(records[0].1["challengeResponse"]["failureReason"], "TOKEN_MISSING");
    assert_eq!(records[2].1["httpRequest"]["uri"], ENDPOINT);
    assert!(records[2].1["challengeResponse"].is_null());
    assert_eq!(records[3].1["challengeResponse"]["responseCode"], 0);
    assert_eq!(records[3].1["nonTerminatingMatchingRules"][0]["action"], "CHALLENGE");
    let text = edge.metrics.encode();
    for line in [
        "ChallengeRequests_total{WebACL=\"acl\",Rule=\"challenge\"} 3",
        "sekisho_token_solutions_total{kind=\"challenge\",result=\"solved\"} 1",
        "RequestsWithValidChallengeToken_total{WebACL=\"acl\",Rule=\"challenge\"} 1",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    // A token of a challenge solves no puzzle, and one of nobody's key nothing at all.
    edge.running.reload_rules(rule_set(vec![always("captcha", Action::Captcha(asked()))]), None, Logging::default());
    let refused = send(edge.address(), "GET", "/account", &fields, "");
    assert_eq!((refused.status, refused.field("x-amzn-waf-action")), (405, Some("captcha")));
    assert_eq!(edge.records()[4].1["captchaResponse"]["failureReason"], "TOKEN_MISSING");
    let forged = send(edge.address(), "GET", "/account", "cookie: aws-waf-token=AAAA\r\n", "");
    assert_eq!(forged.status, 405);
    assert_eq!(edge.records()[5].1["captchaResponse"]["failureReason"], "TOKEN_INVALID");
}

#[test]
fn keys_that_are_replaced_end_their_tokens_unless_they_stay_in_the_ring() {
    let origin = Origin::start();
    let rules = rule_set(vec![always("challenge", Action::Challenge(asked()))]);
    let edge = Setup::to(&[origin.address]).rules(rules).start();
    let fields = format!("cookie: {}\r\n", cookie(&solve(edge.address(), "/")));
    edge.tokens.replace_keys(keys(&[2, 1]));
    assert_eq!(send(edge.address(), "GET", "/", &fields, "").status, 200);
    edge.tokens.replace_keys(keys(&[2]));
    assert_eq!(send(edge.address(), "GET", "/", &fields, "").status, 202);
}

#[test]
fn who_is_blocked_gets_no_token_and_the_default_stops_no_solution() {
    let origin = Origin::start();
    let mut policy: Policy =
        rule_set(vec![block(Field::QueryString, "attack"), always("challenge", Action::Challenge(asked()))])
            .policy()
            .clone();
    policy.default_action = Action::block();
    let rules = Arc::new(RuleSet::compile(policy, Limits::default()).unwrap());
    let mut setup = Setup::to(&[origin.address]).rules(rules);
    // A filter sees what became of the request, not what the default would have done.
    setup.logging.filters.push(LogFilter {
        behavior: LogBehavior::Drop,
        requirement: LogRequirement::Any,
        conditions: vec![LogCondition::Action(LoggedAction::Block)],
    });
    let edge = setup.start();
    assert_eq!(send(edge.address(), "POST", &format!("{ENDPOINT}?attack"), "", "task=x").status, 403);
    let solved = solve(edge.address(), "/");
    assert_eq!(solved.status, 200);
    assert_eq!(edge.records().last().unwrap().1["action"], "ALLOW");
    let fields = format!("cookie: {}\r\n", cookie(&solved));
    assert_eq!(send(edge.address(), "GET", "/", &fields, "").status, 403);
    assert!(origin.seen().is_empty());
}

#[test]
fn the_endpoint_is_the_origins_while_no_rule_asks_and_takes_no_large_body() {
    let origin = Origin::start();
    let edge = Setup::to(&[origin.address]).start();
    assert_eq!(get(edge.address(), ENDPOINT).status, 200);
    assert_eq!(origin.seen().len(), 1);
    edge.running.reload_rules(
        rule_set(vec![always("challenge", Action::Challenge(asked()))]),
        None,
        Logging::default(),
    );
    let large = "a".repeat(5000);
    let refused = send(edge.address(), "POST", ENDPOINT, "", &format!("task={large}"));
    assert_eq!((refused.status, refused.text()), (400, "{\"result\":\"unreadable\"}"));
    assert_eq!(origin.seen().len(), 1);
}
