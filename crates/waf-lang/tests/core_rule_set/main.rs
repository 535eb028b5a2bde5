//! The OWASP Core Rule Set as a rule group of a web ACL: what it is told, overrides, what comes of requests. The rules are a few
//! of the same make.

mod forms;
mod judged;
mod mistakes;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use sekisho_model::{Severity, SourceFile, Timestamp};
use sekisho_waf::ir::Policy;
use sekisho_waf::{
    Body, BodySize, Client, Context, Decision, Header, KnownToken, Limits, NoPlaces, NoRates, Request, RuleSet,
    Scratch, reference,
};
use sekisho_waf_lang::aws::{LoadOptions, Loaded, ManagedCatalogue, load};
use sekisho_waf_lang::seclang::{self, Entry};
use serde_json::{Value, json};

/// As in the Core Rule Set: defaults unless set before, rules that add to a score, one that sums up.
const RULES: &str = r#"
SecRuleEngine On
SecRequestBodyAccess On
SecRequestBodyLimitAction Reject
SecDefaultAction "phase:1,log,pass"
SecDefaultAction "phase:2,log,pass"
SecRule &TX:inbound_anomaly_score_threshold "@eq 0" "id:901100,phase:1,pass,nolog,setvar:tx.inbound_anomaly_score_threshold=5"
SecRule &TX:blocking_paranoia_level "@eq 0" "id:901120,phase:1,pass,nolog,setvar:tx.blocking_paranoia_level=1"
SecRule REQUEST_HEADERS:Content-Type "@contains json" "id:901200,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRule REQBODY_ERROR "!@eq 0" "id:200002,phase:2,deny,status:400,msg:'Unreadable'"
SecRule TX:blocking_paranoia_level "@lt 1" "id:942011,phase:2,pass,nolog,skipAfter:END-942"
SecRule ARGS "@contains evil" "id:942100,phase:2,block,msg:'Evil',setvar:tx.inbound_anomaly_score=+5"
SecRule ARGS "@contains odd" "id:942110,phase:2,block,setvar:tx.first=%{MATCHED_VAR},chain"
  SecRule TX:first "@contains odder" "setvar:tx.inbound_anomaly_score=+5"
SecRule TX:blocking_paranoia_level "@lt 2" "id:942013,phase:2,pass,nolog,skipAfter:END-942"
SecRule ARGS "@contains strange" "id:942200,phase:2,block,setvar:tx.inbound_anomaly_score=+5"
SecMarker END-942
SecRule TX:inbound_anomaly_score "@ge %{tx.inbound_anomaly_score_threshold}" "id:949110,phase:2,deny,msg:'Score'"
SecRule RESPONSE_STATUS "@eq 500" "id:959100,phase:3,deny"
"#;

fn catalogue(rules: &str) -> ManagedCatalogue {
    let files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let loaded = seclang::load(&[Entry::text("rules.conf", rules)], &files, &seclang::LoadOptions::default());
    let policy = loaded.policy.unwrap_or_else(|| panic!("{}", loaded.diagnostics.render(false)));
    let mut catalogue = ManagedCatalogue::new();
    catalogue.set_core_rule_set(Arc::new(policy));
    catalogue
}

