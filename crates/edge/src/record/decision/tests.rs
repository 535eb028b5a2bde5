//! Records against lines as AWS writes them, and against hostile bytes.

use proptest::prelude::*;
use sekisho_waf::ir::{
    AddressSource, Condition as IrCondition, ProtectedPart, Protection, ProtectionMethod, RateKey, RedactedPart,
    RequestPart, TokenAction,
};
use sekisho_waf::{Body, Client, Header, LimitedKey, OversizeFields, RateHit, RuleMatch, TokenFailure, TokenResult};
use serde_json::{Value, json};

use super::*;

fn rule(name: &str, action: impl Into<ActionInForce>) -> Rule {
    Rule {
        name: name.to_owned(),
        visibility: name.into(),
        labels: vec![format!("awswaf:test:{name}")],
        kind: RuleKind::Match { when: IrCondition::And(Vec::new()), action: action.into() },
    }
}

fn group(id: &str, managed: bool, excluded: &[&str], rules: Vec<Rule>) -> Rule {
    let excluded = excluded.iter().map(|&name| name.to_owned()).collect();
    let group = Group { id: id.to_owned(), name: id.to_owned(), managed, visibility: id.into(), excluded, rules };
    let kind = RuleKind::Group { group, scope_down: None, count_only: false };
    Rule { name: format!("use-{id}"), visibility: format!("use-{id}").into(), labels: Vec::new(), kind }
}

/// 0: counts · 1: managed group (SQLi blocks, one overridden, one excluded) · 2: own group · 3: rate · 4: asks for a puzzle ·
/// 5: challenges.
fn policy() -> Policy {
    let overridden = ActionInForce { action: Action::COUNT, overridden: Some(Action::block()) };
    Policy {
        name: "shop".to_owned(),
        id: "arn:aws:wafv2:local:0:regional/webacl/shop/1".to_owned(),
        default_action: Action::ALLOW,
        rules: vec![
            rule("watch", Action::COUNT),
            group(
                "AWS#AWSManagedRulesSQLiRuleSet",
                true,
                &["SQLi_COOKIE"],
                vec![
                    rule("SQLi_BODY", overridden),
                    rule("SQLi_COOKIE", Action::COUNT),
                    rule("SQLi_QUERYARGUMENTS", Action::block()),
                ],
            ),
            group("arn:own", false, &[], vec![rule("own-block", Action::block())]),
            Rule {
                name: "rate".to_owned(),
                visibility: "rate".into(),
                labels: Vec::new(),
                kind: RuleKind::Rate {
                    limit: 100,
                    window_s: 300,
                    key: RateKey::Address(AddressSource::Client),
                    scope_down: None,
                    action: Action::block().into(),
                },
            },
            rule("puzzle", Action::Captcha(TokenAction { insert: Vec::new(), immunity_s: 300 })),
            rule("challenge", Action::Challenge(TokenAction { insert: Vec::new(), immunity_s: 300 })),
        ],
        body_inspected_bytes_max: None,
        token_domains: Vec::new(),
        visibility: "acl".into(),
        protection: Default::default(),
    }
}

const HEADERS: [Header<'static>; 3] = [
    Header { name: b"Host", value: b"shop.example" },
    Header { name: b"Cookie", value: b"session=secret" },
    Header { name: b"X-Note", value: b"pay 4111 1111 1111 1111 \"now\"" },
];

fn request() -> Request<'static> {
    Request {
        method: b"GET",
        path: b"/search",
        query: b"q=1'%20OR%201=1&card=4111111111111111",
        fragment: None,
        version: b"HTTP/1.1",
        scheme: "https",
        headers: &HEADERS,
        body: Body::EMPTY,
        client: Client {
            ip: "192.0.2.7".parse().unwrap(),
            country: None,
            asn: None,
            ja3: None,
            ja4: Some("t13d1516h2_8daaf6152771_b0da82dd1658"),
        },
    }
}

fn occurrence() -> Occurrence<'static> {
    Occurrence {
        at: Timestamp::from_unix_ms(1_795_299_944_123),
        request_id: "1-6920e7a8-0123",
        country: None,
        asn: None,
        response_code_sent: None,
        inserted: &[],
        match_details: &[],
    }
}

