//! Managed groups that ship with Sekisho: YAML files with statements in AWS's shape.
//!
//! A group is a file `{name, vendor, labelNamespace, …}`, a file for each rule `{id, title, why, …, statement, tests}`,
//! and the sets its statements name. Regular expressions are in the engine's syntax, search strings plain text.

use sekisho_model::{Diagnostics, SourceFile};
use sekisho_waf::ir::{Action, Rule, RuleKind};

use super::capacity::Cost;
use super::catalogue::ManagedGroup;
use super::label::{QUALIFIED, read_rule_label};
use super::scope::{NamedSets, Scope};
use super::shape::{Charset, Members, Shape, choice, integer, items, no_effect, optional, required, text};
use super::statement::Lowering;
use crate::document::{Document, Node};
use crate::report::{Report, quoted};

static GROUP: Shape = Shape {
    name: "group",
    members: &[
        required("name"),
        required("vendor"),
        required("labelNamespace"),
        optional("capacity"),
        optional("rules"),
        no_effect("title"),
        no_effect("description"),
        no_effect("why"),
        no_effect("references"),
        no_effect("notes"),
    ],
};

static RULE: Shape = Shape {
    name: "rule",
    members: &[
        required("id"),
        required("title"),
        required("why"),
        required("false_positives"),
        required("references"),
        optional("label"),
        required("action"),
        required("statement"),
        optional("tests"),
        no_effect("notes"),
    ],
};

/// The actions a rule that ships may take.
static ACTIONS: &[(&str, ActionWord)] =
    &[("Block", ActionWord::Block), ("Allow", ActionWord::Allow), ("Count", ActionWord::Count)];

#[derive(Debug, Clone, Copy)]
enum ActionWord {
    Block,
    Allow,
    Count,
}

/// The texts of one group.
#[derive(Debug, Clone, Copy)]
pub struct GroupFiles<'a> {
    /// Its `group.yaml`.
    pub group: &'a SourceFile,
    /// Its rules, in evaluation order unless the group's `rules` gives another.
    pub rules: &'a [SourceFile],
    /// The sets its statements name.
    pub sets: &'a NamedSets,
}

/// A group that was read.
#[derive(Debug, Clone)]
pub struct ContentGroup {
    /// For the catalogue.
    pub group: ManagedGroup,
    /// What its rules' files say besides, in the order of [`ManagedGroup::rules`].
    pub rules: Vec<ContentRule>,
}

/// What a rule's file says to people and to its tests.
#[derive(Debug, Clone)]
pub struct ContentRule {
    /// The rule's name.
    pub id: String,
    /// What it finds, in a few words.
    pub title: String,
    /// Why that matters.
    pub why: String,
    /// What it finds by mistake.
    pub false_positives: Vec<String>,
    /// Where to read more.
    pub references: Vec<String>,
    document: Document,
}

impl ContentRule {
    /// The rule's tests, in whatever shape they were written.
    #[must_use]
    pub fn tests(&self) -> Option<Node<'_>> {
        self.document.root().get("tests")
    }

    /// The file it was read from.
    #[must_use]
    pub fn file(&self) -> &SourceFile {
        self.document.file()
    }
}

/// What came of loading a group.
#[derive(Debug, Clone)]
pub struct LoadedGroup {
    /// The group, unless there are errors.
    pub group: Option<ContentGroup>,
    /// All problems found.
    pub diagnostics: Diagnostics,
}

/// Loads a managed group from its files.
///
/// # Errors
///
/// All problems are in [`LoadedGroup::diagnostics`]; with an error among them there is no group.
#[must_use]
pub fn load_managed_group(files: &GroupFiles<'_>) -> LoadedGroup {
    let mut report = Report::new();
    let group = read(files, &mut report);
    let diagnostics = report.into_diagnostics();
    LoadedGroup { group: group.filter(|_| !diagnostics.has_errors()), diagnostics }
}

fn read(files: &GroupFiles<'_>, report: &mut Report) -> Option<ContentGroup> {
    let header = Document::read_yaml(files.group, report);
    let mut documents: Vec<Document> =
        files.rules.iter().filter_map(|file| Document::read_yaml(file, report)).collect();
    let header = header?;
    let members = GROUP.open(header.root(), report)?;
    let name = members.get("name").and_then(|node| text(node, 1..=128, Charset::Name, report));
    let vendor = members.get("vendor").and_then(|node| text(node, 1..=128, Charset::NotBlank, report));
    let namespace = members.get("labelNamespace").and_then(|node| read_namespace(node, report))?;
    let capacity = members.get("capacity").and_then(|node| integer(node, 1..=i64::from(i32::MAX), report));
    if let Some(order) = members.get("rules") {
        put_in_order(&mut documents, order, report);
    }
    let labels = documents.iter().filter_map(|document| document.root().get("label")?.as_str());
    let labels = labels.map(|label| qualify(label, &namespace)).collect();
    let scope = Scope::of_content(&namespace, labels, files.sets);
    let read: Vec<_> = documents.into_iter().map(|document| read_rule(document, &namespace, &scope, report)).collect();
    let (rules, pages): (Vec<Rule>, Vec<ContentRule>) =
        read.into_iter().collect::<Option<Vec<_>>>()?.into_iter().unzip();
    let group = ManagedGroup {
        vendor: vendor?.to_owned(),
        name: name?.to_owned(),
        label_namespace: namespace.clone(),
        capacity: capacity.map(i64::unsigned_abs),
        rules,
    };
    Some(ContentGroup { group, rules: pages })
}

