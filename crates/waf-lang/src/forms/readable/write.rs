//! Resources in the readable form.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::words::{MARK, PLAIN, SECTIONS, ours};
use crate::document::{Kind, Node};
use crate::forms::piece::{Piece, PieceKind};
use crate::forms::schema::{Kind as Shape, Member, Structure};
use crate::forms::write::yaml::Yaml;
use crate::forms::write::{as_text, members};

/// What a reader of the file is told first.
const HEAD: &str = "\
# Rules run in the order of their priority; the first that allows or blocks a request ends it.
# Keys that begin with a capital letter are those of the AWS WAFv2 API.
";

/// Writes resources. Everything can be said.
pub(in crate::forms) fn write(pieces: &[Piece]) -> String {
    let writer = Writer { names: names(pieces) };
    let mut text = HEAD.to_owned();
    text.push_str(&format!("{}: {}\n", MARK.0, MARK.1));
    for (section, kind) in SECTIONS {
        let items: Vec<&Piece> = pieces.iter().filter(|piece| piece.kind == *kind).collect();
        if items.is_empty() {
            continue;
        }
        text.push_str(&format!("\n{section}:\n"));
        for (at, piece) in items.iter().enumerate() {
            text.push_str(if at > 0 { "\n  - " } else { "  - " });
            writer.resource(piece).write(4, &mut text);
            text.push('\n');
        }
    }
    text
}

/// Names that stand for ARNs: those that one resource of its kind alone has.
fn names(pieces: &[Piece]) -> BTreeMap<(PieceKind, String), String> {
    let of = |piece: &Piece, key: &str| piece.document.root().get(key).and_then(Node::as_str).map(str::to_owned);
    let unique = |piece: &&Piece| {
        let same = |other: &&Piece| other.kind == piece.kind && of(other, "Name") == of(piece, "Name");
        pieces.iter().filter(same).count() == 1
    };
    let named = pieces.iter().filter(|piece| piece.kind != PieceKind::Logging).filter(unique);
    named.filter_map(|piece| Some(((piece.kind, of(piece, "ARN")?), of(piece, "Name")?))).collect()
}

/// Writes with names for ARNs.
pub(super) struct Writer {
    names: BTreeMap<(PieceKind, String), String>,
}

/// Entries of a map.
pub(super) type Entries = Vec<(String, Yaml)>;

impl Writer {
    fn resource(&self, piece: &Piece) -> Yaml {
        let names = piece.kind.names();
        let root = piece.document.root();
        if piece.kind == PieceKind::Logging {
            return self.raw(names.structure, root);
        }
        let name = root.get("Name").and_then(Node::as_str);
        let mut entries = Vec::new();
        for (member, node) in members(names.structure, root) {
            entries.extend(self.resource_member(member, node, root, name));
        }
        if names.structure.member("VisibilityConfig").is_some() && root.get("VisibilityConfig").is_none() {
            entries.push(no_metric());
        }
        Yaml::Map(entries)
    }

    fn resource_member(&self, member: &'static Member, node: Node<'_>, root: Node<'_>, name: Option<&str>) -> Entries {
        let one = |key: &str, value: Yaml| vec![(key.to_owned(), value)];
        let short = match member.name {
            // The last word of the ARN, as a rule.
            "Id" => {
                let arn = root.get("ARN").and_then(Node::as_str).unwrap_or_default();
                if node.as_str() == arn.rsplit('/').next() { return Vec::new() } else { None }
            }
            "DefaultAction" => self.action(node).map(|action| one("default", action)),
            "VisibilityConfig" => visibility(node, name),
            "CustomResponseBodies" => bodies(node).map(|bodies| one("bodies", bodies)),
            "RegularExpressionList" => patterns(node).map(|patterns| one("patterns", patterns)),
            "IPAddressVersion" => {
                node.as_str().and_then(super::words::word).map(|word| one("version", Yaml::text(word)))
            }
            "Rules" => {
                let rules = node.as_array().into_iter().flatten();
                let rules = rules.map(|rule| Yaml::Map(self.rule(rule))).collect();
                Some(one("rules", Yaml::List(rules)))
            }
            _ => None,
        };
        short.unwrap_or_else(|| match ours(PLAIN, member.name) {
            Some(word) if word != "version" => one(word, self.raw_member(member.kind, node)),
            _ => vec![self.raw_entry(member, node)],
        })
    }

