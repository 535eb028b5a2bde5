//! The same rules as a rule group of a web ACL that holds nothing else.

use std::path::Path;
use std::sync::Arc;

use sekisho_model::{SourceFile, Timestamp};
use sekisho_waf::{
    Body, BodySize, Context, Decision, KnownToken, Limits, NoPlaces, NoRates, Request, RuleSet, Scratch,
};
use sekisho_waf_lang::aws::{self, LoadOptions, ManagedCatalogue};

use super::loads::Load;
use super::rules;

const WEB_ACL: &str = r#"{
    "Name": "crs", "ARN": "arn:aws:wafv2:us-east-1:000000000000:regional/webacl/crs/crs", "DefaultAction": {"Allow": {}},
    "VisibilityConfig": {"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "crs"},
    "Rules": [{
        "Name": "crs", "Priority": 0, "OverrideAction": {"None": {}},
        "VisibilityConfig": {"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "crs"},
        "Statement": {"ManagedRuleGroupStatement": {"VendorName": "OWASP", "Name": "CoreRuleSet"}}
    }]
}"#;

/// Loads and compiles the web ACL.
pub(crate) fn load(folder: &Path, paranoia: u8) -> RuleSet {
    let mut catalogue = ManagedCatalogue::new();
    catalogue.set_core_rule_set(Arc::new(rules::read(folder, paranoia)));
    let loaded = aws::load(&SourceFile::new("acl.json", WEB_ACL), &[], &catalogue, &LoadOptions::default());
    let shown = loaded.diagnostics.render(false);
    RuleSet::compile(loaded.policy.unwrap_or_else(|| panic!("{shown}")), Limits::default()).expect("the rules compile")
}

/// Holds one request against it, the body included.
pub(crate) fn run(scratch: &mut Scratch, rules: &RuleSet, load: &Load) -> usize {
    let body = Body { bytes: &load.body, size: BodySize::Exact(load.body.len() as u64), truncated: false };
    let request = Request { body, ..load.request() };
    let now = Timestamp::from_unix_ms(1_700_000_000_000);
    let context = Context { now, rates: &NoRates, places: &NoPlaces, token: &KnownToken::NONE };
    let verdict = rules.evaluate(&request, &context, scratch);
    assert_eq!(verdict.decision == Decision::Block, load.is_stopped, "{}", load.name);
    verdict.non_terminating.len()
}
