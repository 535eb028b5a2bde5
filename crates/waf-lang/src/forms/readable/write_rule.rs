//! Rules and actions in the readable form.

use super::words::{ACTIONS, CORE_RULE_SET, ours, word};
use super::write::{Entries, Writer, is_exactly, no_metric, scalar, visibility};
use crate::document::{Kind, Node};
use crate::forms::piece::PieceKind;
use crate::forms::schema::rule::RULE;
use crate::forms::schema::statement::MANAGED_RULE_GROUP_STATEMENT;
use crate::forms::write::members;
use crate::forms::write::yaml::Yaml;

impl Writer {
    pub(super) fn rule(&self, rule: Node<'_>) -> Entries {
        let name = rule.get("Name").and_then(Node::as_str);
        let group = rule.get("Statement").and_then(|statement| self.group(statement));
        let is_group = group.is_some();
        let mut entries = Entries::new();
        for (member, node) in members(&RULE, rule) {
            let one = |key: &str, value: Yaml| Some(vec![(key.to_owned(), value)]);
            let short = match member.name {
                "Name" => one("name", scalar(node)),
                "Priority" => one("priority", scalar(node)),
                "Statement" => match &group {
                    Some(group) => Some(group.clone()),
                    None => one("when", Yaml::Map(self.statement(node))),
                },
                "Action" => self.action(node).and_then(|action| one("then", action)),
                "OverrideAction" if is_group && is_word(node, "None") => Some(Vec::new()),
                "OverrideAction" if is_group && is_word(node, "Count") => one("result", Yaml::text("count")),
                "RuleLabels" => names(node).and_then(|labels| one("labels", Yaml::Line(labels))),
                "VisibilityConfig" => visibility(node, name),
                "CaptchaConfig" => immunity(node).and_then(|seconds| one("captcha-immunity-seconds", seconds)),
                "ChallengeConfig" => immunity(node).and_then(|seconds| one("challenge-immunity-seconds", seconds)),
                _ => None,
            };
            entries.extend(short.unwrap_or_else(|| vec![self.raw_entry(member, node)]));
        }
        if is_group && rule.get("OverrideAction").is_none() {
            entries.push(("result".to_owned(), Yaml::Raw("null".to_owned())));
        }
        if rule.get("VisibilityConfig").is_none() {
            entries.push(no_metric());
        }
        // People read what a rule looks for before what it then does.
        let late = |key: &str| matches!(key, "then" | "Action" | "labels");
        let (after, mut before): (Entries, Entries) = entries.into_iter().partition(|(key, _)| late(key));
        before.extend(after);
        before
    }

    /// A rule that refers to a group.
    fn group(&self, statement: Node<'_>) -> Option<Entries> {
        let mut entries = Entries::new();
        let inner = if let Some(managed) = statement.get("ManagedRuleGroupStatement") {
            let (vendor, name) = (managed.get("VendorName")?.as_str()?, managed.get("Name")?.as_str()?);
            if vendor.contains('/') || name.contains('/') || vendor.starts_with("arn:") {
                return None;
            }
            entries.push(("group".to_owned(), Yaml::text(format!("{vendor}/{name}"))));
            managed
        } else {
            let own = statement.get("RuleGroupReferenceStatement")?;
            let arn = own.get("ARN")?.as_str()?;
            if !arn.starts_with("arn:") {
                return None;
            }
            entries.push(("group".to_owned(), self.reference(PieceKind::RuleGroup, arn)));
            own
        };
        if !is_exactly(statement, &["ManagedRuleGroupStatement?", "RuleGroupReferenceStatement?"])
            || statement.as_object()?.len() != 1
        {
            return None;
        }
        if let Some(version) = inner.get("Version") {
            entries.push(("version".to_owned(), scalar(version)));
        }
        if let Some(excluded) = inner.get("ExcludedRules") {
            entries.push(("excluded".to_owned(), Yaml::Line(names(excluded)?)));
        }
        if let Some(overrides) = inner.get("RuleActionOverrides") {
            entries.push(("overrides".to_owned(), self.overrides(overrides)?));
        }
        if let Some(scope) = inner.get("ScopeDownStatement") {
            entries.push(("only-when".to_owned(), Yaml::Map(self.statement(scope))));
        }
        if let Some(configs) = inner.get("ManagedRuleGroupConfigs") {
            entries.push(match core_rule_set(configs) {
                Some(told) => ("core-rule-set".to_owned(), told),
                None => self.raw_entry(MANAGED_RULE_GROUP_STATEMENT.member("ManagedRuleGroupConfigs")?, configs),
            });
        }
        Some(entries)
    }

