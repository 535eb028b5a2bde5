//! Web ACLs, sets and groups written within a test file: what every one of them says alike may be left out.
//!
//! A document wrapped as the API prints it (`WebACL: …`) is taken as it stands. In any other, names, ARNs, priorities and
//! visibility are filled in, search strings are plain text, and an ARN may be written `ipset/office`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::tree::{Entry, Tree, Value};

/// The account of inline documents.
const ACCOUNT: &str = "111122223333";
/// The region of inline documents.
const REGION: &str = "us-east-1";
/// The identifier of inline documents.
const ID: &str = "00000000-0000-4000-8000-000000000000";
/// The name of an inline web ACL.
const ACL_NAME: &str = "test";
/// The name of the rule around a statement.
pub(crate) const RULE_NAME: &str = "rule";
/// The capacity of an inline group, unless it says its own.
const CAPACITY: &str = "1500";

/// A web ACL with one rule, which blocks what the statement matches.
pub(crate) fn of_statement(statement: &Tree) -> Tree {
    let maker = Maker(statement);
    let block = maker.map(vec![("Block", maker.map(Vec::new()))]);
    let rule = maker.map(vec![("Name", maker.text(RULE_NAME)), ("Statement", statement.clone()), ("Action", block)]);
    of_rules(&maker.list(vec![rule]))
}

/// A web ACL of these rules, which allows what none of them ends.
pub(crate) fn of_rules(rules: &Tree) -> Tree {
    let maker = Maker(rules);
    acl(&maker.map(vec![("Rules", rules.clone())]))
}

/// A web ACL with everything that was left out.
pub(crate) fn acl(tree: &Tree) -> Tree {
    if tree.get("WebACL").is_some() {
        return tree.clone();
    }
    let maker = Maker(tree);
    let name = tree.get("Name").and_then(Tree::scalar).unwrap_or_else(|| ACL_NAME.to_owned());
    let mut acl = tree.clone();
    maker.complete(
        &mut acl,
        vec![
            ("ARN", maker.text(&arn("webacl", &name))),
            ("DefaultAction", maker.map(vec![("Allow", maker.map(Vec::new()))])),
            ("VisibilityConfig", maker.visibility(&name)),
            ("Name", maker.text(&name)),
            ("Id", maker.text(ID)),
        ],
    );
    maker.map(vec![("WebACL", finished(acl))])
}

/// A logging configuration with everything that was left out.
pub(crate) fn logging(tree: &Tree) -> Tree {
    let maker = Maker(tree);
    let mut logging = tree.clone();
    let destination = "arn:aws:s3:::aws-waf-logs-test";
    maker.complete(
        &mut logging,
        vec![
            ("ResourceArn", maker.text(&arn("webacl", ACL_NAME))),
            ("LogDestinationConfigs", maker.list(vec![maker.text(destination)])),
        ],
    );
    logging
}

/// The document of `kind/name: contents`; none if there is no such kind.
pub(crate) fn resource(kind: &str, name: &str, contents: &Tree) -> Option<Tree> {
    let maker = Maker(contents);
    let common = vec![("Name", maker.text(name)), ("Id", maker.text(ID)), ("ARN", maker.text(&arn(kind, name)))];
    match kind {
        "ipset" => {
            let is_v6 = contents.items().and_then(<[Tree]>::first).and_then(Tree::scalar);
            let version = if is_v6.is_some_and(|first| first.contains(':')) { "IPV6" } else { "IPV4" };
            let mut set = own_or(contents, "Addresses", &maker);
            maker.complete(&mut set, common);
            maker.complete(&mut set, vec![("IPAddressVersion", maker.text(version))]);
            Some(maker.map(vec![("IPSet", set)]))
        }
        "regexpatternset" => {
            let patterns = contents.items().into_iter().flatten().map(|pattern| match pattern.value {
                Value::Map(_) => pattern.clone(),
                _ => maker.map(vec![("RegexString", pattern.clone())]),
            });
            let mut set = match contents.value {
                Value::List(_) => maker.map(vec![("RegularExpressionList", maker.list(patterns.collect()))]),
                _ => contents.clone(),
            };
            maker.complete(&mut set, common);
            Some(maker.map(vec![("RegexPatternSet", set)]))
        }
        "rulegroup" => {
            let mut group = own_or(contents, "Rules", &maker);
            maker.complete(&mut group, common);
            maker.complete(
                &mut group,
                vec![("Capacity", maker.number(CAPACITY)), ("VisibilityConfig", maker.visibility(name))],
            );
            Some(maker.map(vec![("RuleGroup", finished(group))]))
        }
        _ => None,
    }
}

