//! The course of an evaluation: order, ends, groups, overrides, labels, rates, forwarded addresses.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use sekisho_model::Timestamp;
use sekisho_waf::ir::*;
use sekisho_waf::{
    Body, Client, Context, CountedKey, Decision, Header, KnownToken, Limits, NoPlaces, NoRates, Place, PlaceSource,
    RateSource, Request, RuleRef, RuleSet, Scratch, TokenFailure, TokenState, Verdict, reference,
};

fn uri_contains(literal: &str) -> Condition {
    Condition::Test(Test {
        field: Field::UriPath,
        transforms: Vec::new(),
        operator: Operator::Bytes { literal: literal.into(), position: Position::Contains },
        oversize: Oversize::Continue,
        on_missing: OnMissing::NoMatch,
    })
}

fn rule(name: &str, when: Condition, action: Action) -> Rule {
    Rule {
        name: name.to_owned(),
        visibility: name.into(),
        labels: vec![format!("ns:{name}")],
        kind: RuleKind::Match { when, action: action.into() },
    }
}

fn group(name: &str, rules: Vec<Rule>, scope_down: Option<Condition>, count_only: bool) -> Rule {
    let group = Group {
        id: format!("v#{name}"),
        name: name.to_owned(),
        managed: true,
        visibility: name.into(),
        excluded: Vec::new(),
        rules,
    };
    Rule {
        name: name.to_owned(),
        visibility: name.into(),
        labels: Vec::new(),
        kind: RuleKind::Group { group, scope_down, count_only },
    }
}

fn label(key: &str) -> Condition {
    Condition::Label(LabelTest { scope: LabelScope::Label, key: key.to_owned(), context: None })
}

struct Japan;

impl PlaceSource for Japan {
    fn place(&self, _: IpAddr) -> Option<Place<'_>> {
        Some(Place { country: "JP", region: Some("13") })
    }

    fn asn(&self, _: IpAddr) -> Option<u32> {
        None
    }
}

/// Evaluates both ways and returns the verdict with its policy.
fn evaluate_with(
    rules: Vec<Rule>,
    path: &str,
    headers: &[(&str, &str)],
    places: &dyn PlaceSource,
    rates: &dyn RateSource,
) -> (Verdict, Policy) {
    let policy = Policy {
        name: "p".to_owned(),
        id: "p".to_owned(),
        default_action: Action::ALLOW,
        rules,
        body_inspected_bytes_max: None,
        token_domains: Vec::new(),
        visibility: "acl".into(),
        protection: Default::default(),
    };
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| Header { name: name.as_bytes(), value: value.as_bytes() }).collect();
    let request = Request {
        method: b"GET",
        path: path.as_bytes(),
        query: b"",
        fragment: None,
        version: b"HTTP/1.1",
        scheme: "http",
        headers: &headers,
        body: Body::EMPTY,
        client: Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), country: None, asn: None, ja3: None, ja4: None },
    };
    let context = Context { now: Timestamp::from_unix_ms(0), rates, places, token: &KnownToken::NONE };
    let rule_set = RuleSet::compile(policy.clone(), Limits::default()).expect("the policy compiles");
    let verdict = rule_set.evaluate(&request, &context, &mut Scratch::new()).clone();
    assert_eq!(verdict, reference::evaluate(&policy, &Limits::default(), &request, &context).0);
    (verdict, policy)
}

fn evaluate(rules: Vec<Rule>, path: &str) -> (Verdict, Policy) {
    evaluate_with(rules, path, &[], &NoPlaces, &NoRates)
}

fn labels(verdict: &Verdict, policy: &Policy) -> Vec<String> {
    verdict.labels.iter().map(|label| label.text(policy).to_owned()).collect()
}

#[test]
fn the_first_terminating_rule_ends_evaluation_and_counts_go_on() {
    let rules = vec![
        rule("count", uri_contains("a"), Action::COUNT),
        rule("allow", uri_contains("b"), Action::ALLOW),
        rule("block", uri_contains("a"), Action::block()),
    ];
    let (verdict, policy) = evaluate(rules.clone(), "/a");
    assert_eq!((verdict.decision, verdict.terminating), (Decision::Block, Some(RuleRef::top(2))));
    assert_eq!(verdict.non_terminating.len(), 1);
    assert_eq!(labels(&verdict, &policy), ["ns:count", "ns:block"]);
    let (verdict, _) = evaluate(rules.clone(), "/ab");
    assert_eq!((verdict.decision, verdict.terminating), (Decision::Allow, Some(RuleRef::top(1))));
    let (verdict, _) = evaluate(rules, "/x");
    assert_eq!((verdict.decision, verdict.terminating), (Decision::Allow, None));
}