    fn overrides(&self, node: Node<'_>) -> Option<Yaml> {
        let mut entries = Entries::new();
        for item in node.as_array()? {
            let name = item.get("Name")?.as_str()?;
            if !is_exactly(item, &["Name", "ActionToUse"]) || entries.iter().any(|(known, _)| known == name) {
                return None;
            }
            entries.push((name.to_owned(), self.action(item.get("ActionToUse")?)?));
        }
        Some(Yaml::Map(entries))
    }

    /// An action in one word, or with what it adds.
    pub(super) fn action(&self, node: Node<'_>) -> Option<Yaml> {
        let mut entries = node.as_object()?;
        let (key, inner) = entries.next()?;
        let word = ours(ACTIONS, key.text())?;
        if entries.next().is_some() {
            return None;
        }
        if is_exactly(inner, &[]) {
            return Some(Yaml::text(word));
        }
        let details = match key.text() {
            "Block" => response(inner)?,
            _ => {
                let handling = inner.get("CustomRequestHandling")?;
                let exact = is_exactly(inner, &["CustomRequestHandling"]) && is_exactly(handling, &["InsertHeaders"]);
                let headers = headers(handling.get("InsertHeaders")?)?;
                exact.then(|| vec![("insert".to_owned(), headers)])?
            }
        };
        Some(Yaml::Flow(vec![(word.to_owned(), Yaml::Flow(details))]))
    }
}

fn response(inner: Node<'_>) -> Option<Entries> {
    let found = inner.get("CustomResponse")?;
    let exact = is_exactly(inner, &["CustomResponse"])
        && is_exactly(found, &["ResponseCode", "CustomResponseBodyKey?", "ResponseHeaders?"]);
    let mut entries = vec![("status".to_owned(), scalar(found.get("ResponseCode")?))];
    if let Some(key) = found.get("CustomResponseBodyKey") {
        entries.push(("body".to_owned(), scalar(key)));
    }
    if let Some(node) = found.get("ResponseHeaders") {
        entries.push(("headers".to_owned(), headers(node)?));
    }
    exact.then_some(entries)
}

/// What the Core Rule Set is told, if that is all a group is told.
fn core_rule_set(configs: Node<'_>) -> Option<Yaml> {
    let mut configs = configs.as_array()?;
    let (config, None) = (configs.next()?, configs.next()) else { return None };
    let told = config.get("OWASPCoreRuleSet").filter(|_| is_exactly(config, &["OWASPCoreRuleSet"]))?;
    let entries = told.as_object()?.map(|(key, node)| {
        let is_number = matches!(node.value().kind, Kind::Number(_));
        is_number.then_some((ours(CORE_RULE_SET, key.text())?.to_owned(), scalar(node)))
    });
    Some(Yaml::Flow(entries.collect::<Option<_>>()?))
}

/// Headers by name, if no name stands twice.
fn headers(node: Node<'_>) -> Option<Yaml> {
    let mut entries = Entries::new();
    for item in node.as_array()? {
        let name = item.get("Name")?.as_str()?;
        if !is_exactly(item, &["Name", "Value"]) || entries.iter().any(|(known, _)| known == name) {
            return None;
        }
        entries.push((name.to_owned(), Yaml::text(item.get("Value")?.as_str()?)));
    }
    Some(Yaml::Flow(entries))
}

/// Structures of a name each.
fn names(node: Node<'_>) -> Option<Vec<Yaml>> {
    let items = node.as_array()?.map(|item| {
        let name = item.get("Name")?.as_str()?;
        is_exactly(item, &["Name"]).then(|| Yaml::text(name))
    });
    items.collect()
}

fn immunity(node: Node<'_>) -> Option<Yaml> {
    let property = node.get("ImmunityTimeProperty")?;
    let seconds = property.get("ImmunityTime")?;
    (is_exactly(node, &["ImmunityTimeProperty"]) && is_exactly(property, &["ImmunityTime"])).then(|| scalar(seconds))
}

fn is_word(node: Node<'_>, name: &str) -> bool {
    is_exactly(node, &[name]) && node.get(name).is_some_and(|inner| is_exactly(inner, &[]))
}

/// Values of an enumeration in small letters.
pub(super) fn small(node: Node<'_>) -> Option<Yaml> {
    word(node.as_str()?).map(Yaml::text)
}