/// A mapping as it stands, or the list as the one member that matters.
fn own_or(contents: &Tree, member: &'static str, maker: &Maker<'_>) -> Tree {
    match contents.value {
        Value::List(_) => maker.map(vec![(member, contents.clone())]),
        _ => contents.clone(),
    }
}

fn arn(kind: &str, name: &str) -> String {
    format!("arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/{kind}/{name}/{ID}")
}

/// Priorities and visibility of rules, search strings in base64, ARNs in full.
fn finished(mut document: Tree) -> Tree {
    if let Value::Map(entries) = &mut document.value
        && let Some(Tree { value: Value::List(rules), .. }) =
            entries.iter_mut().find(|entry| entry.key == "Rules").map(|entry| &mut entry.tree)
    {
        for (index, rule) in rules.iter_mut().enumerate() {
            let place = rule.clone();
            let maker = Maker(&place);
            let name = rule.get("Name").and_then(Tree::scalar).unwrap_or_else(|| RULE_NAME.to_owned());
            maker.complete(
                rule,
                vec![("Priority", maker.number(&index.to_string())), ("VisibilityConfig", maker.visibility(&name))],
            );
        }
    }
    spell_out(&mut document);
    document
}

fn spell_out(tree: &mut Tree) {
    match &mut tree.value {
        Value::List(items) => items.iter_mut().for_each(spell_out),
        Value::Map(entries) => {
            for Entry { key, tree, .. } in entries {
                match (key.as_str(), tree.scalar()) {
                    ("SearchString", Some(text)) => tree.value = Value::Text(STANDARD.encode(text)),
                    ("ARN" | "Arn", Some(text)) => {
                        if let Some((kind, name)) = text.split_once('/').filter(|_| !text.starts_with("arn:")) {
                            tree.value = Value::Text(arn(kind, name));
                        }
                    }
                    _ => spell_out(tree),
                }
            }
        }
        _ => {}
    }
}

/// Makes values that stand where another stands.
struct Maker<'t>(&'t Tree);

impl Maker<'_> {
    fn make(&self, value: Value) -> Tree {
        Tree { range: self.0.place(), value }
    }

    fn text(&self, text: &str) -> Tree {
        self.make(Value::Text(text.to_owned()))
    }

    fn number(&self, number: &str) -> Tree {
        self.make(Value::Number(number.to_owned()))
    }

    fn list(&self, items: Vec<Tree>) -> Tree {
        self.make(Value::List(items))
    }

    fn map(&self, entries: Vec<(&str, Tree)>) -> Tree {
        self.make(Value::Map(entries.into_iter().map(|(key, tree)| self.entry(key, tree)).collect()))
    }

    fn entry(&self, key: &str, tree: Tree) -> Entry {
        Entry { key: key.to_owned(), key_range: self.0.place(), tree }
    }

    fn visibility(&self, name: &str) -> Tree {
        self.map(vec![
            ("SampledRequestsEnabled", self.make(Value::Bool(true))),
            ("CloudWatchMetricsEnabled", self.make(Value::Bool(true))),
            ("MetricName", self.text(name)),
        ])
    }

    /// Adds the members that a mapping does not have.
    fn complete(&self, tree: &mut Tree, members: Vec<(&str, Tree)>) {
        let Value::Map(entries) = &mut tree.value else { return };
        for (name, member) in members {
            if !entries.iter().any(|entry| entry.key == name) {
                entries.push(self.entry(name, member));
            }
        }
    }
}
