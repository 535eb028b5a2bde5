//! The two web ACLs the checkpoint is measured with.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// The starter ACL, as shipped.
const STARTER: &str = "content/waf/starter-acl.json";

/// The highest limit a rate-based rule can have: the load comes from one address and must not run into it.
///
/// Source: AWS WAFV2 API Reference, `RateBasedStatement`, `Limit`.
const RATE_LIMIT_MAX: u64 = 2_000_000_000;

/// An ACL on disk.
pub(super) struct AclFiles {
    /// The web ACL.
    pub(super) acl: PathBuf,
    /// The folder of the sets it refers to, if it does.
    pub(super) resources: Option<PathBuf>,
}

/// Writes an ACL that allows everything because it asks nothing.
pub(super) fn without_rules(folder: &Path) -> Result<AclFiles> {
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
    Ok(AclFiles { acl: write(folder, "no-rules.json", &acl)?, resources: None })
}

/// Writes the starter ACL with the limit of its rate rules raised out of reach (they count all the same), and sets for the
/// lists it refers to, which hold an address that sends nothing.
pub(super) fn starter(root: &Path, folder: &Path) -> Result<AclFiles> {
    let text = std::fs::read_to_string(root.join(STARTER)).with_context(|| format!("read {STARTER}"))?;
    let mut acl: Value = serde_json::from_str(&text).with_context(|| format!("parse {STARTER}"))?;
    if raise_limits(&mut acl) == 0 {
        bail!("{STARTER} has no rate-based rule: is it the starter ACL?");
    }
    let resources = folder.join("starter-resources");
    std::fs::create_dir_all(&resources).with_context(|| format!("create {}", resources.display()))?;
    let mut arns = Vec::new();
    ip_set_arns(&acl, &mut arns);
    for (index, arn) in arns.into_iter().enumerate() {
        let set = json!({ "IPSet": {
            "Name": format!("set-{index}"),
            "Id": format!("00000000-0000-0000-0000-{index:012}"),
            "ARN": arn,
            "IPAddressVersion": "IPV4",
            "Addresses": ["192.0.2.1/32"]
        } });
        write(&resources, &format!("set-{index}.json"), &set)?;
    }
    Ok(AclFiles { acl: write(folder, "starter.json", &acl)?, resources: Some(resources) })
}

/// Collects the ARN of every `IPSetReferenceStatement`, at any depth, each once.
fn ip_set_arns(value: &Value, arns: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            let arn = object.get("IPSetReferenceStatement").and_then(|reference| reference.get("ARN")?.as_str());
            if let Some(arn) = arn.filter(|arn| !arns.iter().any(|known| known == arn)) {
                arns.push(arn.to_owned());
            }
            object.values().for_each(|value| ip_set_arns(value, arns));
        }
        Value::Array(list) => list.iter().for_each(|value| ip_set_arns(value, arns)),
        _ => {}
    }
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
    fn every_set_the_starter_acl_refers_to_is_written_once() -> Result<()> {
        let root = tempfile::tempdir()?;
        std::fs::create_dir_all(root.path().join("content/waf"))?;
        let reference = json!({ "IPSetReferenceStatement": { "ARN": "arn:a" } });
        let rate = json!({ "RateBasedStatement": { "Limit": 10, "ScopeDownStatement": reference } });
        let acl = json!({ "Rules": [{ "Statement": reference }, { "Statement": rate }] });
        std::fs::write(root.path().join(STARTER), acl.to_string())?;
        let files = starter(root.path(), root.path())?;
        let folder = files.resources.context("sets were written")?;
        assert_eq!(std::fs::read_dir(&folder)?.count(), 1);
        assert!(std::fs::read_to_string(folder.join("set-0.json"))?.contains("arn:a"));
        Ok(())
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
