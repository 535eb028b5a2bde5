//! The reader of JSON bodies, on any bytes: no panic, both evaluators alike; text that a strict reader takes is read whole,
//! and its keys and values are what that reader finds.
//!
//! The first byte of the input chooses scope and places, the rest is the body.

#![no_main]

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sekisho_model::{SourceFile, Timestamp};
use sekisho_waf::reference::{self, ConditionTrace, TestTrace, Trace};
use sekisho_waf::{Body, BodySize, Client, Context, KnownToken, Limits, NoPlaces, NoRates, Request, RuleSet, Scratch};
use sekisho_waf_lang::aws::{LoadOptions, ManagedCatalogue, load};
use sekisho_waf_lang::document::{Document, Node};

const SCOPES: [&str; 3] = ["ALL", "KEY", "VALUE"];
const PLACES: [&[&str]; 4] = [&[], &["/a", "/0"], &["/a/b", "/b", "/a/0"], &["/"]];

/// A rule set for each choice: counts bodies by each way to take what is no JSON, so that none ends the evaluation.
static RULES: LazyLock<Vec<RuleSet>> = LazyLock::new(|| {
    let choices = SCOPES.iter().flat_map(|scope| PLACES.iter().map(move |places| (scope, places)));
    choices.map(|(scope, places)| rules(scope, places)).collect()
});

/// Parallel to the rules of each set.
const FALLBACKS: [&str; 4] = ["", "MATCH", "NO_MATCH", "EVALUATE_AS_STRING"];

fn rules(scope: &str, places: &[&str]) -> RuleSet {
    let pattern = match places {
        [] => "\"All\":{}".to_owned(),
        places => format!("\"IncludedPaths\":{places:?}"),
    };
    let rule = |(priority, fallback): (usize, &&str)| {
        let fallback = match *fallback {
            "" => String::new(),
            fallback => format!(",\"InvalidFallbackBehavior\":\"{fallback}\""),
        };
        format!(
            r#"{{"Name":"r{priority}","Priority":{priority},"Action":{{"Count":{{}}}},
                "VisibilityConfig":{{"SampledRequestsEnabled":true,"CloudWatchMetricsEnabled":true,"MetricName":"r{priority}"}},
                "Statement":{{"SizeConstraintStatement":{{"ComparisonOperator":"EQ","Size":3,
                "TextTransformations":[{{"Priority":0,"Type":"NONE"}}],
                "FieldToMatch":{{"JsonBody":{{"MatchPattern":{{{pattern}}},"MatchScope":"{scope}"{fallback}}}}}}}}}}}"#
        )
    };
    let rules: Vec<_> = FALLBACKS.iter().enumerate().map(rule).collect();
    let acl = format!(
        r#"{{"Name":"a","Id":"a","ARN":"arn:aws:wafv2:us-east-1:111122223333:regional/webacl/a/a","DefaultAction":{{"Allow":{{}}}},
            "VisibilityConfig":{{"SampledRequestsEnabled":true,"CloudWatchMetricsEnabled":true,"MetricName":"a"}},
            "Rules":[{}]}}"#,
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
    let Some((&choice, body)) = bytes.split_first() else { return };
    let choice = usize::from(choice) % RULES.len();
    let rules = &RULES[choice];
    let request = Request {
        method: b"POST",
        path: b"/",
        query: b"",
        fragment: None,
        version: b"HTTP/1.1",
        scheme: "http",
        headers: &[],
        body: Body { bytes: body, size: BodySize::Exact(body.len() as u64), truncated: false },
        client: Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), country: None, asn: None, ja3: None, ja4: None },
    };
    let context =
        Context { now: Timestamp::from_unix_ms(0), rates: &NoRates, places: &NoPlaces, token: &KnownToken::NONE };
    let (expected, trace) = reference::evaluate(rules.policy(), rules.limits(), &request, &context);
    SCRATCH.with_borrow_mut(|scratch| assert_eq!(*rules.evaluate(&request, &context, scratch), expected));

    let [parsed, matched, refused, as_text] = tests(&trace).try_into().expect("a test a rule");
    if body.is_empty() {
        assert!(!parsed.present && !matched.holds && !refused.holds);
        return;
    }
    // All ways agree on whether the body was read to its end.
    let is_whole = matched.settled.is_none();
    assert_eq!((matched.settled, refused.settled), if is_whole { (None, None) } else { (Some(true), Some(false)) });
    if is_whole {
        assert_eq!(parsed.values, as_text.values);
        assert_eq!(parsed.values, refused.values);
    } else {
        assert_eq!(as_text.values.len(), 1);
        assert_eq!(as_text.values[0].bytes, body);
    }

    let Ok(text) = std::str::from_utf8(body) else {
        assert!(!is_whole, "no UTF-8, no JSON");
        return;
    };
    let (strict, diagnostics) = Document::from_json(&SourceFile::new("body.json", text));
    let Some(strict) = strict.filter(|_| !diagnostics.has_errors()) else { return };
    let root = strict.root();
    let is_container = root.as_object().is_some() || root.as_array().is_some();
    assert_eq!(is_whole, is_container, "a strict reader takes it");
    if choice % PLACES.len() == 0 && is_container {
        let mut wanted = Vec::new();
        gather(root, SCOPES[choice / PLACES.len()], text, &mut wanted);
        let found: Vec<_> = parsed.values.iter().map(|value| value.bytes.as_slice()).collect();
        assert_eq!(found, wanted.iter().map(String::as_bytes).collect::<Vec<_>>());
    }
});

fn tests(trace: &Trace) -> Vec<&TestTrace> {
    trace
        .rules
        .iter()
        .filter_map(|rule| match &rule.condition {
            Some(ConditionTrace::Test(test)) => Some(test),
            _ => None,
        })
        .collect()
}

/// Keys and values in the order written.
fn gather(node: Node<'_>, scope: &str, text: &str, wanted: &mut Vec<String>) {
    if let Some(entries) = node.as_object() {
        for (key, value) in entries {
            if scope != "VALUE" {
                wanted.push(key.text().to_owned());
            }
            gather(value, scope, text, wanted);
        }
    } else if let Some(elements) = node.as_array() {
        elements.for_each(|element| gather(element, scope, text, wanted));
    } else if scope != "KEY" {
        wanted.push(node.as_str().map_or_else(|| text[node.range()].to_owned(), str::to_owned));
    }
}
