//! Labels: what a rule adds, and what an unqualified name in a label statement means.
//!
//! A label match without the `awswaf:` prefix looks at the labels of the rule's own context only (its web ACL, or its
//! group), on whole trailing segments. All labels of a context are written in it, so such a match is lowered into
//! the qualified labels it can mean; the engine never sees an unqualified one.
//!
//! Source: AWS WAF Developer Guide, "Label syntax and naming requirements" and "Label match examples".

use std::cell::Cell;

use sekisho_waf::ir::{Condition, LabelScope};

use super::shape::{Charset, Shape, required, text};
use crate::document::Node;
use crate::report::{Report, did_you_mean, quoted};

pub(crate) static LABEL: Shape = Shape { name: "Label", members: &[required("Name")] };

/// What every fully qualified label begins with.
pub(crate) const QUALIFIED: &str = "awswaf:";
/// Labels of one context. AWS allows 5,000 rules, by their capacity.
const LABELS_MAX: usize = 50_000;
/// Labels that the unqualified matches of one context may stand for, in all.
const EXPANSIONS_MAX: usize = 200_000;
/// Words that no part of a rule's label may be.
const RESERVED: [&str; 7] = ["aws", "waf", "managed", "rulegroup", "webacl", "regexpatternset", "ipset"];

/// The labels of one web ACL or group.
#[derive(Debug)]
pub(crate) struct LabelContext {
    /// What they begin with, colon included.
    prefix: String,
    /// All that its rules add, fully qualified.
    labels: Vec<String>,
    expansions_left: Cell<usize>,
}

impl LabelContext {
    pub(crate) fn new(prefix: String, mut labels: Vec<String>) -> Self {
        labels.sort_unstable();
        labels.dedup();
        Self { prefix, labels, expansions_left: Cell::new(EXPANSIONS_MAX) }
    }

    /// The context of a list of rules; problems of their labels are reported when the rules are read.
    pub(crate) fn of_rules(prefix: String, rules: Option<Node<'_>>) -> Self {
        let lists = rules.and_then(Node::as_array).into_iter().flatten().filter_map(|rule| rule.get("RuleLabels"));
        let names = lists
            .filter_map(Node::as_array)
            .flatten()
            .filter_map(|label| label.get("Name").and_then(Node::as_str))
            .take(LABELS_MAX);
        let labels = names.map(|name| format!("{prefix}{name}")).collect();
        Self::new(prefix, labels)
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The condition of a label statement.
    pub(crate) fn condition(
        &self,
        key: &str,
        node: Node<'_>,
        scope: LabelScope,
        report: &mut Report,
    ) -> Option<Condition> {
        if key.starts_with(QUALIFIED) {
            let colon = if scope == LabelScope::Namespace && !key.ends_with(':') { ":" } else { "" };
            return Some(Condition::Label { scope, key: format!("{key}{colon}") });
        }
        let mut meant: Vec<Condition> = Vec::new();
        for label in self.labels.iter().filter(|label| is_meant(&label[self.prefix.len()..], key, scope)) {
            let Some(left) = self.expansions_left.get().checked_sub(1) else {
                let message = format!("the label matches of this file stand for more than {EXPANSIONS_MAX} labels");
                report.push(node.error("too-many-labels", message).help("write labels in full, from `awswaf:` on"));
                return None;
            };
            self.expansions_left.set(left);
            meant.push(Condition::Label { scope: LabelScope::Label, key: label.clone() });
        }
        if meant.is_empty() {
            let message = format!("no rule here adds a label that {} can mean: it never matches", quoted(key));
            let help =
                did_you_mean(key, self.labels.iter().map(|label| &label[self.prefix.len()..])).unwrap_or_else(|| {
                    "a label of another group or web ACL is written in full, from `awswaf:` on".to_owned()
                });
            report.push(node.warning("label-never-added", message).help(help));
        }
        Some(if meant.len() == 1 { meant.remove(0) } else { Condition::Or(meant) })
    }
}

/// Whether an unqualified key can mean a label, given without the prefix of its context.
fn is_meant(label: &str, key: &str, scope: LabelScope) -> bool {
    match scope {
        LabelScope::Label => label.strip_suffix(key).is_some_and(|front| front.is_empty() || front.ends_with(':')),
        LabelScope::Namespace => {
            let key = key.strip_suffix(':').unwrap_or(key);
            let Some((namespaces, _name)) = label.rsplit_once(':') else { return false };
            // Whole segments: delimit both sides.
            format!(":{namespaces}:").contains(&format!(":{key}:"))
        }
    }
}

/// Reads `RuleLabels` into fully qualified labels.
pub(crate) fn read_rule_labels(node: Node<'_>, prefix: &str, report: &mut Report) -> Option<Vec<String>> {
    let labels: Vec<_> = node
        .array(report)?
        .into_iter()
        .map(|item| {
            let name = LABEL.open(item, report)?.get("Name")?;
            read_rule_label(name, report).map(|text| format!("{prefix}{text}"))
        })
        .collect();
    labels.into_iter().collect()
}

/// Reads one label of a rule, without prefix.
pub(crate) fn read_rule_label<'d>(node: Node<'d>, report: &mut Report) -> Option<&'d str> {
    let label = text(node, 1..=1024, Charset::Label, report)?;
    if label.starts_with(QUALIFIED) {
        let help = "the label is qualified by the web ACL or group it stands in";
        report.push(node.error("reserved-label", "a rule's label must not begin with `awswaf:`").help(help));
        return None;
    }
    if let Some(word) = label.split(':').find(|segment| RESERVED.contains(segment)) {
        report.push(node.error("reserved-label", format!("`{word}` is reserved and must not be part of a label")));
        return None;
    }
    Some(label)
}

#[cfg(test)]
mod tests {
    use sekisho_waf::ir::LabelScope;

    use super::is_meant;

    #[test]
    fn an_unqualified_label_means_whole_trailing_segments() {
        // The examples of "Label match examples" in the AWS WAF Developer Guide.
        for (label, meant) in [
            ("header:encoding:utf8", true),
            ("testNS1:testNS2:header:encoding:utf8", true),
            ("header:encoding2:utf8", false),
            ("xheader:encoding:utf8", false),
            ("header:encoding:utf8:more", false),
        ] {
            assert_eq!(is_meant(label, "header:encoding:utf8", LabelScope::Label), meant, "{label}");
        }
    }

    #[test]
    fn an_unqualified_namespace_means_contiguous_namespaces() {
        for (label, meant) in [
            ("header:encoding:utf8", true),
            ("ns:header:encoding:utf8", true),
            ("header:encoding:deeper:utf8", true),
            ("header:encoding", false),
            ("xheader:encoding:utf8", false),
            ("header:other:encoding:utf8", false),
        ] {
            assert_eq!(is_meant(label, "header:encoding:", LabelScope::Namespace), meant, "{label}");
        }
    }
}
