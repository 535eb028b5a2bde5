//! Labels: what a rule adds, and what an unqualified name in a label statement means.
//!
//! A label match without the `awswaf:` prefix looks at the labels of the rule's own context only: its web ACL, or its
//! group. All labels of a context are written in it, so a match that can mean none of them is worth a warning.
//!
//! Source: AWS WAF Developer Guide, "Label syntax and naming requirements" and "Label match examples".

use sekisho_waf::ir::{LabelScope, LabelTest};

use super::shape::{Charset, Shape, required, text};
use crate::document::Node;
use crate::report::{Report, quoted};

pub(crate) static LABEL: Shape = Shape { name: "Label", members: &[required("Name")] };

/// What every fully qualified label begins with.
pub(crate) const QUALIFIED: &str = "awswaf:";
/// Labels of one context that a match is held against; with more of them, no match is called hopeless.
const LABELS_MAX: usize = 5_000;
/// Words that no part of a rule's label may be.
const RESERVED: [&str; 8] = ["awswaf", "aws", "waf", "managed", "rulegroup", "webacl", "regexpatternset", "ipset"];
/// Characters of a namespace, or of the name, at most.
const COMPONENT_CHARS_MAX: usize = 128;
/// Namespaces before the name of a rule's label, at most.
const NAMESPACES_MAX: usize = 5;

/// The labels of one web ACL or group.
#[derive(Debug)]
pub(crate) struct LabelContext {
    /// What they begin with, colon included.
    prefix: String,
    /// All that its rules add, fully qualified; none if they are too many.
    labels: Option<Vec<String>>,
}

impl LabelContext {
    pub(crate) fn new(prefix: String, mut labels: Vec<String>) -> Self {
        labels.sort_unstable();
        labels.dedup();
        Self { prefix, labels: (labels.len() <= LABELS_MAX).then_some(labels) }
    }

    /// The context of a list of rules; problems of their labels are reported when the rules are read.
    pub(crate) fn of_rules(prefix: String, rules: Option<Node<'_>>) -> Self {
        let lists = rules.and_then(Node::as_array).into_iter().flatten().filter_map(|rule| rule.get("RuleLabels"));
        let names = lists
            .filter_map(Node::as_array)
            .flatten()
            .filter_map(|label| label.get("Name").and_then(Node::as_str))
            .take(LABELS_MAX + 1);
        let labels = names.map(|name| format!("{prefix}{name}")).collect();
        Self::new(prefix, labels)
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Which labels a key means; a warning if it can mean none.
    pub(crate) fn test(&self, key: &str, node: Node<'_>, scope: LabelScope, report: &mut Report) -> LabelTest {
        let colon = if scope == LabelScope::Namespace && !key.ends_with(':') { ":" } else { "" };
        let context = (!key.starts_with(QUALIFIED)).then(|| self.prefix.clone());
        let test = LabelTest { scope, key: format!("{key}{colon}"), context };
        if let Some(labels) = &self.labels
            && test.context.is_some()
            && !labels.iter().any(|label| test.holds(label))
        {
            let message = format!("no rule here adds a label that {} can mean: it never matches", quoted(key));
            let own = labels.iter().filter_map(|label| label.strip_prefix(self.prefix.as_str()));
            let help = report.did_you_mean(key, own).unwrap_or_else(|| {
                "a label of another group or web ACL is written in full, from `awswaf:` on".to_owned()
            });
            report.push(node.warning("label-never-added", message).help(help));
        }
        test
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
    if label.split(':').any(|component| component.len() > COMPONENT_CHARS_MAX) {
        let message = format!("a namespace or the name of a label has more than {COMPONENT_CHARS_MAX} characters");
        report.push(node.error("bad-length", message));
        return None;
    }
    if label.matches(':').count() > NAMESPACES_MAX {
        report.push(node.error("bad-length", format!("a label has more than {NAMESPACES_MAX} namespaces")));
        return None;
    }
    Some(label)
}
