//! One resource: its tree, translated, with the name and the ARN it gets.

use hcl_edit::Span;
use hcl_edit::structure::Block;
use sekisho_model::{Diagnostic, SourceFile};

use super::evaluate::{Evaluator, Place};
use super::module::key_of;
use crate::document::{Document, Entry, Kind, Node, Value};
use crate::forms::piece::{Names, Piece, PieceKind};
use crate::forms::translate::{Naming, Translator, entry, value};
use crate::report::{Report, quoted};

/// Arguments of the resources that are no members of the API's structures.
pub(super) const BESIDES: [&str; 13] = [
    "scope",
    "name_prefix",
    "rule_json",
    "rules_json",
    "region",
    "arn",
    "id",
    "capacity",
    "lock_token",
    "application_integration_url",
    "tags",
    "tags_all",
    "timeouts",
];

/// What Terraform does with a resource, not what it is. None of it is looked at.
const UNREAD: [&str; 10] = [
    "description",
    "tags",
    "tags_all",
    "lifecycle",
    "depends_on",
    "provider",
    "provisioner",
    "connection",
    "timeouts",
    "region",
];

/// Who a resource is.
#[derive(Debug)]
pub(super) struct Identified {
    pub(super) name: String,
    pub(super) arn: String,
}

/// Finds out the name and the ARN of a resource.
pub(super) fn identify(
    file: &SourceFile,
    block: &Block,
    names: &Names,
    label: &str,
    evaluator: &mut Evaluator<'_>,
    report: &mut Report,
) -> Option<Identified> {
    let mut text = |key: &str, report: &mut Report| {
        let attribute = block.body.get_attribute(key)?;
        let place = Place { file, range: attribute.key.span().unwrap_or_default(), fixed: false };
        match evaluator.expression(&attribute.value, &place, report).kind {
            Kind::String(text) => Some(Some(text)),
            _ => Some(None),
        }
    };
    // Without a name Terraform makes one up when it applies; what the file calls the resource stands for it.
    let name = match text("name", report) {
        Some(name) => name?,
        None => match text("name_prefix", report) {
            Some(prefix) => format!("{}{label}", prefix?),
            None => label.to_owned(),
        },
    };
    let global = text("scope", report)?? == "CLOUDFRONT";
    let arn = evaluator.identity.arn(names.kind, global, &name, label);
    Some(Identified { name, arn })
}

/// Reads a resource of a file.
pub(super) fn read_resource(
    file: &SourceFile,
    block: &Block,
    names: &'static Names,
    label: &str,
    evaluator: &mut Evaluator<'_>,
    report: &mut Report,
) -> Option<Piece> {
    let range = block.span().unwrap_or_default();
    let head = block.ident.span().unwrap_or_default();
    let tree = value(range, evaluator.body(&block.body, file, &UNREAD, report));
    let tree = Document::of(file, tree);
    let identified = identify(file, block, names, label, evaluator, &mut Report::new());
    let mut root = read_tree(tree.root(), names, Naming::Terraform, report)?;
    let Kind::Object(entries) = &mut root.kind else { return None };
    if names.kind != PieceKind::Logging {
        if tree.root().get("scope").is_none() {
            let problem = Diagnostic::error("missing-field", "the resource needs `scope`");
            report.push(problem.at(file, head).help("`REGIONAL`, or `CLOUDFRONT` for distributions"));
            return None;
        }
        // A name or a scope that cannot be resolved is reported already.
        let found = identified?;
        if tree.root().get("name").is_none() {
            let message = format!("the name {} stands for the one Terraform makes up", quoted(&found.name));
            report.push(Diagnostic::warning("made-up-name", message).at(file, head.clone()));
            entries.push(entry("Name", head.clone(), Kind::String(found.name)));
        }
        entries.extend(description(file, block, evaluator, report));
        entries.push(entry("ARN", head.clone(), Kind::String(found.arn)));
        entries.push(entry("Id", head, Kind::String(label.to_owned())));
    }
    let label = Some(label.to_owned());
    Some(Piece { kind: names.kind, label, left_out: left_out(file, block), document: Document::of(file, root) })
}

/// Arguments that say how Terraform manages a resource: they go nowhere else.
fn left_out(file: &SourceFile, block: &Block) -> Vec<Diagnostic> {
    let keys = block.body.iter().map(key_of).filter(|(key, _)| key.as_str() != "description");
    let unread = keys.filter(|(key, _)| UNREAD.contains(&key.as_str()));
    let warning = |name: &str| Diagnostic::warning("left-out", format!("`{name}` is not carried over"));
    unread.map(|(key, range)| warning(key.as_str()).at(file, range)).collect()
}

