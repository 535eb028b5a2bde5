//! Web ACLs for tests, small and large, in AWS's form.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::{Value, json};

/// A web ACL in the making: everything passes unless a rule says otherwise.
#[derive(Debug, Clone)]
pub struct Acl {
    name: String,
    rules: Vec<Value>,
}

impl Acl {
    /// One without rules.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), rules: Vec::new() }
    }

    /// Blocks requests whose query holds `word`: letters, digits and hyphens, as it names the rule too.
    #[must_use]
    pub fn block_query(self, word: &str) -> Self {
        self.rule(&format!("query-{word}"), &contains(word, &json!({"QueryString": {}})), &json!({"Block": {}}))
    }

    /// Blocks requests whose body holds `word`, of the same characters.
    #[must_use]
    pub fn block_body(self, word: &str) -> Self {
        let body = json!({"Body": {"OversizeHandling": "CONTINUE"}});
        self.rule(&format!("body-{word}"), &contains(word, &body), &json!({"Block": {}}))
    }

    /// Blocks requests for exactly `path`.
    #[must_use]
    pub fn block_path(self, path: &str) -> Self {
        let mut statement = contains(path, &json!({"UriPath": {}}));
        statement["ByteMatchStatement"]["PositionalConstraint"] = json!("EXACTLY");
        self.rule("path", &statement, &json!({"Block": {}}))
    }

    /// Asks whoever requests `path` or what is below it for a token: `action` is `Captcha` or `Challenge`.
    #[must_use]
    pub fn ask(self, action: &str, path: &str) -> Self {
        let mut statement = contains(path, &json!({"UriPath": {}}));
        statement["ByteMatchStatement"]["PositionalConstraint"] = json!("STARTS_WITH");
        self.rule(&action.to_lowercase(), &statement, &json!({action: {}}))
    }

    /// Adds a managed rule group of AWS, so that the ACL has the size of a real one.
    #[must_use]
    pub fn managed(mut self, group: &str) -> Self {
        let statement = json!({"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": group}});
        let mut rule = rule(self.rules.len(), group, &statement);
        rule["OverrideAction"] = json!({"None": {}});
        self.rules.push(rule);
        self
    }

    /// Blocks an address that sends more than `limit` requests in five minutes.
    #[must_use]
    pub fn rate(self, limit: u32) -> Self {
        let statement = json!({"RateBasedStatement": {"Limit": limit, "AggregateKeyType": "IP"}});
        self.rule("rate", &statement, &json!({"Block": {}}))
    }

    fn rule(mut self, name: &str, statement: &Value, action: &Value) -> Self {
        let mut rule = rule(self.rules.len(), name, statement);
        rule["Action"] = action.clone();
        self.rules.push(rule);
        self
    }

    /// The document.
    #[must_use]
    pub fn text(&self) -> String {
        let name = &self.name;
        let document = json!({
            "Name": name,
            "Id": "00000000-0000-4000-8000-0000000000e2",
            "ARN": format!("arn:aws:wafv2:ap-northeast-1:000000000000:regional/webacl/{name}/00000000-0000-4000-8000-0000000000e2"),
            "DefaultAction": {"Allow": {}},
            "Rules": self.rules,
            "VisibilityConfig": visibility(name),
        });
        format!("{document:#}\n")
    }

    /// Writes the document to `file` in `folder`, at once and whole, as deployments should.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn write(&self, folder: &Path, file: &str) -> anyhow::Result<PathBuf> {
        let path = folder.join(file);
        let new = folder.join(format!("{file}.new"));
        fs::write(&new, self.text()).context("failed to write a web ACL")?;
        fs::rename(&new, &path).context("failed to put a web ACL in place")?;
        Ok(path)
    }
}

fn rule(priority: usize, name: &str, statement: &Value) -> Value {
    json!({"Name": name, "Priority": priority, "Statement": statement, "VisibilityConfig": visibility(name)})
}

fn contains(word: &str, field: &Value) -> Value {
    json!({"ByteMatchStatement": {
        "SearchString": word,
        "FieldToMatch": field,
        "TextTransformations": [{"Priority": 0, "Type": "NONE"}],
        "PositionalConstraint": "CONTAINS",
    }})
}

fn visibility(name: &str) -> Value {
    json!({"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": name})
}
