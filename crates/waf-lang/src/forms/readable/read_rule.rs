//! Rules and actions of the readable form.

use super::read::Reader;
use super::words::{ACTIONS, CORE_RULE_SET, theirs};
use crate::document::{Entry, Key, Kind, Node, Value};
use crate::forms::piece::PieceKind;
use crate::forms::schema::managed::MANAGED_RULE_GROUP_CONFIG;
use crate::forms::schema::rule::RULE;
use crate::forms::translate::{entry, invalid, value};
use crate::report::quoted;

/// Keys that belong to the group a rule refers to.
const GROUP_KEYS: [&str; 8] =
    ["group", "version", "excluded", "overrides", "only-when", "result", "core-rule-set", "ManagedRuleGroupConfigs"];
/// Keys of every rule.
const RULE_KEYS: [&str; 10] = [
    "name",
    "priority",
    "when",
    "then",
    "labels",
    "metric",
    "sampled",
    "counted",
    "captcha-immunity-seconds",
    "challenge-immunity-seconds",
];

impl Reader<'_> {
    pub(super) fn rule(&mut self, rule: Node<'_>) -> Value {
        if rule.object(self.report).is_none() {
            return invalid(rule.range());
        }
        let mut entries = self.capitals(&RULE, rule, &["ManagedRuleGroupConfigs"]);
        for (key, node) in rule.as_object().into_iter().flatten() {
            if key.text().starts_with(|c: char| c.is_ascii_uppercase()) || GROUP_KEYS.contains(&key.text()) {
                continue;
            }
            entries.extend(self.rule_key(key, node));
        }
        match rule.get("group") {
            Some(group) => entries.extend(self.group(rule, group)),
            None => {
                for (key, _) in
                    rule.as_object().into_iter().flatten().filter(|(key, _)| GROUP_KEYS.contains(&key.text()))
                {
                    let problem =
                        key.error("unexpected-field", format!("{} is for rules with a `group`", quoted(key.text())));
                    self.report.push(problem);
                }
            }
        }
        entries.extend(self.visibility(rule, &entries));
        value(rule.range(), Kind::Object(entries))
    }

    fn rule_key(&mut self, key: Key<'_>, node: Node<'_>) -> Option<Entry> {
        let (name, value) = match key.text() {
            "name" => ("Name", node.value().clone()),
            "priority" => ("Priority", node.value().clone()),
            "when" => ("Statement", self.statement(node)),
            "then" => ("Action", self.action(node)),
            "labels" => ("RuleLabels", self.named_items(node, "Name")),
            "captcha-immunity-seconds" => ("CaptchaConfig", immunity(node)),
            "challenge-immunity-seconds" => ("ChallengeConfig", immunity(node)),
            "metric" | "sampled" | "counted" => return None,
            _ => {
                self.unknown(key, RULE_KEYS.into_iter().chain(GROUP_KEYS));
                return None;
            }
        };
        Some(Entry { key: name.to_owned(), key_range: key.range(), value })
    }

    fn group(&mut self, rule: Node<'_>, group: Node<'_>) -> Vec<Entry> {
        let Some(text) = group.string(self.report) else { return Vec::new() };
        let range = group.range();
        let managed = text.split_once('/').filter(|_| !text.starts_with("arn:"));
        let mut members = match managed {
            Some((vendor, name)) => vec![
                entry("VendorName", range.clone(), Kind::String(vendor.to_owned())),
                entry("Name", range.clone(), Kind::String(name.to_owned())),
            ],
            None => {
                let arn = self.reference(PieceKind::RuleGroup, group);
                vec![Entry { key: "ARN".to_owned(), key_range: range.clone(), value: arn }]
            }
        };
        let mut entries = Vec::new();
        for (key, node) in rule.as_object().into_iter().flatten() {
            let (name, value) = match key.text() {
                "version" => ("Version", node.value().clone()),
                "excluded" => ("ExcludedRules", self.named_items(node, "Name")),
                "overrides" => ("RuleActionOverrides", self.overrides(node)),
                "only-when" => ("ScopeDownStatement", self.statement(node)),
                "core-rule-set" => ("ManagedRuleGroupConfigs", self.core_rule_set(node)),
                "ManagedRuleGroupConfigs" => {
                    if rule.get("core-rule-set").is_some() {
                        let message = "`core-rule-set` says what the group is told already";
                        self.report.push(key.error("duplicate-key", message));
                        continue;
                    }
                    ("ManagedRuleGroupConfigs", self.configs(node))
                }
                "result" => {
                    entries.extend(self.result(key, node));
                    continue;
                }
                _ => continue,
            };
            members.push(Entry { key: name.to_owned(), key_range: key.range(), value });
        }
        if rule.get("result").is_none() && rule.get("OverrideAction").is_none() {
            let none = Kind::Object(vec![entry("None", range.clone(), Kind::Object(Vec::new()))]);
            entries.push(entry("OverrideAction", range.clone(), none));
        }
        let kind = if managed.is_some() { "ManagedRuleGroupStatement" } else { "RuleGroupReferenceStatement" };
        let statement = Kind::Object(vec![entry(kind, range.clone(), Kind::Object(members))]);
        entries.push(entry("Statement", range, statement));
        entries
    }

    /// What a group is told, as the API has it.
    fn configs(&mut self, node: Node<'_>) -> Value {
        let items = node.array(self.report).unwrap_or_default();
        let items = items.into_iter().map(|item| self.raw(&MANAGED_RULE_GROUP_CONFIG, item, &[])).collect();
        value(node.range(), Kind::Array(items))
    }

    /// What the Core Rule Set is told, in short words.
    fn core_rule_set(&mut self, node: Node<'_>) -> Value {
        let words: Vec<&str> = CORE_RULE_SET.iter().map(|&(word, _)| word).collect();
        let told = self.keys(node, &words).into_iter().filter_map(|(key, node)| {
            let key_range = key.range();
            Some(Entry { key: theirs(CORE_RULE_SET, key.text())?.to_owned(), key_range, value: node.value().clone() })
        });
        let told = Kind::Object(told.collect());
        let config = Kind::Object(vec![entry("OWASPCoreRuleSet", node.range(), told)]);
        value(node.range(), Kind::Array(vec![value(node.range(), config)]))
    }

    /// What becomes of the group's result: counted only, or nothing that AWS would take (`null`).
    fn result(&mut self, key: Key<'_>, node: Node<'_>) -> Option<Entry> {
        let name = match (node.as_str(), &node.value().kind) {
            (Some("count"), _) => "Count",
            (Some("none"), _) => "None",
            (_, Kind::Null) => return None,
            _ => {
                self.report.push(node.error("unknown-value", "expected one of count, none"));
                return None;
            }
        };
        let inner = Kind::Object(vec![entry(name, node.range(), Kind::Object(Vec::new()))]);
        Some(Entry { key: "OverrideAction".to_owned(), key_range: key.range(), value: value(node.range(), inner) })
    }

    fn overrides(&mut self, node: Node<'_>) -> Value {
        let Some(overrides) = node.object(self.report) else { return invalid(node.range()) };
        let mut items = Vec::new();
        for (key, action) in overrides {
            let used = self.action(action);
            let members = vec![
                entry("Name", key.range(), Kind::String(key.text().to_owned())),
                Entry { key: "ActionToUse".to_owned(), key_range: action.range(), value: used },
            ];
            items.push(value(key.range(), Kind::Object(members)));
        }
        value(node.range(), Kind::Array(items))
    }

    /// An action: one word, or one with what it adds.
    pub(super) fn action(&mut self, node: Node<'_>) -> Value {
        if let Some(word) = node.as_str() {
            return self.action_of(node, word, value(node.range(), Kind::Object(Vec::new())));
        }
        let Some(entries) = node.object(self.report) else { return invalid(node.range()) };
        let [(key, details)] = entries.as_slice() else {
            self.report.push(node.error("more-than-one", "expected one action"));
            return invalid(node.range());
        };
        let inner = if key.text() == "block" { self.response(*details) } else { self.insert(*details) };
        self.action_of(node, key.text(), inner)
    }

    fn action_of(&mut self, node: Node<'_>, word: &str, inner: Value) -> Value {
        let Some(name) = theirs(ACTIONS, word) else {
            let mut problem = node.error("unknown-value", format!("{} is no action", quoted(word)));
            problem.help = self.report.did_you_mean(word, ACTIONS.iter().map(|(word, _)| *word));
            self.report.push(problem);
            return invalid(node.range());
        };
        let inner = Entry { key: name.to_owned(), key_range: node.range(), value: inner };
        value(node.range(), Kind::Object(vec![inner]))
    }

    fn response(&mut self, node: Node<'_>) -> Value {
        let mut members = Vec::new();
        for (key, node) in self.keys(node, &["status", "body", "headers"]) {
            let (name, value) = match key.text() {
                "status" => ("ResponseCode", node.value().clone()),
                "body" => ("CustomResponseBodyKey", node.value().clone()),
                _ => ("ResponseHeaders", self.headers(node)),
            };
            members.push(Entry { key: name.to_owned(), key_range: key.range(), value });
        }
        let response = entry("CustomResponse", node.range(), Kind::Object(members));
        value(node.range(), Kind::Object(vec![response]))
    }

    fn insert(&mut self, node: Node<'_>) -> Value {
        let mut members = Vec::new();
        for (key, node) in self.keys(node, &["insert"]) {
            members.push(Entry { key: "InsertHeaders".to_owned(), key_range: key.range(), value: self.headers(node) });
        }
        let handling = entry("CustomRequestHandling", node.range(), Kind::Object(members));
        value(node.range(), Kind::Object(vec![handling]))
    }

    fn headers(&mut self, node: Node<'_>) -> Value {
        let Some(headers) = node.object(self.report) else { return invalid(node.range()) };
        let items = headers.into_iter().map(|(key, node)| {
            let members = vec![
                entry("Name", key.range(), Kind::String(key.text().to_owned())),
                Entry { key: "Value".to_owned(), key_range: node.range(), value: node.value().clone() },
            ];
            value(key.range(), Kind::Object(members))
        });
        value(node.range(), Kind::Array(items.collect()))
    }
}

fn immunity(node: Node<'_>) -> Value {
    let time = Entry { key: "ImmunityTime".to_owned(), key_range: node.range(), value: node.value().clone() };
    let property = entry("ImmunityTimeProperty", node.range(), Kind::Object(vec![time]));
    value(node.range(), Kind::Object(vec![property]))
}
