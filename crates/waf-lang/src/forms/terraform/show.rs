//! `terraform show -json`: a state (`values`) or a plan (`planned_values`), with every value worked out.
//!
//! Source: Terraform documentation, "JSON Output Format": format version 1.x.

use sekisho_model::SourceFile;

use super::resource::read_tree;
use crate::document::{Document, Kind, Node};
use crate::forms::identity::Identity;
use crate::forms::piece::{KINDS, Names, Piece, PieceKind};
use crate::forms::translate::{Naming, entry};
use crate::report::{Report, quoted};

/// Modules within modules that are looked into.
const MODULE_DEPTH_MAX: usize = 32;

/// Whether a document is such an output.
pub(in crate::forms) fn is_show(root: Node<'_>) -> bool {
    root.get("format_version").is_some() && (root.get("values").is_some() || root.get("planned_values").is_some())
}

/// Reads the resources of AWS WAF in it.
pub(in crate::forms) fn read_show(document: &Document, report: &mut Report) -> Vec<Piece> {
    let root = document.root();
    if let Some(version) = root.get("format_version")
        && !version.as_str().is_some_and(|text| text.starts_with("1.") || text.starts_with("0."))
    {
        report.push(version.error("unknown-value", "this version of the format is not known; 1.x is"));
        return Vec::new();
    }
    let planned = root.get("planned_values");
    let Some(module) = planned.or_else(|| root.get("values")).and_then(|values| values.get("root_module")) else {
        report.push(root.error("missing-field", "the state holds no `root_module`: nothing is applied yet"));
        return Vec::new();
    };
    let mut shown = Shown {
        file: document.file(),
        identity: Identity::of([document.file().text()]),
        planned: planned.is_some(),
        pieces: Vec::new(),
    };
    shown.module(module, 0, report);
    shown.pieces
}

struct Shown<'d> {
    file: &'d SourceFile,
    identity: Identity,
    planned: bool,
    pieces: Vec<Piece>,
}

impl Shown<'_> {
    fn module(&mut self, module: Node<'_>, depth: usize, report: &mut Report) {
        if depth == MODULE_DEPTH_MAX {
            let message = format!("modules nested deeper than {MODULE_DEPTH_MAX} levels");
            report.push(module.error("nested-too-deep", message));
            return;
        }
        for resource in module.get("resources").and_then(|node| node.array(report)).unwrap_or_default() {
            self.pieces.extend(self.resource(resource, report));
        }
        for child in module.get("child_modules").and_then(|node| node.array(report)).unwrap_or_default() {
            self.module(child, depth + 1, report);
        }
    }

    fn resource(&self, resource: Node<'_>, report: &mut Report) -> Option<Piece> {
        let kind = resource.get("type").and_then(Node::as_str)?;
        let Some(names) = KINDS.iter().find(|names| names.terraform == kind) else {
            let harmless = ["aws_wafv2_web_acl_association", "aws_wafv2_api_key"].contains(&kind);
            let data = resource.get("mode").and_then(Node::as_str) == Some("data");
            if kind.starts_with("aws_wafv2_") && !harmless && !data {
                let message = format!("not supported: the resource type {}", quoted(kind));
                report.push(resource.error("not-supported", message));
            }
            return None;
        };
        let data = resource.get("mode").and_then(Node::as_str) == Some("data");
        // Data sources show sets whole, and of the others only that they exist.
        if data && !matches!(names.kind, PieceKind::IpSet | PieceKind::RegexPatternSet) {
            return None;
        }
        let values = resource.get("values")?;
        let label = resource.get("name").and_then(Node::as_str).unwrap_or("unnamed");
        self.read(values, names, label, report)
    }

    fn read(&self, values: Node<'_>, names: &'static Names, label: &str, report: &mut Report) -> Option<Piece> {
        let mut root = read_tree(values, names, Naming::TerraformState, report)?;
        let Kind::Object(entries) = &mut root.kind else { return None };
        if names.kind != PieceKind::Logging {
            let text = |key: &str| values.get(key).and_then(Node::as_str).filter(|text| !text.is_empty());
            let range = values.range().start..values.range().start;
            let (place, arn) = match text("arn") {
                Some(arn) => (values.get("arn").map_or(range, Node::range), arn.to_owned()),
                // A plan of something new does not know its ARN, and neither do the rules that refer to it.
                None => {
                    let name = text("name").unwrap_or(label);
                    (range, self.identity.arn(names.kind, text("scope") == Some("CLOUDFRONT"), name, label))
                }
            };
            if self.planned && text("arn").is_none() && names.kind != PieceKind::WebAcl {
                let message = format!("the ARN of {}.{label} is known only when the plan is applied", names.terraform);
                let problem = values.warning("unknown-arn", message);
                report.push(
                    problem.help("rules that refer to it show no ARN either: load the `.tf` files, or the state"),
                );
            }
            entries.push(entry("ARN", place.clone(), Kind::String(arn)));
            let id = text("id").unwrap_or(label).to_owned();
            entries.push(entry("Id", place, Kind::String(id)));
        }
        let label = Some(label.to_owned());
        let tags = values.get("tags").filter(|tags| tags.as_object().is_some_and(|entries| entries.len() > 0));
        let left_out = tags.map(|tags| tags.warning("left-out", "`tags` is not carried over")).into_iter().collect();
        Some(Piece { kind: names.kind, label, left_out, document: Document::of(self.file, root) })
    }
}