fn member(rule: u32, member: u32) -> RuleRef {
    RuleRef { rule, member: Some(member) }
}

fn line(occurrence: &Occurrence<'_>, subject: Subject<'_>) -> String {
    line_under(&Veil::default(), occurrence, subject)
}

fn line_under(veil: &Veil, occurrence: &Occurrence<'_>, subject: Subject<'_>) -> String {
    let source = Source { name: "ALB".to_owned(), id: "app/shop".to_owned() };
    let mut out = b"kept".to_vec();
    Recorder::new(&source, &MaskSettings::default()).write(&policy(), veil, occurrence, subject, &mut out);
    let text = String::from_utf8(out).unwrap();
    text.strip_prefix("kept").expect("what was in the buffer stays").to_owned()
}

fn parsed(occurrence: &Occurrence<'_>, subject: Subject<'_>) -> Value {
    serde_json::from_str(&line(occurrence, subject)).unwrap()
}

fn evaluated(verdict: &Verdict, occurrence: &Occurrence<'_>) -> Value {
    parsed(occurrence, Subject::Evaluated { request: &request(), verdict })
}

#[test]
fn an_allowed_request_is_written_field_by_field_like_aws() {
    let verdict = Verdict { groups: vec![GroupOutcome { rule: 1, terminated_by: None }], ..Verdict::default() };
    let expected = concat!(
        r#"{"timestamp":1795299944123,"formatVersion":1,"#,
        r#""webaclId":"arn:aws:wafv2:local:0:regional/webacl/shop/1","terminatingRuleId":"Default_Action","#,
        r#""terminatingRuleType":"REGULAR","action":"ALLOW","terminatingRuleMatchDetails":[],"#,
        r#""httpSourceName":"ALB","httpSourceId":"app/shop","ruleGroupList":["#,
        r#"{"ruleGroupId":"AWS#AWSManagedRulesSQLiRuleSet","terminatingRule":null,"#,
        r#""nonTerminatingMatchingRules":[],"excludedRules":null}],"rateBasedRuleList":[],"#,
        r#""nonTerminatingMatchingRules":[],"requestHeadersInserted":null,"responseCodeSent":null,"#,
        r#""httpRequest":{"clientIp":"192.0.2.7","country":"-","headers":[{"name":"Host","value":"shop.example"},"#,
        r#"{"name":"Cookie","value":"REDACTED"},"#,
        r#"{"name":"X-Note","value":"pay **** **** **** 1111 \"now\""}],"uri":"/search","#,
        r#""args":"q=1'%20OR%201=1&card=************1111","httpVersion":"HTTP/1.1","httpMethod":"GET","#,
        r#""requestId":"1-6920e7a8-0123","fragment":"","scheme":"https","host":"shop.example"},"labels":[],"#,
        r#""requestBodySize":0,"requestBodySizeInspectedByWAF":0,"#,
        r#""ja4Fingerprint":"t13d1516h2_8daaf6152771_b0da82dd1658"}"#,
        "\n"
    );
    assert_eq!(line(&occurrence(), Subject::Evaluated { request: &request(), verdict: &verdict }), expected);
}