fn visibility() -> Value {
    json!({"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "m"})
}

/// A web ACL with the group, and behind it a rule on a label of its.
fn web_acl(more: Value, override_action: &str) -> String {
    let mut statement = json!({"VendorName": "OWASP", "Name": "CoreRuleSet"});
    let Value::Object(more) = more else { panic!("{more}") };
    statement.as_object_mut().expect("it is an object").extend(more);
    let acl = json!({
        "Name": "shop", "Id": "TheShop", "ARN": "arn:aws:wafv2:us-east-1:000000000000:regional/webacl/shop/TheShop",
        "DefaultAction": {"Allow": {}}, "VisibilityConfig": visibility(),
        "Rules": [
            {"Name": "crs", "Priority": 0, "OverrideAction": {override_action: {}}, "VisibilityConfig": visibility(),
             "Statement": {"ManagedRuleGroupStatement": statement}},
            {"Name": "seen", "Priority": 1, "Action": {"Count": {}}, "VisibilityConfig": visibility(),
             "Statement": {"LabelMatchStatement":
                {"Scope": "LABEL", "Key": "awswaf:managed:owasp:core-rule-set:942100"}}},
        ],
    });
    acl.to_string()
}

fn load_text(text: &str, catalogue: &ManagedCatalogue) -> Loaded {
    load(&SourceFile::new("acl", text), &[], catalogue, &LoadOptions::default())
}

fn loaded(more: Value, override_action: &str, catalogue: &ManagedCatalogue) -> Loaded {
    load_text(&web_acl(more, override_action), catalogue)
}

fn problems(loaded: &Loaded) -> Vec<(&'static str, Severity, String)> {
    loaded.diagnostics.iter().map(|found| (found.code, found.severity, found.message.clone())).collect()
}

/// What came of a request.
#[derive(Debug, PartialEq)]
struct Outcome {
    decision: Decision,
    status: Option<u16>,
    /// Names of the rules that matched and let it go on, and of the one that ended it.
    matched: Vec<String>,
}

fn outcome(decision: Decision, status: Option<u16>, matched: &[&str]) -> Outcome {
    Outcome { decision, status, matched: matched.iter().map(|&name| name.to_owned()).collect() }
}

fn allowed(matched: &[&str]) -> Outcome {
    outcome(Decision::Allow, None, matched)
}

fn blocked(status: u16, matched: &[&str]) -> Outcome {
    outcome(Decision::Block, Some(status), matched)
}

/// Holds a request against the policy with both evaluators, three times with the same memory.
fn judge(policy: &Policy, query: &str, json: Option<(&[u8], bool)>) -> Outcome {
    let headers = [Header { name: b"host", value: b"a" }, Header { name: b"content-type", value: b"application/json" }];
    let (bytes, truncated) = json.unwrap_or_default();
    let request = Request {
        method: b"POST",
        path: b"/",
        query: query.as_bytes(),
        fragment: None,
        version: b"HTTP/1.1",
        scheme: "http",
        headers: if json.is_some() { &headers } else { &headers[..1] },
        body: Body { bytes, size: BodySize::Exact(bytes.len() as u64 + u64::from(truncated)), truncated },
        client: Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), country: None, asn: None, ja3: None, ja4: None },
    };
    let context =
        Context { now: Timestamp::from_unix_ms(0), rates: &NoRates, places: &NoPlaces, token: &KnownToken::NONE };
    let rules = RuleSet::compile(policy.clone(), Limits::default()).expect("the rules compile");
    assert!(rules.holds_phases() && rules.inspects_body());
    let (expected, _) = reference::evaluate(policy, &Limits::default(), &request, &context);
    let mut scratch = Scratch::new();
    for _ in 0..3 {
        assert_eq!(rules.evaluate(&request, &context, &mut scratch), &expected);
    }
    let ends = expected.terminating;
    let matched = expected.non_terminating.iter().map(|matched| matched.rule).chain(ends);
    let status = match (expected.decision, expected.deciding_action(policy)) {
        (Decision::Block, sekisho_waf::ir::Action::Block(response)) => Some(response.status),
        _ => None,
    };
    Outcome {
        decision: expected.decision,
        status,
        matched: matched.map(|rule| rule.resolve(policy).name.clone()).collect(),
    }
}

fn policy(more: Value) -> Policy {
    let loaded = loaded(more, "None", &catalogue(RULES));
    assert_eq!(problems(&loaded), []);
    loaded.policy.expect("the web ACL loads")
}

fn told(settings: Value) -> Value {
    json!({"ManagedRuleGroupConfigs": [{"OWASPCoreRuleSet": settings}]})
}

fn overridden(name: &str, action: Value) -> Value {
    json!({"RuleActionOverrides": [{"Name": name, "ActionToUse": action}]})
}