#[test]
fn a_group_counted_as_a_whole_stops_at_its_first_terminating_rule_and_is_downgraded() {
    let members = || {
        vec![
            rule("m0", uri_contains("a"), Action::COUNT),
            rule("m1", uri_contains("a"), Action::block()),
            rule("m2", uri_contains("a"), Action::block()),
        ]
    };
    let (verdict, policy) = evaluate(vec![group("g", members(), None, true)], "/a");
    assert_eq!((verdict.decision, verdict.terminating), (Decision::Allow, None));
    assert_eq!(verdict.groups[0].terminated_by, Some(1));
    assert_eq!(labels(&verdict, &policy), ["ns:m0", "ns:m1"]);
    let (verdict, policy) = evaluate(vec![group("g", members(), None, false)], "/a");
    assert_eq!(verdict.terminating, Some(RuleRef { rule: 0, member: Some(1) }));
    assert_eq!(verdict.deciding_action(&policy), &Action::block());
}

#[test]
fn a_rule_overridden_to_count_lets_all_others_of_its_group_run() {
    let mut overridden = rule("m0", uri_contains("a"), Action::COUNT);
    let RuleKind::Match { action, .. } = &mut overridden.kind else { panic!("a match rule") };
    action.overridden = Some(Action::block());
    let members = vec![overridden, rule("m1", uri_contains("a"), Action::block())];
    let (verdict, _) = evaluate(vec![group("g", members, None, false)], "/a");
    assert_eq!(verdict.terminating, Some(RuleRef { rule: 0, member: Some(1) }));
}

#[test]
fn a_scope_down_that_does_not_hold_leaves_the_group_out() {
    let members = vec![rule("m", uri_contains("a"), Action::block())];
    let (verdict, _) = evaluate(vec![group("g", members, Some(uri_contains("b")), false)], "/a");
    assert_eq!((verdict.decision, verdict.groups.len()), (Decision::Allow, 0));
}

#[test]
fn labels_are_seen_by_later_rules_only() {
    let seen = || rule("seen", label("ns:early"), Action::block());
    let early = || rule("early", uri_contains("a"), Action::COUNT);
    assert_eq!(evaluate(vec![early(), seen()], "/a").0.decision, Decision::Block);
    assert_eq!(evaluate(vec![seen(), early()], "/a").0.decision, Decision::Allow);
    let own = rule("own", Condition::And(vec![uri_contains("a"), label("ns:own")]), Action::block());
    assert_eq!(evaluate(vec![own], "/a").0.decision, Decision::Allow);
    let across = vec![group("g", vec![early()], None, false), seen()];
    assert_eq!(evaluate(across, "/a").0.decision, Decision::Block);
}

#[test]
fn a_place_adds_its_labels_whether_or_not_it_matches() {
    let geo = |source| Condition::Geo { source, countries: vec!["US".to_owned()] };
    let (verdict, policy) =
        evaluate_with(vec![rule("geo", geo(AddressSource::Client), Action::block())], "/", &[], &Japan, &NoRates);
    assert_eq!(verdict.decision, Decision::Allow);
    assert_eq!(labels(&verdict, &policy), ["awswaf:clientip:geo:country:JP", "awswaf:clientip:geo:region:JP-13"]);
}