#[test]
fn a_block_within_a_group_names_the_acls_rule_and_the_groups() {
    let verdict = Verdict {
        terminating: Some(member(1, 2)),
        decision: Decision::Block,
        non_terminating: vec![
            RuleMatch { rule: RuleRef::top(0) },
            RuleMatch { rule: member(1, 0) },
            RuleMatch { rule: member(1, 1) },
        ],
        groups: vec![GroupOutcome { rule: 1, terminated_by: Some(2) }],
        labels: vec![
            Label::OfRule { rule: member(1, 2), index: 0 },
            Label::Made("awswaf:clientip:geo:country:JP".into()),
        ],
        ..Verdict::default()
    };
    let details = [MatchDetail {
        rule: member(1, 2),
        condition: Condition::Sqli(SqliSensitivity::Low),
        location: "ALL_QUERY_ARGS",
        field_name: Some("q"),
        matched: &[b"1", b"OR", b"4111111111111111"],
    }];
    let record = evaluated(
        &verdict,
        &Occurrence { match_details: &details, response_code_sent: Some(403), asn: Some(64_496), ..occurrence() },
    );
    assert_eq!(record["terminatingRuleId"], "use-AWS#AWSManagedRulesSQLiRuleSet");
    assert_eq!(record["terminatingRuleType"], "MANAGED_RULE_GROUP");
    assert_eq!(record["action"], "BLOCK");
    assert_eq!(
        record["terminatingRuleMatchDetails"],
        json!([{
            "conditionType": "SQL_INJECTION", "sensitivityLevel": "LOW", "location": "ALL_QUERY_ARGS",
            "matchedData": ["1", "OR", "************1111"], "matchedFieldName": "q",
        }])
    );
    assert_eq!(
        record["ruleGroupList"],
        json!([{
            "ruleGroupId": "AWS#AWSManagedRulesSQLiRuleSet",
            "terminatingRule": {"ruleId": "SQLi_QUERYARGUMENTS", "action": "BLOCK", "ruleMatchDetails": null},
            "nonTerminatingMatchingRules": [
                {"ruleId": "SQLi_BODY", "action": "COUNT", "overriddenAction": "BLOCK", "ruleMatchDetails": []},
            ],
            "excludedRules": [{"exclusionType": "EXCLUDED_AS_COUNT", "ruleId": "SQLi_COOKIE"}],
        }])
    );
    assert_eq!(
        record["nonTerminatingMatchingRules"],
        json!([{"ruleId": "watch", "action": "COUNT", "ruleMatchDetails": []}])
    );
    let labels = json!([{"name": "awswaf:test:SQLi_QUERYARGUMENTS"}, {"name": "awswaf:clientip:geo:country:JP"}]);
    assert_eq!(record["labels"], labels);
    assert_eq!(record["responseCodeSent"], 403);
    assert_eq!(record["clientAsn"], 64_496);
}

#[test]
fn own_groups_and_rates_have_their_types() {
    let verdict = Verdict { terminating: Some(member(2, 0)), decision: Decision::Block, ..Verdict::default() };
    assert_eq!(evaluated(&verdict, &occurrence())["terminatingRuleType"], "GROUP");
    let key = LimitedKey::Address("2001:db8::1".parse().unwrap());
    let hit = RateHit { rule: RuleRef::top(3), key, count: 101 };
    let verdict = Verdict {
        terminating: Some(RuleRef::top(3)),
        decision: Decision::Block,
        rate_hits: vec![hit],
        ..Verdict::default()
    };
    let record = evaluated(&verdict, &occurrence());
    assert_eq!(record["terminatingRuleType"], "RATE_BASED");
    assert_eq!(
        record["rateBasedRuleList"],
        json!([{
            "rateBasedRuleId": "rate", "rateBasedRuleName": "rate",
            "limitKey": "IP", "maxRateAllowed": 100, "evaluationWindowSec": "300", "limitValue": "2001:db8::1",
        }])
    );
}

#[test]
fn inserted_headers_and_oversize_parts_are_listed() {
    let header = HeaderInsert { name: "x-amzn-waf-seen".to_owned(), value: "yes".to_owned() };
    let verdict = Verdict {
        oversize: OversizeFields { body: true, json_body: true, headers: false, cookies: true },
        ..Verdict::default()
    };
    let record = evaluated(&verdict, &Occurrence { inserted: &[&header], ..occurrence() });
    assert_eq!(record["requestHeadersInserted"], json!([{"name": "x-amzn-waf-seen", "value": "yes"}]));
    assert_eq!(record["oversizeFields"], json!(["REQUEST_BODY", "REQUEST_JSON_BODY", "REQUEST_COOKIES"]));
}

#[test]
fn only_the_first_hundred_labels_are_listed() {
    let labels = (0..150).map(|number| Label::Made(format!("n:{number}").into())).collect();
    let record = evaluated(&Verdict { labels, ..Verdict::default() }, &occurrence());
    let names = record["labels"].as_array().unwrap();
    assert_eq!(names.len(), 100);
    assert_eq!(names[99]["name"], "n:99");
}

