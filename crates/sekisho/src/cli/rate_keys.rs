//! `sekisho rate-keys`: what rate-based rules limit now, in a running service.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde::Deserialize;

use super::{AdminArgs, Outcome};
use crate::admin::{self, Answer};
use crate::explain::shown;
use crate::terminal;

/// Show what rate-based rules limit now.
#[derive(Debug, Args)]
pub(super) struct RateKeysArgs {
    /// Name of the rule; all rate-based rules if left out
    #[arg(value_name = "RULE")]
    rule: Option<String>,
    /// Name of the web ACL's rule that refers to the rule's group
    #[arg(long, value_name = "RULE")]
    group: Option<String>,
    /// Print the service's answer as it is: addresses as `aws wafv2 get-rate-based-statement-managed-keys` has them, and
    /// all keys with their counts
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    admin: AdminArgs,
}

/// The service's answer, as far as people see it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listing {
    sharing: String,
    rules: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rule {
    rule_name: String,
    rule_group_rule_name: Option<String>,
    limit: u64,
    evaluation_window_sec: u32,
    keys: Vec<Key>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Key {
    values: Vec<Value>,
    count: u64,
    limited_since: String,
    remaining_sec: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Value {
    key: String,
    name: Option<String>,
    value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Refusal {
    error: String,
    #[serde(default)]
    rule_names: Vec<String>,
}

pub(super) fn rate_keys(args: &RateKeysArgs) -> Outcome {
    let address = args.admin.address()?;
    let target = target(args.rule.as_deref(), args.group.as_deref())?;
    let Answer { status, body } = admin::get(address, &target).map_err(anyhow::Error::from)?;
    if status != 200 {
        let refusal: Refusal = serde_json::from_slice(&body)
            .with_context(|| format!("the service at {address} answered with status {status}"))?;
        let known = match refusal.rule_names.as_slice() {
            [] => "there is none".to_owned(),
            names => format!("there are {}", names.join(", ")),
        };
        return Err(anyhow::anyhow!("{}: {known}", refusal.error).into());
    }
    if args.json {
        terminal::print(&format!("{}\n", String::from_utf8_lossy(&body)))?;
        return Ok(ExitCode::SUCCESS);
    }
    let listing = serde_json::from_slice(&body).context("failed to read the service's answer")?;
    terminal::print(&in_words(&listing))?;
    Ok(ExitCode::SUCCESS)
}

/// The names of AWS's rules need no escapes; others name nothing.
fn target(rule: Option<&str>, group: Option<&str>) -> anyhow::Result<String> {
    let mut pairs = Vec::new();
    for (key, name) in [("rule", rule), ("group", group)] {
        let Some(name) = name else { continue };
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        anyhow::ensure!(name.bytes().all(is_name), "`{name}` is no name of a rule: letters, digits, `_` and `-`");
        pairs.push(format!("{key}={name}"));
    }
    Ok(format!("/rate-keys?{}", pairs.join("&")))
}

fn in_words(listing: &Listing) -> String {
    let mut text = String::new();
    if listing.sharing == "LOST" {
        text.push_str("the fleet's store cannot be reached: these are counts of this edge alone\n\n");
    }
    if listing.rules.is_empty() {
        text.push_str("the web ACL has no rate-based rules\n");
    }
    for rule in &listing.rules {
        let group = rule.rule_group_rule_name.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
        let _ = writeln!(
            text,
            "{}{group}: at most {} requests in {} s; {}",
            rule.rule_name,
            rule.limit,
            rule.evaluation_window_sec,
            match rule.keys.len() {
                0 => "nothing is limited".to_owned(),
                1 => "1 key is limited".to_owned(),
                count => format!("{count} keys are limited"),
            }
        );
        for key in &rule.keys {
            let _ = writeln!(
                text,
                "    {}  {} requests, limited since {}, for {} s more if it stops",
                key.values.iter().map(value_in_words).collect::<Vec<_>>().join(", "),
                key.count,
                key.limited_since,
                key.remaining_sec
            );
        }
    }
    text
}

fn value_in_words(value: &Value) -> String {
    let shown = shown(value.value.as_bytes());
    match (&*value.key, &value.name) {
        ("IP" | "FORWARDED_IP", _) => shown,
        (key, Some(name)) => format!("{key} {name}={shown}"),
        (key, None) => format!("{key}={shown}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_reads_as_sentences() {
        let text = r#"{"ManagedKeysIPV4":{},"ManagedKeysIPV6":{},"Sharing":"LOST","Rules":[
            {"RuleName":"login","RuleGroupRuleName":null,"LimitKey":"IP","Limit":100,"EvaluationWindowSec":300,"Keys":[
                {"Values":[{"Key":"IP","Value":"192.0.2.7"}],"Count":120,"LimitedSince":"2026-11-22T01:00:00Z","RemainingSec":42}]},
            {"RuleName":"api","RuleGroupRuleName":"g","LimitKey":"CUSTOMKEYS","Limit":10,"EvaluationWindowSec":60,"Keys":[
                {"Values":[{"Key":"HEADER","Name":"x-key","Value":"a\u001b[31m"},{"Key":"HTTP_METHOD","Value":"GET"}],
                 "Count":11,"LimitedSince":"2026-11-22T01:00:00Z","RemainingSec":1}]},
            {"RuleName":"idle","RuleGroupRuleName":null,"LimitKey":"IP","Limit":10,"EvaluationWindowSec":60,"Keys":[]}]}"#;
        let expected = "the fleet's store cannot be reached: these are counts of this edge alone\n\n\
            login: at most 100 requests in 300 s; 1 key is limited\n    \
            192.0.2.7  120 requests, limited since 2026-11-22T01:00:00Z, for 42 s more if it stops\n\
            api of g: at most 10 requests in 60 s; 1 key is limited\n    \
            HEADER x-key=a\\u{1b}[31m, HTTP_METHOD=GET  11 requests, limited since 2026-11-22T01:00:00Z, for 1 s more if it stops\n\
            idle: at most 10 requests in 60 s; nothing is limited\n";
        assert_eq!(in_words(&serde_json::from_str(text).unwrap()), expected);
    }

    #[test]
    fn names_that_no_rule_can_have_are_not_sent() {
        assert_eq!(target(Some("a-1"), Some("g")).unwrap(), "/rate-keys?rule=a-1&group=g");
        assert!(target(Some("a b"), None).is_err());
    }
}