    /// A member as the API has it.
    pub(super) fn raw_entry(&self, member: &'static Member, node: Node<'_>) -> (String, Yaml) {
        match &node.value().kind {
            Kind::Blob(bytes) => match as_text(node) {
                Some(text) => (member.name.to_owned(), Yaml::text(text)),
                None => (format!("{}Base64", member.name), Yaml::text(STANDARD.encode(bytes))),
            },
            _ => (member.name.to_owned(), self.raw_member(member.kind, node)),
        }
    }

    /// A structure as the API has it.
    pub(super) fn raw(&self, structure: &'static Structure, node: Node<'_>) -> Yaml {
        let entries = members(structure, node).into_iter().map(|(member, node)| self.raw_entry(member, node));
        Yaml::Map(entries.collect())
    }

    fn raw_member(&self, shape: Shape, node: Node<'_>) -> Yaml {
        let items = || node.as_array().into_iter().flatten();
        match shape {
            Shape::One(inner) => self.raw(inner, node),
            Shape::Many(inner) => Yaml::List(items().map(|item| self.raw(inner, item)).collect()),
            Shape::Map(inner) => {
                let entries = node.as_object().into_iter().flatten();
                Yaml::Map(entries.map(|(key, node)| (key.text().to_owned(), self.raw(inner, node))).collect())
            }
            Shape::Texts | Shape::Wholes => Yaml::Line(items().map(scalar).collect()),
            Shape::Text | Shape::Whole | Shape::Flag | Shape::Blob => scalar(node),
        }
    }

    /// A reference: the name if the resource is in the file, the ARN otherwise.
    pub(super) fn reference(&self, kind: PieceKind, arn: &str) -> Yaml {
        Yaml::text(self.names.get(&(kind, arn.to_owned())).map_or(arn, String::as_str))
    }
}

/// A text, a number or a boolean.
pub(super) fn scalar(node: Node<'_>) -> Yaml {
    match &node.value().kind {
        Kind::String(text) => Yaml::text(text),
        Kind::Number(text) => Yaml::Raw(text.clone()),
        Kind::Bool(flag) => Yaml::Raw(flag.to_string()),
        _ => Yaml::Raw("null".to_owned()),
    }
}

/// Whether an object has these keys and no other; those that end in `?` may be missing.
pub(super) fn is_exactly(node: Node<'_>, keys: &[&str]) -> bool {
    let known = |found: &str| keys.iter().any(|key| key.trim_end_matches('?') == found);
    let needed = keys.iter().filter(|key| !key.ends_with('?')).all(|key| node.get(key).is_some());
    needed && node.as_object().is_some_and(|mut entries| entries.all(|(key, _)| known(key.text())))
}

/// The entry that says that nothing is counted under any name.
pub(super) fn no_metric() -> (String, Yaml) {
    ("metric".to_owned(), Yaml::Raw("null".to_owned()))
}

/// How a thing is counted and sampled: nothing to say if it is in full, under its own name.
pub(super) fn visibility(node: Node<'_>, name: Option<&str>) -> Option<Entries> {
    let flag = |key: &str| node.get(key).and_then(Node::as_bool);
    let metric = node.get("MetricName").and_then(Node::as_str)?;
    let (sampled, counted) = (flag("SampledRequestsEnabled")?, flag("CloudWatchMetricsEnabled")?);
    if !is_exactly(node, &["MetricName", "SampledRequestsEnabled", "CloudWatchMetricsEnabled"]) {
        return None;
    }
    let mut entries = Vec::new();
    if Some(metric) != name {
        entries.push(("metric".to_owned(), Yaml::text(metric)));
    }
    for (key, on) in [("sampled", sampled), ("counted", counted)] {
        if !on {
            entries.push((key.to_owned(), Yaml::Raw("false".to_owned())));
        }
    }
    Some(entries)
}

fn bodies(node: Node<'_>) -> Option<Yaml> {
    let mut entries = Vec::new();
    for (key, body) in node.as_object()? {
        if !is_exactly(body, &["ContentType", "Content"]) {
            return None;
        }
        let kind = super::words::word(body.get("ContentType")?.as_str()?)?;
        let content = body.get("Content")?.as_str()?;
        let body = vec![("type".to_owned(), Yaml::text(kind)), ("content".to_owned(), Yaml::text(content))];
        entries.push((key.text().to_owned(), Yaml::Map(body)));
    }
    Some(Yaml::Map(entries))
}

fn patterns(node: Node<'_>) -> Option<Yaml> {
    let items = node.as_array()?.map(|item| {
        let text = item.get("RegexString")?.as_str()?;
        is_exactly(item, &["RegexString"]).then(|| Yaml::text(text))
    });
    Some(Yaml::List(items.collect::<Option<_>>()?))
}