#[test]
fn a_missing_forwarding_header_means_the_rule_is_not_applied_even_under_not() {
    let source = || AddressSource::Forwarded {
        header: "x-forwarded-for".to_owned(),
        position: ForwardedPosition::First,
        invalid_matches: false,
    };
    let set = Arc::new(IpSet {
        id: "set".to_owned(),
        addresses: ["192.0.2.0/24".parse::<ipnet::IpNet>().unwrap()].into_iter().collect(),
    });
    let not_in = || {
        let inside = Condition::Ip { source: source(), set: Arc::clone(&set) };
        vec![rule("not-in", Condition::Not(Box::new(inside)), Action::block())]
    };
    let decide = |headers: &[(&str, &str)]| evaluate_with(not_in(), "/", headers, &NoPlaces, &NoRates).0.decision;
    assert_eq!(decide(&[]), Decision::Allow);
    assert_eq!(decide(&[("X-Forwarded-For", "192.0.2.7")]), Decision::Allow);
    assert_eq!(decide(&[("X-Forwarded-For", "203.0.113.7")]), Decision::Block);
    assert_eq!(decide(&[("X-Forwarded-For", "junk")]), Decision::Block);
}

#[test]
fn a_rate_rule_counts_only_what_its_scope_down_holds_for() {
    struct Counts(std::cell::Cell<u64>);
    impl RateSource for Counts {
        fn count(&self, _: RuleRef, _: CountedKey<'_>, _: u32, _: Timestamp) -> u64 {
            self.0.set(self.0.get() + 1);
            self.0.get()
        }
    }
    let counts = Counts(std::cell::Cell::new(0));
    let rate = || {
        let kind = RuleKind::Rate {
            limit: 2,
            window_s: 60,
            key: RateKey::Address(AddressSource::Client),
            scope_down: Some(uri_contains("login")),
            action: Action::block().into(),
        };
        vec![Rule { name: "rate".to_owned(), visibility: "rate".into(), labels: Vec::new(), kind }]
    };
    let policy = Policy {
        name: "p".to_owned(),
        id: "p".to_owned(),
        default_action: Action::ALLOW,
        rules: rate(),
        body_inspected_bytes_max: None,
        token_domains: Vec::new(),
        visibility: "acl".into(),
        protection: Default::default(),
    };
    let rule_set = RuleSet::compile(policy, Limits::default()).unwrap();
    let mut scratch = Scratch::new();
    let mut decide = |path: &'static [u8]| {
        let request = Request {
            method: b"GET",
            path,
            query: b"",
            fragment: None,
            version: b"HTTP/1.1",
            scheme: "http",
            headers: &[],
            body: Body::EMPTY,
            client: Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), country: None, asn: None, ja3: None, ja4: None },
        };
        let context =
            Context { now: Timestamp::from_unix_ms(0), rates: &counts, places: &NoPlaces, token: &KnownToken::NONE };
        rule_set.evaluate(&request, &context, &mut scratch).decision
    };
    let paths: [&'static [u8]; 5] = [b"/login", b"/other", b"/login", b"/other", b"/login"];
    let decisions: Vec<_> = paths.into_iter().map(&mut decide).collect();
    assert_eq!(decisions[..4], [Decision::Allow; 4]);
    assert_eq!(decisions[4], Decision::Block);
}

/// Evaluates both ways at one minute past the epoch, with a token.
fn evaluate_token(rules: Vec<Rule>, token: KnownToken) -> (Verdict, Policy) {
    let policy = Policy {
        name: "p".to_owned(),
        id: "p".to_owned(),
        default_action: Action::ALLOW,
        rules,
        body_inspected_bytes_max: None,
        token_domains: Vec::new(),
        visibility: "acl".into(),
        protection: Default::default(),
    };
    let request = Request {
        method: b"GET",
        path: b"/a",
        query: b"",
        fragment: None,
        version: b"HTTP/1.1",
        scheme: "http",
        headers: &[],
        body: Body::EMPTY,
        client: Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), country: None, asn: None, ja3: None, ja4: None },
    };
    let now = Timestamp::from_unix_ms(400_000);
    let context = Context { now, rates: &NoRates, places: &NoPlaces, token: &token };
    let rule_set = RuleSet::compile(policy.clone(), Limits::default()).expect("the policy compiles");
    assert!(rule_set.asks_for_token());
    let verdict = rule_set.evaluate(&request, &context, &mut Scratch::new()).clone();
    assert_eq!(verdict, reference::evaluate(&policy, &Limits::default(), &request, &context).0);
    (verdict, policy)
}

fn asked(immunity_s: u64, header: &str) -> TokenAction {
    let insert = vec![HeaderInsert { name: header.to_owned(), value: "1".to_owned() }];
    TokenAction { insert, immunity_s }
}

