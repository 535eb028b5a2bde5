//! The resources of a template.
//!
//! Source: AWS CloudFormation User Guide, "Template anatomy".

use std::cell::RefCell;
use std::collections::BTreeMap;

use sekisho_model::SourceFile;

use super::DEPLOYED_HELP;
use super::intrinsic::Resolver;
use crate::document::{Document, Key, Kind, Node};
use crate::forms::identity::Identity;
use crate::forms::piece::{KINDS, Names, Piece, PieceKind};
use crate::forms::translate::{Naming, Translator, entry};
use crate::report::{Report, quoted};

/// A template whose resources are being read.
#[derive(Debug)]
pub(super) struct Template<'d> {
    pub(super) file: &'d SourceFile,
    pub(super) root: Node<'d>,
    pub(super) identity: Identity,
    /// Resources of AWS WAF by logical id.
    pub(super) resources: BTreeMap<&'d str, (&'static Names, Node<'d>)>,
    /// Parameters whose default was taken already, so that each is told of once.
    pub(super) told: RefCell<Vec<&'d str>>,
}

/// Properties that are no members of the API's structures.
const BESIDES: [&str; 2] = ["Scope", "Tags"];

/// Reads the resources of AWS WAF in a template.
pub(in crate::forms) fn read_template(document: &Document, report: &mut Report) -> Vec<Piece> {
    let root = document.root();
    let mut template = Template {
        file: document.file(),
        root,
        identity: Identity::of([document.file().text()]),
        resources: BTreeMap::new(),
        told: RefCell::default(),
    };
    let Some(resources) = root.get("Resources") else {
        report.push(root.error("missing-field", "a template needs `Resources`"));
        return Vec::new();
    };
    let entries = resources.object(report).unwrap_or_default();
    for &(key, resource) in &entries {
        if let Some(names) = known(key, resource, report) {
            template.resources.insert(key.text(), (names, resource));
        }
    }
    let mut resolver = Resolver::new(&template);
    let mut pieces = Vec::new();
    for (key, _) in entries {
        if let Some(&(names, resource)) = template.resources.get(key.text()) {
            pieces.extend(read_resource(&template, key, resource, names, &mut resolver, report));
        }
    }
    pieces
}

fn known(key: Key<'_>, resource: Node<'_>, report: &mut Report) -> Option<&'static Names> {
    if key.text().starts_with("Fn::") {
        let problem = key.error("needs-cloudformation", format!("{} needs CloudFormation", quoted(key.text())));
        report.push(problem.help(DEPLOYED_HELP));
        return None;
    }
    let kind = resource.get("Type").and_then(Node::as_str)?;
    let found = KINDS.iter().find(|names| names.cloudformation == kind);
    if found.is_none() && kind.starts_with("AWS::WAFv2::") && kind != "AWS::WAFv2::WebACLAssociation" {
        let message = format!("not supported: the resource type {}", quoted(kind));
        report.push(resource.error("not-supported", message));
    }
    if found.is_none() && (kind.starts_with("AWS::WAF::") || kind.starts_with("AWS::WAFRegional::")) {
        let message = format!("{} is AWS WAF Classic and is not read", quoted(kind));
        report.push(resource.warning("unknown-resource", message));
    }
    found
}

fn read_resource(
    template: &Template<'_>,
    key: Key<'_>,
    resource: Node<'_>,
    names: &'static Names,
    resolver: &mut Resolver<'_, '_>,
    report: &mut Report,
) -> Option<Piece> {
    if let Some(condition) = resource.get("Condition") {
        let problem = condition.error("needs-cloudformation", "whether this resource exists needs CloudFormation");
        report.push(problem.help(DEPLOYED_HELP));
        return None;
    }
    let Some(properties) = resource.get("Properties") else {
        report.push(resource.error("missing-field", "the resource needs `Properties`"));
        return None;
    };
    let resolved = Document::of(template.file, resolver.resolve(properties, report));
    let node = resolved.root();
    let mut translator = Translator { naming: Naming::CloudFormation, search: None, report };
    let mut root = translator.structure(names.structure, node, &BESIDES);
    let Kind::Object(entries) = &mut root.kind else { return None };
    let range = key.range();
    if names.kind != PieceKind::Logging {
        let global = match node.get("Scope").map(|scope| (scope, scope.as_str())) {
            Some((_, Some("REGIONAL"))) => false,
            Some((_, Some("CLOUDFRONT"))) => true,
            Some((scope, _)) => {
                if !scope.is_invalid() {
                    let problem = scope.error("unknown-value", "expected one of REGIONAL, CLOUDFRONT");
                    report.push(problem);
                }
                return None;
            }
            None => {
                report.push(key.error("missing-field", "the resource needs `Scope`"));
                return None;
            }
        };
        let label = key.text();
        let name = match node.get("Name") {
            Some(name) => name.as_str()?.to_owned(),
            None => {
                let message = format!("the name {} stands for the one CloudFormation makes up", quoted(label));
                report.push(key.warning("made-up-name", message));
                entries.push(entry("Name", range.clone(), Kind::String(label.to_owned())));
                label.to_owned()
            }
        };
        let arn = template.identity.arn(names.kind, global, &name, label);
        entries.push(entry("ARN", range.clone(), Kind::String(arn)));
        entries.push(entry("Id", range, Kind::String(label.to_owned())));
    }
    let label = Some(key.text().to_owned());
    let tags = node.get("Tags").map(|tags| tags.warning("left-out", "`Tags` is not carried over"));
    let left_out = tags.into_iter().collect();
    Some(Piece { kind: names.kind, label, left_out, document: Document::of(template.file, root) })
}