fn read_namespace(node: Node<'_>, report: &mut Report) -> Option<String> {
    let namespace = text(node, 1..=1024, Charset::Label, report)?;
    if !namespace.starts_with(QUALIFIED) {
        report.push(node.error("bad-namespace", "a label namespace begins with `awswaf:`"));
        return None;
    }
    Some(format!("{}:", namespace.trim_end_matches(':')))
}

/// Labels may be written in full, as AWS documents them, or without the namespace.
fn qualify(label: &str, namespace: &str) -> String {
    if label.starts_with(namespace) { label.to_owned() } else { format!("{namespace}{label}") }
}

/// Puts the rules in the order of a list of their ids, which must name each of them once.
fn put_in_order(documents: &mut [Document], order: Node<'_>, report: &mut Report) {
    let listed: Vec<_> = order.array(report).unwrap_or_default();
    let ids: Vec<&str> = listed.iter().filter_map(|node| node.string(report)).collect();
    let place = |document: &Document| {
        let id = document.root().get("id").and_then(Node::as_str)?;
        ids.iter().position(|listed| *listed == id)
    };
    for node in &listed {
        let id = node.as_str();
        if id.is_some() && !documents.iter().any(|document| document.root().get("id").and_then(Node::as_str) == id) {
            report.push(
                node.error("unknown-rule", format!("no rule of this group is {}", quoted(id.unwrap_or_default()))),
            );
        }
    }
    for document in documents.iter().filter(|document| place(document).is_none()) {
        report.push(document.root().error("rule-not-listed", "the group's `rules` does not list this rule"));
    }
    documents.sort_by_key(|document| place(document).unwrap_or(usize::MAX));
}

fn read_rule(
    document: Document,
    namespace: &str,
    scope: &Scope<'_>,
    report: &mut Report,
) -> Option<(Rule, ContentRule)> {
    let members = RULE.open(document.root(), report)?;
    let id = members.get("id").and_then(|node| text(node, 1..=128, Charset::Name, report));
    let title = prose(members, "title", report);
    let why = prose(members, "why", report);
    let false_positives = prose_list(members, "false_positives", report);
    let references = prose_list(members, "references", report);
    let labels = match members.get("label") {
        Some(node) => read_label(node, namespace, report).map(|label| vec![label]),
        None => Some(Vec::new()),
    };
    let action =
        members.get("action").and_then(|node| choice(node, "action", ACTIONS, report)).map(|word| match word {
            ActionWord::Block => Action::block(),
            ActionWord::Allow => Action::ALLOW,
            ActionWord::Count => Action::COUNT,
        });
    let when =
        members.get("statement").and_then(|node| Lowering::new(scope, &mut Cost::default(), report).nested(node));
    let id = id?.to_owned();
    let kind = RuleKind::Match { when: when?, action: action?.into() };
    let rule = Rule { name: id.clone(), visibility: id.clone().into(), labels: labels?, kind };
    let (title, why, false_positives, references) = (title?, why?, false_positives?, references?);
    Some((rule, ContentRule { id, title, why, false_positives, references, document }))
}

fn read_label(node: Node<'_>, namespace: &str, report: &mut Report) -> Option<String> {
    if node.as_str().is_some_and(|label| label.starts_with(namespace)) {
        return text(node, 1..=1024, Charset::Label, report).map(str::to_owned);
    }
    read_rule_label(node, report).map(|label| qualify(label, namespace))
}

fn prose(members: Members<'_>, name: &'static str, report: &mut Report) -> Option<String> {
    text(members.get(name)?, 1..=4000, Charset::NotBlank, report).map(str::to_owned)
}

/// One text or a list of them.
fn prose_list(members: Members<'_>, name: &'static str, report: &mut Report) -> Option<Vec<String>> {
    let node = members.get(name)?;
    if node.as_str().is_some() {
        return Some(vec![prose(members, name, report)?]);
    }
    let texts: Vec<_> = items(node, 0..1000, report)?
        .into_iter()
        .map(|item| text(item, 1..=4000, Charset::NotBlank, report).map(str::to_owned))
        .collect();
    texts.into_iter().collect()
}