#[test]
fn a_secret_does_not_leave_as_matched_data() {
    let matched: &[&[u8]] = &[b"session=secret"];
    let detail = |location, field_name| MatchDetail {
        rule: RuleRef::top(0),
        condition: Condition::Xss,
        location,
        field_name,
        matched,
    };
    for (location, field_name, hidden) in [
        ("COOKIES", None, true),
        ("HEADER", Some("Authorization"), true),
        ("HEADERS", None, true),
        ("HEADER", Some("x-note"), false),
        ("BODY", None, false),
    ] {
        let verdict = Verdict { non_terminating: vec![RuleMatch { rule: RuleRef::top(0) }], ..Verdict::default() };
        let details = [detail(location, field_name)];
        let record = evaluated(&verdict, &Occurrence { match_details: &details, ..occurrence() });
        let shown = &record["nonTerminatingMatchingRules"][0]["ruleMatchDetails"][0]["matchedData"];
        let expected = if hidden { json!(["REDACTED"]) } else { json!(["session=secret"]) };
        assert_eq!(shown, &expected, "{location} {field_name:?}");
    }
}

#[test]
fn a_malformed_request_has_a_record_without_parts() {
    let client = "2001:db8::7".parse().unwrap();
    let subject = Subject::Malformed { client, reason: "two lengths that differ" };
    let record = parsed(&Occurrence { response_code_sent: Some(400), ..occurrence() }, subject);
    assert_eq!(record["action"], "BLOCK");
    assert_eq!(record["terminatingRuleId"], "Malformed_Request");
    assert_eq!(record["responseCodeSent"], 400);
    assert_eq!(record["httpRequest"]["clientIp"], "2001:db8::7");
    assert_eq!(record["httpRequest"]["headers"], json!([]));
    assert_eq!(record["failure"], json!({"type": "MALFORMED_REQUEST", "reason": "two lengths that differ"}));
}

#[test]
fn a_fault_is_recorded_with_what_became_of_the_request() {
    for (let_through, action) in [(true, "ALLOW"), (false, "BLOCK")] {
        let subject = Subject::Fault { request: &request(), reason: "evaluation panicked", let_through };
        let record = parsed(&occurrence(), subject);
        assert_eq!(record["action"], action);
        assert_eq!(record["terminatingRuleId"], "Evaluation_Fault");
        assert_eq!(record["httpRequest"]["uri"], "/search");
        assert_eq!(record["failure"]["type"], "EVALUATION_FAULT");
    }
}

/// What stands in the details of a match and at the name of its field, under a veil.
fn matched_under(veil: &Veil, location: &str, field_name: Option<&str>) -> (Value, Value) {
    let headers = [Header { name: b"X-Key", value: b"s3cret" }, Header { name: b"Cookie", value: b"session=s3cret" }];
    let body = Body { bytes: b"s3cret", ..Body::EMPTY };
    let request = Request { query: b"hoppy=s3cret&q=1", headers: &headers, body, ..request() };
    let rule = RuleRef::top(0);
    let detail = MatchDetail { rule, condition: Condition::Xss, location, field_name, matched: &[b"s3cret"] };
    let occurrence = Occurrence { match_details: &[detail], ..occurrence() };
    let verdict = Verdict { non_terminating: vec![RuleMatch { rule }], ..Verdict::default() };
    let line = line_under(veil, &occurrence, Subject::Evaluated { request: &request, verdict: &verdict });
    let record: Value = serde_json::from_str(&line).unwrap();
    let detail = &record["nonTerminatingMatchingRules"][0]["ruleMatchDetails"][0];
    (detail["matchedData"].clone(), detail["matchedFieldName"].clone())
}

/// The SHA-256 of the account 111122223333 and `content`, in Base64.
fn hash(content: &str) -> String {
    let protection = Protection { hash_prefix: "111122223333".to_owned(), parts: Vec::new() };
    let stand = Veil::new(&protection, &[]).stand(Some(ProtectionMethod::Hash), content.as_bytes()).unwrap();
    String::from_utf8(stand.bytes().to_vec()).unwrap()
}

