//! Resources as a CloudFormation template in YAML.
//!
//! Source: AWS CloudFormation Template Reference, "AWS::WAFv2::WebACL" and its neighbours.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::document::{Kind, Node};
use crate::forms::piece::{Piece, PieceKind};
use crate::forms::schema::{Kind as Shape, Structure};
use crate::forms::translate::Naming;
use crate::forms::write::yaml::Yaml;
use crate::forms::write::{Labels, Style, as_text, is_made_by_aws, members, mention_own, refuse};
use crate::report::Report;

/// What messages call the form.
const FORM: &str = "CloudFormation";

/// Writes resources; what CloudFormation cannot express is refused by name.
pub(in crate::forms) fn write(pieces: &[Piece], report: &mut Report) -> String {
    let labels = Labels::of(pieces, Style::CloudFormation);
    let mut text = "AWSTemplateFormatVersion: \"2010-09-09\"\n".to_owned();
    let mut arns: Vec<&str> =
        pieces.iter().filter_map(|piece| piece.document.root().get("ARN").and_then(Node::as_str)).collect();
    arns.retain(|arn| !arn.contains(":000000000000:"));
    for arn in arns {
        text.push_str(&format!("# {arn}\n"));
    }
    text.push_str("Resources:");
    for (at, piece) in pieces.iter().enumerate() {
        let names = piece.kind.names();
        let root = piece.document.root();
        let mut writer = Writer { labels: &labels, report };
        let mut properties = writer.structure(names.structure, root);
        if piece.kind != PieceKind::Logging {
            let global = root.get("ARN").and_then(Node::as_str).is_some_and(|arn| arn.contains(":global/"));
            let scope = Yaml::text(if global { "CLOUDFRONT" } else { "REGIONAL" });
            let after_name = usize::from(properties.first().is_some_and(|(key, _)| key == "Name"));
            properties.insert(after_name, ("Scope".to_owned(), scope));
        }
        text.push_str(&format!("\n  {}:\n    ", labels.label(at)));
        let resource = Yaml::Map(vec![
            ("Type".to_owned(), Yaml::text(names.cloudformation)),
            ("Properties".to_owned(), Yaml::Map(properties)),
        ]);
        resource.write(4, &mut text);
    }
    if pieces.is_empty() {
        text.push_str(" {}");
    }
    text.push('\n');
    text
}

struct Writer<'a> {
    labels: &'a Labels,
    report: &'a mut Report,
}

impl Writer<'_> {
    fn structure(&mut self, structure: &'static Structure, node: Node<'_>) -> Vec<(String, Yaml)> {
        let mut found = Vec::new();
        mention_own(structure, node, FORM, self.report);
        for (member, node) in members(structure, node) {
            let Some(name) = Naming::CloudFormation.name(member) else {
                if !is_made_by_aws(structure, member, node, self.report) {
                    refuse(node, FORM, &format!("`{}` of {}", member.name, structure.name), self.report);
                }
                continue;
            };
            if is_made_by_template(member.name) {
                continue;
            }
            let patterns = (structure.name, member.name) == ("RegexPatternSet", "RegularExpressionList");
            let (name, value) = match &node.value().kind {
                Kind::Blob(bytes) => match as_text(node) {
                    Some(text) => (name, Yaml::text(text)),
                    None => ("SearchStringBase64", Yaml::text(STANDARD.encode(bytes))),
                },
                _ if patterns => (name, self.patterns(node)),
                _ => (name, self.member(member.kind, node)),
            };
            found.push((name.to_owned(), value));
        }
        found
    }

    fn member(&mut self, shape: Shape, node: Node<'_>) -> Yaml {
        match shape {
            Shape::One(inner) => Yaml::Map(self.structure(inner, node)),
            Shape::Many(inner) => {
                let items = node.as_array().into_iter().flatten();
                Yaml::List(items.map(|item| Yaml::Map(self.structure(inner, item))).collect())
            }
            Shape::Map(inner) => {
                let entries = node.as_object().into_iter().flatten();
                Yaml::Map(
                    entries
                        .map(|(key, node)| (key.text().to_owned(), Yaml::Map(self.structure(inner, node))))
                        .collect(),
                )
            }
            Shape::Texts | Shape::Wholes => {
                Yaml::List(node.as_array().into_iter().flatten().map(|item| self.scalar(item)).collect())
            }
            Shape::Text | Shape::Whole | Shape::Flag | Shape::Blob => self.scalar(node),
        }
    }

    fn scalar(&self, node: Node<'_>) -> Yaml {
        match &node.value().kind {
            Kind::String(text) => match self.labels.resource(text) {
                Some((_, label)) => Yaml::Raw(format!("!GetAtt {label}.Arn")),
                None => Yaml::text(text),
            },
            Kind::Number(text) => Yaml::Raw(text.clone()),
            Kind::Bool(flag) => Yaml::Raw(flag.to_string()),
            _ => Yaml::Raw("null".to_owned()),
        }
    }

    /// Patterns as text. Source: AWS CloudFormation Template Reference, "AWS::WAFv2::RegexPatternSet".
    fn patterns(&mut self, node: Node<'_>) -> Yaml {
        let mut patterns = Vec::new();
        for item in node.as_array().into_iter().flatten() {
            match item.get("RegexString").and_then(Node::as_str) {
                Some(text) => patterns.push(Yaml::text(text)),
                None => refuse(item, FORM, "a pattern without `RegexString`", self.report),
            }
        }
        Yaml::List(patterns)
    }
}

/// Properties that a template can give, but that say only what AWS finds out.
fn is_made_by_template(name: &str) -> bool {
    ["AvailableLabels", "ConsumedLabels"].contains(&name)
}
