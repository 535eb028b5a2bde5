//! What a form calls resources, and how rules refer to them by it.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::Node;
use crate::forms::piece::{Piece, PieceKind};

/// How names of resources are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::forms) enum Style {
    /// Letters, digits, `_` and `-`, one name a kind. Source: HCL Native Syntax Specification, "Identifiers".
    Terraform,
    /// Letters and digits, one name a template. Source: CloudFormation User Guide, "Resources".
    CloudFormation,
}

/// The names of all resources that are written together.
#[derive(Debug)]
pub(in crate::forms) struct Labels {
    labels: Vec<String>,
    by_arn: BTreeMap<String, (PieceKind, String)>,
}

impl Labels {
    pub(in crate::forms) fn of(pieces: &[Piece], style: Style) -> Self {
        let mut taken = BTreeSet::new();
        let mut found = Self { labels: Vec::new(), by_arn: BTreeMap::new() };
        for piece in pieces {
            let root = piece.document.root();
            let wanted = style.fit(&wanted(piece, root));
            let kind = piece.kind;
            let space = if style == Style::Terraform { Some(kind) } else { None };
            let mut label = wanted.clone();
            let mut number = 2_usize;
            while !taken.insert((space, label.clone())) {
                label = format!("{wanted}{}{number}", if style == Style::Terraform { "_" } else { "" });
                number += 1;
            }
            if let Some(arn) = root.get("ARN").and_then(Node::as_str) {
                found.by_arn.insert(arn.to_owned(), (kind, label.clone()));
            }
            found.labels.push(label);
        }
        found
    }

    /// The name of the resource at a place in the list.
    pub(in crate::forms) fn label(&self, at: usize) -> &str {
        &self.labels[at]
    }

    /// The resource that an ARN names, if it is written too.
    pub(in crate::forms) fn resource(&self, arn: &str) -> Option<(PieceKind, &str)> {
        self.by_arn.get(arn).map(|(kind, label)| (*kind, label.as_str()))
    }
}

/// What the file called it, what it is called in its ARN unless AWS made that up, or its name.
fn wanted(piece: &Piece, root: Node<'_>) -> String {
    let text = |key: &str| root.get(key).and_then(Node::as_str);
    let id = text("Id").filter(|id| !is_uuid(id));
    let of_acl = || text("ResourceArn").and_then(|arn| arn.rsplit('/').find(|part| !is_uuid(part)));
    let label = piece.label.as_deref().or(id).or_else(|| text("Name")).or_else(of_acl);
    label.unwrap_or("main").to_owned()
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

impl Style {
    fn fit(self, text: &str) -> String {
        let mut fitted: String = match self {
            Self::Terraform => {
                text.chars().map(|c| if c.is_ascii_alphanumeric() || "_-".contains(c) { c } else { '_' }).collect()
            }
            Self::CloudFormation => {
                let words = text.split(|c: char| !c.is_ascii_alphanumeric());
                words.filter_map(|word| Some((word.chars().next()?, &word[1..]))).fold(
                    String::new(),
                    |mut whole, (first, rest)| {
                        whole.push(first.to_ascii_uppercase());
                        whole.push_str(rest);
                        whole
                    },
                )
            }
        };
        if !fitted.starts_with(|c: char| c.is_ascii_alphabetic() || (c == '_' && self == Self::Terraform)) {
            fitted.insert_str(0, if self == Self::Terraform { "_" } else { "Acl" });
        }
        fitted
    }
}