fn solved(ms: u64) -> TokenState {
    TokenState::SolvedAt(Timestamp::from_unix_ms(ms))
}

#[test]
fn a_rule_that_asks_for_a_token_ends_evaluation_without_a_good_one_and_counts_with_one() {
    let rules = || {
        vec![
            rule("captcha", uri_contains("a"), Action::Captcha(asked(300, "x-captcha"))),
            rule("challenge", uri_contains("a"), Action::Challenge(asked(300, "x-challenge"))),
            rule("block", label("ns:challenge"), Action::Count { insert: Vec::new() }),
        ]
    };
    let failures = [
        (TokenState::Missing, TokenFailure::Missing),
        (TokenState::Invalid, TokenFailure::Invalid),
        (TokenState::DomainMismatch, TokenFailure::DomainMismatch),
        (solved(99_999), TokenFailure::Expired),
    ];
    for (state, failure) in failures {
        let (verdict, _) = evaluate_token(rules(), KnownToken { captcha: state, challenge: solved(400_000) });
        assert_eq!((verdict.decision, verdict.terminating), (Decision::Captcha, Some(RuleRef::top(0))));
        assert_eq!(verdict.captcha.unwrap().failure, Some(failure));
        assert_eq!(verdict.challenge, None);
        let (verdict, policy) = evaluate_token(rules(), KnownToken { captcha: solved(100_000), challenge: state });
        assert_eq!((verdict.decision, verdict.terminating), (Decision::Challenge, Some(RuleRef::top(1))));
        assert!(verdict.captcha.unwrap().is_good());
        assert_eq!(verdict.challenge.unwrap().failure, Some(failure));
        assert_eq!(verdict.inserted_headers(&policy).count(), 0);
    }
    let (verdict, policy) =
        evaluate_token(rules(), KnownToken { captcha: solved(100_000), challenge: solved(400_000) });
    assert_eq!((verdict.decision, verdict.terminating, verdict.non_terminating.len()), (Decision::Allow, None, 3));
    assert_eq!(labels(&verdict, &policy), ["ns:captcha", "ns:challenge", "ns:block"]);
    let inserted: Vec<_> = verdict.inserted_headers(&policy).map(|header| header.name.as_str()).collect();
    assert_eq!(inserted, ["x-captcha", "x-challenge"]);
}

#[test]
fn the_last_rule_that_asks_says_what_came_of_it() {
    let ask = |immunity_s| Action::Captcha(asked(immunity_s, "x"));
    let rules = vec![rule("easy", uri_contains("a"), ask(300)), rule("strict", uri_contains("a"), ask(60))];
    let (verdict, _) = evaluate_token(rules, KnownToken { captcha: solved(200_000), ..KnownToken::NONE });
    assert_eq!((verdict.decision, verdict.terminating), (Decision::Captcha, Some(RuleRef::top(1))));
    let result = verdict.captcha.unwrap();
    assert_eq!((result.solved_at.unwrap().unix_ms(), result.failure), (200_000, Some(TokenFailure::Expired)));
    assert_eq!(verdict.non_terminating.len(), 1);
}

#[test]
fn a_group_that_is_only_counted_asks_for_no_token_in_earnest() {
    let members = || vec![rule("m", uri_contains("a"), Action::Captcha(asked(60, "x")))];
    let (verdict, _) = evaluate_token(vec![group("g", members(), None, false)], KnownToken::NONE);
    assert_eq!(verdict.terminating, Some(RuleRef { rule: 0, member: Some(0) }));
    assert_eq!(verdict.decision, Decision::Captcha);
    let (verdict, _) = evaluate_token(vec![group("g", members(), None, true)], KnownToken::NONE);
    assert_eq!((verdict.decision, verdict.terminating, verdict.captcha), (Decision::Allow, None, None));
    assert_eq!(verdict.groups[0].terminated_by, Some(0));
    let (verdict, _) = evaluate_token(
        vec![group("g", members(), None, true)],
        KnownToken { captcha: solved(400_000), ..KnownToken::NONE },
    );
    assert!(verdict.captcha.unwrap().is_good());
    assert_eq!(verdict.groups[0].terminated_by, None);
}
