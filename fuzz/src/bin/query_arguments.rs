//! Query strings made ready and taken apart, on any bytes: no panic, both evaluators alike, nothing longer than it was.
//!
//! The first byte of the input chooses what is done to the query string first, the rest is the query string.

#![no_main]

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sekisho_model::{SourceFile, Timestamp};
use sekisho_waf::reference::{self, ConditionTrace, TestTrace};
use sekisho_waf::{Body, Client, Context, KnownToken, Limits, NoPlaces, NoRates, Request, RuleSet, Scratch};
use sekisho_waf_lang::aws::{LoadOptions, ManagedCatalogue, load};

const STEPS: [&str; 4] =
    ["URL_DECODE", "URL_DECODE_UNI", "COMBINE_DUPLICATE_QUERY_ARGS_BY_COMMA", "REPLACE_SEMICOLONS_WITH_AMPERSANDS"];

/// A rule set for each chain of up to three steps: looks at all arguments, and at those called `a`.
static RULES: LazyLock<Vec<RuleSet>> = LazyLock::new(|| {
    let mut chains: Vec<Vec<&str>> = vec![Vec::new()];
    for _ in 0..3 {
        let longer: Vec<_> =
            chains.iter().flat_map(|chain| STEPS.map(|step| [chain.as_slice(), &[step]].concat())).collect();
        chains.extend(longer);
    }
    chains.sort();
    chains.dedup();
    chains.iter().map(|chain| rules(chain)).collect()
});

fn rules(chain: &[&str]) -> RuleSet {
    let shown =
        r#""VisibilityConfig":{"SampledRequestsEnabled":true,"CloudWatchMetricsEnabled":true,"MetricName":"m"}"#;
    let steps: Vec<_> =
        chain.iter().enumerate().map(|(at, step)| format!(r#"{{"Priority":{at},"Type":"{step}"}}"#)).collect();
    let rule = |(priority, field): (usize, &&str)| {
        format!(
            r#"{{"Name":"r{priority}","Priority":{priority},"Action":{{"Count":{{}}}},{shown},
                "Statement":{{"SizeConstraintStatement":{{"ComparisonOperator":"EQ","Size":3,"FieldToMatch":{field},
                "TextTransformations":[{{"Priority":0,"Type":"NONE"}}],"PreParseTextTransformations":[{}]}}}}}}"#,
            steps.join(",")
        )
    };
    let fields = [r#"{"AllQueryArguments":{}}"#, r#"{"SingleQueryArgument":{"Name":"a"}}"#];
    let rules: Vec<_> = fields.iter().enumerate().map(rule).collect();
    let acl = format!(
        r#"{{"Name":"a","Id":"a","ARN":"arn:aws:wafv2:us-east-1:111122223333:regional/webacl/a/a",
            "DefaultAction":{{"Allow":{{}}}},{shown},"Rules":[{}]}}"#,
        rules.join(",")
    );
    let loaded = load(&SourceFile::new("acl.json", acl), &[], &ManagedCatalogue::new(), &LoadOptions::default());
    let policy = loaded.policy.unwrap_or_else(|| panic!("{}", loaded.diagnostics.render(false)));
    RuleSet::compile(policy, Limits::default()).expect("it compiles")
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::new());
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, query)) = bytes.split_first() else { return };
    let rules = &RULES[usize::from(choice) % RULES.len()];
    let request = Request {
        method: b"GET",
        path: b"/",
        query,
        fragment: None,
        version: b"HTTP/1.1",
        scheme: "http",
        headers: &[],
        body: Body::EMPTY,
        client: Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), country: None, asn: None, ja3: None, ja4: None },
    };
    let context =
        Context { now: Timestamp::from_unix_ms(0), rates: &NoRates, places: &NoPlaces, token: &KnownToken::NONE };
    let (expected, trace) = reference::evaluate(rules.policy(), rules.limits(), &request, &context);
    SCRATCH.with_borrow_mut(|scratch| assert_eq!(*rules.evaluate(&request, &context, scratch), expected));

    let tests: Vec<&TestTrace> = trace
        .rules
        .iter()
        .filter_map(|rule| match &rule.condition {
            Some(ConditionTrace::Test(test)) => Some(test),
            _ => None,
        })
        .collect();
    let [all, one] = tests.as_slice() else { panic!("a test a rule") };
    // An argument without `=` that is combined gets one; nothing else grows.
    let length: usize = all.values.iter().map(|value| value.name.len() + value.bytes.len()).sum();
    assert!(length <= query.len());
    let named: Vec<_> =
        all.values.iter().filter(|value| value.name.eq_ignore_ascii_case(b"a")).map(|value| &value.bytes).collect();
    assert_eq!(one.values.iter().map(|value| &value.bytes).collect::<Vec<_>>(), named);
});
