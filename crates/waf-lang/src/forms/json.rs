//! JSON of the API: what the CLI prints and the console downloads, one document or a list of them; and rules alone, as
//! the console's rule editor has them.
//!
//! Source: AWS WAF Developer Guide, "Managing protection packs (web ACLs)", "JSON rule editor".

mod write;

pub(super) use self::write::{quote, write};
use sekisho_model::SourceFile;

use super::identity::Identity;
use super::piece::{KINDS, Piece, PieceKind};
use super::translate::{Naming, Translator, entry, value};
use crate::aws::SearchEncoding;
use crate::document::{Document, Kind, Node, Value};
use crate::report::Report;

/// Takes a list of documents apart; a rule or a list of rules becomes a web ACL that allows everything else.
pub(super) fn split(document: Document, report: &mut Report) -> Vec<Document> {
    let root = document.root();
    if is_rule(root) {
        let rules = Value { range: root.range(), kind: Kind::Array(vec![root.value().clone()]) };
        return vec![around_rules(document.file(), root, rules, report)];
    }
    let Some(items) = root.as_array() else { return vec![document] };
    let items: Vec<Node<'_>> = items.collect();
    if !items.is_empty() && items.iter().all(|item| is_rule(*item)) {
        return vec![around_rules(document.file(), root, root.value().clone(), report)];
    }
    items.into_iter().map(|item| Document::of(document.file(), item.value().clone())).collect()
}

fn is_rule(node: Node<'_>) -> bool {
    node.get("Statement").is_some() && node.get("Priority").is_some()
}

/// A web ACL of nothing but rules.
fn around_rules(file: &SourceFile, root: Node<'_>, rules: Value, report: &mut Report) -> Document {
    let message = "the file holds rules and no web ACL: requests that none of them ends are allowed";
    report.push(root.warning("rules-alone", message));
    let range = root.range().start..root.range().start;
    let name = "rules";
    let arn = Identity::of([file.text()]).arn(PieceKind::WebAcl, false, name, name);
    let text = |text: &str| Kind::String(text.to_owned());
    let empty = Kind::Object(Vec::new());
    let visibility = Kind::Object(vec![
        entry("SampledRequestsEnabled", range.clone(), Kind::Bool(true)),
        entry("CloudWatchMetricsEnabled", range.clone(), Kind::Bool(true)),
        entry("MetricName", range.clone(), text(name)),
    ]);
    let mut entries = vec![
        entry("Name", range.clone(), text(name)),
        entry("Id", range.clone(), text(name)),
        entry("ARN", range.clone(), text(&arn)),
        entry("DefaultAction", range.clone(), Kind::Object(vec![entry("Allow", range.clone(), empty)])),
        entry("VisibilityConfig", range.clone(), visibility),
    ];
    entries.push(crate::document::Entry { key: "Rules".to_owned(), key_range: range.clone(), value: rules });
    Document::of(file, value(root.range(), Kind::Object(entries)))
}

/// What kind of resource a document of the API is, and the resource within the answer.
pub(super) fn identify(root: Node<'_>) -> Option<(PieceKind, Node<'_>)> {
    let answer = KINDS.iter().find_map(|names| Some((names.kind, root.get(names.api)?)));
    let bare = [
        ("DefaultAction", PieceKind::WebAcl),
        ("Addresses", PieceKind::IpSet),
        ("RegularExpressionList", PieceKind::RegexPatternSet),
        ("LogDestinationConfigs", PieceKind::Logging),
        ("Rules", PieceKind::RuleGroup),
    ];
    // A web ACL whose default action is missing or misspelt still has its ARN.
    let is_named_acl = root.get("ARN").and_then(Node::as_str).is_some_and(|arn| arn.contains("/webacl/"));
    if answer.is_none() && is_named_acl {
        return Some((PieceKind::WebAcl, root));
    }
    answer.or_else(|| bare.into_iter().find(|(member, _)| root.get(member).is_some()).map(|(_, kind)| (kind, root)))
}

/// Whether a document is a web ACL, or cannot be anything else of what is known.
pub(crate) fn is_web_acl(root: Node<'_>) -> bool {
    identify(root).is_none_or(|(kind, _)| kind == PieceKind::WebAcl)
}

/// Whether a document is a logging configuration.
pub(crate) fn is_logging(root: Node<'_>) -> bool {
    identify(root).is_some_and(|(kind, _)| kind == PieceKind::Logging)
}

/// A document of the API as a piece; none if it is nothing known, or no object.
pub(super) fn piece(document: &Document, report: &mut Report) -> Option<Piece> {
    let root = document.root();
    let Some((kind, node)) = identify(root) else {
        report.push(root.error("unknown-resource", "this document is nothing of AWS WAF"));
        return None;
    };
    let whole_answer = node.range() != root.range();
    if whole_answer {
        let beside = ["LockToken", "ApplicationIntegrationURL"];
        for (key, _) in root.as_object()?.filter(|(key, _)| *key.text() != *kind.names().api) {
            if !beside.contains(&key.text()) {
                report.push(key.error("unknown-field", "unknown field beside the resource"));
            }
        }
    }
    let search = Some(SearchEncoding::of(node, whole_answer));
    let mut translator = Translator { naming: Naming::Api, search, report };
    let root = translator.structure(kind.names().structure, node, &[]);
    Some(Piece { kind, label: None, left_out: Vec::new(), document: Document::of(document.file(), root) })
}
