//! Resources as Terraform, formatted as `terraform fmt` leaves it.
//!
//! Sources: Terraform Registry, "Resource: aws_wafv2_web_acl" and its neighbours; Terraform documentation, "Style guide".

mod block;
mod limits;

use self::block::Block;
use crate::document::{Kind, Node};
use crate::forms::piece::{Piece, PieceKind};
use crate::forms::schema::{Kind as Shape, Member, Structure};
use crate::forms::translate::{BODY_LIMITS, IDENTIFIER_LISTS};
use crate::forms::write::{Labels, Style, as_text, is_made_by_aws, members, mention_own, refuse};
use crate::report::{Report, quoted};

/// What messages call the form.
const FORM: &str = "Terraform";

/// Writes resources; what cannot be said in Terraform is refused by name.
pub(in crate::forms) fn write(pieces: &[Piece], report: &mut Report) -> String {
    let labels = Labels::of(pieces, Style::Terraform);
    let mut text = String::new();
    for (at, piece) in pieces.iter().enumerate() {
        if at > 0 {
            text.push('\n');
        }
        let names = piece.kind.names();
        let root = piece.document.root();
        let mut writer = Writer { labels: &labels, report };
        let mut body = Block::default();
        if let Some(name) = root.get("Name").and_then(Node::as_str) {
            body.text("name", name);
        }
        if piece.kind != PieceKind::Logging {
            let global = root.get("ARN").and_then(Node::as_str).is_some_and(|arn| arn.contains(":global/"));
            body.text("scope", if global { "CLOUDFRONT" } else { "REGIONAL" });
        }
        writer.structure(names.structure, root, &mut body, &["Name"]);
        limits::check(names.structure, root, writer.report);
        if let Some(arn) = root.get("ARN").and_then(Node::as_str).filter(|arn| !arn.contains(":000000000000:")) {
            text.push_str(&format!("# {arn}\n"));
        }
        body.write(&format!("resource \"{}\" \"{}\"", names.terraform, labels.label(at)), 0, &mut text);
    }
    text
}

struct Writer<'a> {
    labels: &'a Labels,
    report: &'a mut Report,
}

impl Writer<'_> {
    fn structure(&mut self, structure: &'static Structure, node: Node<'_>, body: &mut Block, skip: &[&str]) {
        mention_own(structure, node, FORM, self.report);
        for (member, node) in members(structure, node) {
            if skip.contains(&member.name) {
                continue;
            }
            let Some(name) = member.terraform else {
                if !is_made_by_aws(structure, member, node, self.report) {
                    refuse(node, FORM, &format!("`{}` of {}", member.name, structure.name), self.report);
                }
                continue;
            };
            if (structure.name, member.name) == ("OverrideAction", "Count")
                && node.get("CustomRequestHandling").is_some()
            {
                refuse(node, FORM, "an override with `CustomRequestHandling`", self.report);
                continue;
            }
            if ["SingleHeader", "SingleQueryArgument"].contains(&structure.name)
                && let Some(text) = node.as_str()
            {
                // Compared without regard to case; the provider wants lower case.
                body.text(name, &text.to_ascii_lowercase());
                continue;
            }
            self.member(member, name, node, body);
        }
    }

    fn member(&mut self, member: &'static Member, name: &str, node: Node<'_>, body: &mut Block) {
        match member.kind {
            Shape::Many(_) if member.name == "ExcludedRules" => self.excluded(node, body),
            Shape::Many(_) if IDENTIFIER_LISTS.contains(&member.name) => {
                let mut names = Vec::new();
                for item in node.as_array().into_iter().flatten() {
                    match item.get("Identifier").and_then(Node::as_str) {
                        Some(text) => names.push(block::quote(text)),
                        None => refuse(item, FORM, "a field without `Identifier`", self.report),
                    }
                }
                body.block(name).list("identifiers", names);
            }
            Shape::Many(inner) => {
                for item in node.as_array().into_iter().flatten() {
                    self.structure(inner, item, body.block(name), &[]);
                }
            }
            Shape::One(inner) => self.structure(inner, node, body.block(name), &[]),
            Shape::Map(inner) if member.name == "CustomResponseBodies" => {
                for (key, node) in node.as_object().into_iter().flatten() {
                    let block = body.block(name);
                    block.text("key", key.text());
                    self.structure(inner, node, block, &[]);
                }
            }
            Shape::Map(inner) => {
                let block = body.block(name);
                for (key, node) in node.as_object().into_iter().flatten() {
                    match BODY_LIMITS.iter().find(|(api, _)| *api == key.text()) {
                        Some((_, kind)) => self.structure(inner, node, block.block(kind), &[]),
                        None => refuse(node, FORM, &format!("a body limit for {}", quoted(key.text())), self.report),
                    }
                }
            }
            Shape::Texts | Shape::Wholes => {
                let items = node.as_array().into_iter().flatten().map(|item| self.scalar(item)).collect();
                body.list(name, items);
            }
            Shape::Text | Shape::Whole | Shape::Flag | Shape::Blob => {
                if let Some(text) = node.as_str().filter(|text| text.contains('\n')) {
                    body.text(name, text);
                    return;
                }
                let value = self.scalar(node);
                body.value(name, value);
            }
        }
    }

    fn scalar(&mut self, node: Node<'_>) -> String {
        match &node.value().kind {
            Kind::Number(text) => text.clone(),
            Kind::Bool(flag) => flag.to_string(),
            Kind::String(text) => match self.labels.resource(text) {
                Some((kind, label)) => format!("{}.{label}.arn", kind.names().terraform),
                None => block::quote(text),
            },
            Kind::Blob(_) => match as_text(node) {
                Some(text) => block::quote(text),
                None => {
                    refuse(node, FORM, "a search string that is no UTF-8 text", self.report);
                    block::quote("")
                }
            },
            Kind::Null | Kind::Invalid | Kind::Array(_) | Kind::Object(_) => "null".to_owned(),
        }
    }

    /// The old form of an override that counts. Source: Terraform AWS Provider Version 5 Upgrade Guide: `excluded_rule`
    /// was removed.
    fn excluded(&mut self, node: Node<'_>, body: &mut Block) {
        for item in node.as_array().into_iter().flatten() {
            let Some(name) = item.get("Name").and_then(Node::as_str) else { continue };
            let block = body.block("rule_action_override");
            block.text("name", name);
            block.block("action_to_use").block("count");
            let message = format!("the excluded rule {} is written as an override that counts", quoted(name));
            let problem = node.warning("other-words", message);
            self.report.push(problem.help("it decides the same; records no longer list it as excluded"));
        }
    }
}