#[test]
fn what_is_protected_does_not_leave_as_matched_data() {
    let header = RequestPart::Header("x-key".to_owned());
    let argument = RequestPart::QueryArgument("hoppy".to_owned());
    let cookie = RequestPart::Cookie("session".to_owned());
    let plain = json!(["s3cret"]);
    for (part, location, name, data) in [
        (&header, "HEADER", Some("X-Key"), json!([hash("s3cret")])),
        (&header, "HEADERS", Some("x-key"), json!([hash("s3cret")])),
        (&header, "BODY", None, plain.clone()),
        (&argument, "SINGLE_QUERY_ARG", Some("hoppy"), json!([hash("s3cret")])),
        (&argument, "SINGLE_QUERY_ARG", Some("q"), plain.clone()),
        (&argument, "ALL_QUERY_ARGS", Some("q"), json!([hash("hoppy=s3cret&q=1")])),
        (&argument, "QUERY_STRING", None, json!([hash("hoppy=s3cret&q=1")])),
        (&cookie, "COOKIES", Some("session"), json!([hash("session=s3cret")])),
        (&cookie, "HEADER", Some("cookie"), json!([hash("session=s3cret")])),
        (&RequestPart::Body, "BODY", None, json!([hash("s3cret")])),
        (&RequestPart::Body, "BODY", Some("hoppy"), json!([hash("s3cret")])),
        (&RequestPart::Body, "URI", None, plain.clone()),
        (&RequestPart::QueryString, "SINGLE_QUERY_ARG", Some("hoppy"), json!([hash("s3cret")])),
    ] {
        let veil = |shown_in_match_details, method| {
            let part =
                ProtectedPart { part: part.clone(), method, shown_in_match_details, shown_in_rate_details: false };
            Veil::new(&Protection { hash_prefix: "111122223333".to_owned(), parts: vec![part] }, &[])
        };
        let (found, field) = matched_under(&veil(false, ProtectionMethod::Hash), location, name);
        assert_eq!(found, data, "{part:?} {location} {name:?}");
        let names_too = matches!(part, RequestPart::QueryString | RequestPart::Body) && name.is_some();
        assert_eq!(field, if names_too { json!(hash("hoppy")) } else { json!(name) });
        let covered = data != plain;
        let (found, _) = matched_under(&veil(false, ProtectionMethod::Substitute), location, name);
        assert_eq!(found, if covered { json!(["REDACTED"]) } else { plain.clone() }, "{part:?} {location}");
        // An exception shows it, but for what is masked in any case.
        let (found, _) = matched_under(&veil(true, ProtectionMethod::Hash), location, name);
        assert_eq!(found, if *part == cookie { json!(["REDACTED"]) } else { plain.clone() }, "{part:?} {location}");
    }
}

#[test]
fn redacted_fields_are_redacted_wherever_a_rule_names_them() {
    let redacted = [
        RedactedPart::Method,
        RedactedPart::UriPath,
        RedactedPart::QueryString,
        RedactedPart::Header("x-key".to_owned()),
    ];
    let veil = Veil::new(&Protection::default(), &redacted);
    for (location, name, hidden) in [
        ("METHOD", None, true),
        ("URI", None, true),
        ("QUERY_STRING", None, true),
        ("HEADER", Some("X-Key"), true),
        ("HEADERS", Some("X-Key"), false),
        ("ALL_QUERY_ARGS", Some("q"), false),
        ("BODY", None, false),
    ] {
        let data = if hidden { json!(["REDACTED"]) } else { json!(["s3cret"]) };
        assert_eq!(matched_under(&veil, location, name).0, data, "{location}");
    }
    let verdict = Verdict::default();
    let headers = [Header { name: b"X-Key", value: b"s3cret" }];
    let request = Request { headers: &headers, ..request() };
    let line = line_under(&veil, &occurrence(), Subject::Evaluated { request: &request, verdict: &verdict });
    let record: Value = serde_json::from_str(&line).unwrap();
    for field in ["uri", "args", "httpMethod"] {
        assert_eq!(record["httpRequest"][field], "REDACTED");
    }
    assert_eq!(record["httpRequest"]["headers"], json!([{"name": "X-Key", "value": "REDACTED"}]));
}

proptest! {
    #[test]
    fn any_request_gives_one_line_of_json(
        parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 5),
        fields in proptest::collection::vec((
            proptest::collection::vec(any::<u8>(), 0..20), proptest::collection::vec(any::<u8>(), 0..60)), 0..8),
    ) {
        let headers: Vec<Header<'_>> = fields.iter().map(|(name, value)| Header { name, value }).collect();
        let hostile = Request {
            method: &parts[0],
            path: &parts[1],
            query: &parts[2],
            fragment: Some(&parts[3]),
            version: &parts[4],
            headers: &headers,
            ..request()
        };
        let verdict = Verdict::default();
        let text = line(&occurrence(), Subject::Evaluated { request: &hostile, verdict: &verdict });
        prop_assert_eq!(text.bytes().filter(|&byte| byte == b'\n').count(), 1);
        let record: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(record["httpRequest"]["headers"].as_array().unwrap().len(), headers.len());
    }
}

