//! The two web ACLs the checkpoint is measured with.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// The starter ACL, as shipped.
const STARTER: &str = "content/waf/starter-acl.json";

/// The sets it refers to, as shipped.
pub(super) const STARTER_RESOURCES: &str = "content/waf/starter-resources";

/// The highest limit a rate-based rule can have: the load comes from one address and must not run into it.
///
/// Source: AWS WAFV2 API Reference, `RateBasedStatement`, `Limit`.
const RATE_LIMIT_MAX: u64 = 2_000_000_000;

/// Writes an ACL that allows everything because it asks nothing.
pub(super) fn without_rules(folder: &Path) -> Result<PathBuf> {
    let acl = json!({
        "Name": "no-rules",
        "Id": "00000000-0000-0000-0000-000000000000",
        "ARN": "arn:aws:wafv2:us-east-1:000000000000:regional/webacl/no-rules/00000000-0000-0000-0000-000000000000",
        "DefaultAction": { "Allow": {} },
        "Rules": [],
        "VisibilityConfig": {
            "SampledRequestsEnabled": false,
            "CloudWatchMetricsEnabled": true,
            "MetricName": "no-rules"
        }
    });
    write(folder, "no-rules.json", &acl)
}

/// Writes the starter ACL with the limit of its rate rules raised out of reach; they count all the same.
pub(super) fn starter(root: &Path, folder: &Path) -> Result<PathBuf> {
    let text = std::fs::read_to_string(root.join(STARTER)).with_context(|| format!("read {STARTER}"))?;
    let mut acl: Value = serde_json::from_str(&text).with_context(|| format!("parse {STARTER}"))?;
    if raise_limits(&mut acl) == 0 {
        bail!("{STARTER} has no rate-based rule: is it the starter ACL?");
    }
    write(folder, "starter.json", &acl)
}

fn write(folder: &Path, name: &str, acl: &Value) -> Result<PathBuf> {
    let file = folder.join(name);
    std::fs::write(&file, format!("{acl:#}\n")).with_context(|| format!("write {}", file.display()))?;
    Ok(file)
}

/// Raises every `RateBasedStatement.Limit`, at any depth, and returns how many there were.
fn raise_limits(value: &mut Value) -> usize {
    match value {
        Value::Object(object) => {
            let mut raised = 0;
            if let Some(limit) = object.get_mut("RateBasedStatement").and_then(|rate| rate.get_mut("Limit")) {
                *limit = RATE_LIMIT_MAX.into();
                raised += 1;
            }
            raised + object.values_mut().map(raise_limits).sum::<usize>()
        }
        Value::Array(list) => list.iter_mut().map(raise_limits).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_limits_are_raised_at_any_depth_and_other_limits_are_not() {
        let mut acl = json!({ "Limit": 1, "Rules": [{ "Statement": { "RateBasedStatement": { "Limit": 100, "AggregateKeyType": "IP" } } }] });
        assert_eq!(raise_limits(&mut acl), 1);
        assert_eq!(acl["Rules"][0]["Statement"]["RateBasedStatement"]["Limit"], RATE_LIMIT_MAX);
        assert_eq!(acl["Limit"], 1);
    }

    #[test]
    fn a_starter_acl_without_a_rate_rule_is_refused() -> Result<()> {
        let root = tempfile::tempdir()?;
        std::fs::create_dir_all(root.path().join("content/waf"))?;
        std::fs::write(root.path().join(STARTER), r#"{"Rules": []}"#)?;
        assert!(starter(root.path(), root.path()).is_err());
        Ok(())
    }
}