/// The description, which changes nothing: one that cannot be resolved is left out with a warning.
fn description(file: &SourceFile, block: &Block, evaluator: &mut Evaluator<'_>, report: &mut Report) -> Option<Entry> {
    let attribute = block.body.get_attribute("description")?;
    let range = attribute.key.span().unwrap_or_default();
    let place = Place { file, range: range.clone(), fixed: false };
    match evaluator.expression(&attribute.value, &place, &mut Report::new()) {
        Value { range: at, kind: kind @ Kind::String(_) } => {
            Some(Entry { key: "Description".to_owned(), key_range: range, value: value(at, kind) })
        }
        _ => {
            let problem = Diagnostic::warning("no-effect", "this description needs Terraform");
            report.push(problem.at(file, range).help("it is left out: it changes no decision"));
            None
        }
    }
}

/// Translates the tree of a resource, as files and states have it.
pub(super) fn read_tree(node: Node<'_>, names: &'static Names, naming: Naming, report: &mut Report) -> Option<Value> {
    if let Some(scope) = node.get("scope") {
        let text = scope.string(report)?;
        if !["REGIONAL", "CLOUDFRONT"].contains(&text) {
            let problem = scope.error("unknown-value", format!("{} is no scope", quoted(text)));
            report.push(problem.help("expected one of REGIONAL, CLOUDFRONT"));
            return None;
        }
    }
    // Null is what a state says of a prefix that is not given.
    if let Some(prefix) = node.get("name_prefix").filter(|prefix| prefix.value().kind != Kind::Null) {
        prefix.string(report)?;
    }
    let has_capacity = names.kind == PieceKind::RuleGroup;
    let besides: Vec<&str> = BESIDES.into_iter().filter(|key| !(has_capacity && *key == "capacity")).collect();
    let mut translator = Translator { naming, search: None, report };
    let mut root = translator.structure(names.structure, node, &besides);
    let Kind::Object(entries) = &mut root.kind else { return None };
    for key in ["rule_json", "rules_json"] {
        if let Some(found) = node.get(key)
            && !matches!(found.value().kind, Kind::Null | Kind::Invalid)
            && found.as_str() != Some("")
        {
            entries.extend(read_rule_json(found, names, report));
        }
    }
    Some(root)
}

/// Rules given as JSON: a tree from `jsonencode`, or text.
fn read_rule_json(node: Node<'_>, names: &'static Names, report: &mut Report) -> Option<Entry> {
    let member = names.structure.member("Rules")?;
    let crate::forms::schema::Kind::Many(rule) = member.kind else { return None };
    let parsed;
    let list = match node.as_str() {
        // Places within a text of its own would point nowhere: all of it has the place of the argument.
        Some(text) => {
            let inner = SourceFile::new(node.file().name(), text);
            let mut problems = Report::new();
            let Some(document) = Document::read_json(&inner, &mut problems) else {
                let why = problems.into_diagnostics().iter().next().map(|problem| problem.message.clone());
                let message = format!("this text is no JSON: {}", why.unwrap_or_default());
                report.push(node.error("bad-json", message));
                return None;
            };
            parsed = Document::of(node.file(), flatten(document.root().value(), &node.range()));
            parsed.root()
        }
        None => node,
    };
    let items = list.array(report)?;
    let mut translator = Translator { naming: Naming::RuleJson, search: None, report };
    let rules = items.into_iter().map(|item| translator.structure(rule, item, &[])).collect();
    let range = node.range();
    Some(Entry { key: "Rules".to_owned(), key_range: range.clone(), value: value(range, Kind::Array(rules)) })
}

/// A tree with one place for all of it.
fn flatten(found: &Value, range: &std::ops::Range<usize>) -> Value {
    let kind = match &found.kind {
        Kind::Array(items) => Kind::Array(items.iter().map(|item| flatten(item, range)).collect()),
        Kind::Object(entries) => Kind::Object(
            entries
                .iter()
                .map(|entry| Entry {
                    key: entry.key.clone(),
                    key_range: range.clone(),
                    value: flatten(&entry.value, range),
                })
                .collect(),
        ),
        kind => kind.clone(),
    };
    Value { range: range.clone(), kind }
}