#[test]
fn tokens_are_told_of_as_aws_does() {
    let solved_at = Some(Timestamp::from_unix_ms(1_632_420_429_999));
    let verdict = Verdict {
        terminating: Some(RuleRef::top(5)),
        decision: Decision::Challenge,
        non_terminating: vec![RuleMatch { rule: RuleRef::top(4) }],
        captcha: Some(TokenResult { solved_at, failure: None }),
        challenge: Some(TokenResult { solved_at: None, failure: Some(TokenFailure::Missing) }),
        ..Verdict::default()
    };
    let record = evaluated(&verdict, &Occurrence { response_code_sent: Some(202), ..occurrence() });
    let good = json!({"responseCode": 0, "solveTimestamp": 1_632_420_429});
    assert_eq!(
        (record["action"].as_str(), record["terminatingRuleId"].as_str()),
        (Some("CHALLENGE"), Some("challenge"))
    );
    assert_eq!(
        record["nonTerminatingMatchingRules"],
        json!([{"ruleId": "puzzle", "action": "CAPTCHA", "ruleMatchDetails": [], "captchaResponse": good}])
    );
    assert_eq!(record["captchaResponse"], good);
    let missing = json!({"responseCode": 202, "solveTimestamp": 0, "failureReason": "TOKEN_MISSING"});
    assert_eq!((&record["challengeResponse"], record["responseCodeSent"].as_u64()), (&missing, Some(202)));
    let expired = TokenResult { solved_at, failure: Some(TokenFailure::Expired) };
    let verdict = Verdict { decision: Decision::Captcha, captcha: Some(expired), challenge: None, ..verdict };
    let record = evaluated(&verdict, &occurrence());
    assert_eq!(record["nonTerminatingMatchingRules"][0]["captchaResponse"], good);
    let expired = json!({"responseCode": 405, "solveTimestamp": 1_632_420_429, "failureReason": "TOKEN_EXPIRED"});
    assert_eq!((&record["captchaResponse"], &record["challengeResponse"]), (&expired, &Value::Null));
}

proptest! {
    #[test]
    fn a_protected_value_is_in_no_record_whatever_stands_around_it(
        before in "[ -~]{0,20}", after in "[ -~]{0,20}", encoded in proptest::collection::vec(any::<bool>(), 4),
        hash in any::<bool>(),
    ) {
        const SECRET: &str = "ZqSecretZq";
        let name: String = "pass"
            .chars()
            .zip(&encoded)
            .map(|(letter, &encoded)| if encoded { format!("%{:02x}", letter as u32) } else { letter.to_string() })
            .collect();
        let method = if hash { ProtectionMethod::Hash } else { ProtectionMethod::Substitute };
        let parts = [
            RequestPart::QueryArgument("pass".to_owned()),
            RequestPart::Cookie("pass".to_owned()),
            RequestPart::Header("x-pass".to_owned()),
        ];
        let protected =
            |part| ProtectedPart { part, method, shown_in_match_details: false, shown_in_rate_details: false };
        let parts = parts.into_iter().map(protected).collect();
        let veil = Veil::new(&Protection { hash_prefix: "1".to_owned(), parts }, &[]);
        let query = format!("{before}&{name}={SECRET}{}&{after}", after.replace('&', ""));
        let cookie = format!("{before}; pass={SECRET}; {after}");
        let headers =
            [Header { name: b"X-PASS", value: SECRET.as_bytes() }, Header { name: b"Cookie", value: cookie.as_bytes() }];
        let request = Request { query: query.as_bytes(), headers: &headers, ..request() };
        let verdict = Verdict::default();
        let text = line_under(&veil, &occurrence(), Subject::Evaluated { request: &request, verdict: &verdict });
        serde_json::from_str::<Value>(&text).unwrap();
        prop_assert!(!text.contains(SECRET), "{text}");
    }
}
