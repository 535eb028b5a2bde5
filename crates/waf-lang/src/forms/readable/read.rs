//! The resources of a readable file.

use std::collections::BTreeMap;

use sekisho_model::SourceFile;

use super::words::{MARK, PLAIN, SECTIONS, api_word, theirs};
use crate::document::{Document, Entry, Key, Kind, Node, Value};
use crate::forms::identity::Identity;
use crate::forms::piece::{Piece, PieceKind};
use crate::forms::schema::Structure;
use crate::forms::translate::{Naming, Translator, entry, invalid, value};
use crate::report::{Report, quoted};

/// Keys of resources besides those of [`PLAIN`].
const KEYS: [&str; 8] = ["scope", "default", "metric", "sampled", "counted", "bodies", "patterns", "rules"];

/// Reads a file.
pub(in crate::forms) fn read_readable(document: &Document, report: &mut Report) -> Vec<Piece> {
    let root = document.root();
    let identity = Identity::of([document.file().text()]);
    let mut reader = Reader { file: document.file(), arns: BTreeMap::new(), report };
    let mut items: Vec<(PieceKind, Node<'_>)> = Vec::new();
    for (key, node) in root.object(reader.report).unwrap_or_default() {
        if key.text() == MARK.0 {
            if node.as_str() != Some(MARK.1) {
                let problem = node.error("unknown-value", "this version of the form is not known");
                reader.report.push(problem.help(format!("it is `{}: {}`", MARK.0, MARK.1)));
            }
            continue;
        }
        let Some((_, kind)) = SECTIONS.iter().find(|(section, _)| *section == key.text()) else {
            reader.unknown(key, SECTIONS.iter().map(|(section, _)| *section));
            continue;
        };
        items.extend(node.array(reader.report).unwrap_or_default().into_iter().map(|item| (*kind, item)));
    }
    for &(kind, item) in &items {
        if let Some(name) = item.get("name").and_then(Node::as_str) {
            let arn = own_arn(kind, item, name, &identity);
            if reader.arns.insert((kind, name.to_owned()), arn).is_some() {
                reader.arns.insert((kind, name.to_owned()), String::new());
            }
        }
    }
    items.into_iter().filter_map(|(kind, item)| reader.resource(kind, item, &identity)).collect()
}

/// The ARN that a resource is given, or gets.
fn own_arn(kind: PieceKind, item: Node<'_>, name: &str, identity: &Identity) -> String {
    let text = |key: &str| item.get(key).and_then(Node::as_str);
    let global = text("scope") == Some("cloudfront");
    text("arn").map_or_else(|| identity.arn(kind, global, name, text("id").unwrap_or(name)), str::to_owned)
}

/// Reads with the names of the file.
pub(super) struct Reader<'r> {
    pub(super) file: &'r SourceFile,
    /// The ARN of each name; empty where two resources share it.
    arns: BTreeMap<(PieceKind, String), String>,
    pub(super) report: &'r mut Report,
}

impl Reader<'_> {
    pub(super) fn unknown<'a>(&mut self, key: Key<'_>, known: impl Iterator<Item = &'a str>) {
        let mut problem = key.error("unknown-field", format!("unknown key {}", quoted(key.text())));
        problem.help = self.report.did_you_mean(key.text(), known);
        self.report.push(problem);
    }

    /// The keys of a map; those that are not known are reported and left out.
    pub(super) fn keys<'d>(&mut self, node: Node<'d>, known: &[&str]) -> Vec<(Key<'d>, Node<'d>)> {
        let mut found = Vec::new();
        for (key, node) in node.object(self.report).unwrap_or_default() {
            if known.contains(&key.text()) {
                found.push((key, node));
            } else {
                self.unknown(key, known.iter().copied());
            }
        }
        found
    }

    /// The members of a structure that are written under their names in the API.
    pub(super) fn capitals(&mut self, structure: &'static Structure, node: Node<'_>, besides: &[&str]) -> Vec<Entry> {
        let keys: Vec<Key<'_>> = node.as_object().into_iter().flatten().map(|(key, _)| key).collect();
        let mut skipped: Vec<&str> = keys
            .iter()
            .map(|key| key.text())
            .filter(|key| !key.starts_with(|c: char| c.is_ascii_uppercase()))
            .collect();
        skipped.extend(besides);
        match self.raw(structure, node, &skipped).kind {
            Kind::Object(entries) => entries,
            _ => Vec::new(),
        }
    }

    pub(super) fn raw(&mut self, structure: &'static Structure, node: Node<'_>, besides: &[&str]) -> Value {
        Translator { naming: Naming::Readable, search: None, report: self.report }.structure(structure, node, besides)
    }

    fn resource(&mut self, kind: PieceKind, item: Node<'_>, identity: &Identity) -> Option<Piece> {
        let names = kind.names();
        item.object(self.report)?;
        let range = item.range();
        let mut entries = self.capitals(names.structure, item, &[]);
        if kind != PieceKind::Logging {
            for (key, node) in item.as_object().into_iter().flatten() {
                if !key.text().starts_with(|c: char| c.is_ascii_uppercase()) {
                    entries.extend(self.resource_key(names.structure, key, node));
                }
            }
            let head = range.start..range.start;
            if let Some(name) = item.get("name").and_then(Node::as_str) {
                let arn = own_arn(kind, item, name, identity);
                if item.get("id").is_none() {
                    let id = arn.rsplit('/').next().unwrap_or(name).to_owned();
                    entries.push(entry("Id", head.clone(), Kind::String(id)));
                }
                if item.get("arn").is_none() {
                    entries.push(entry("ARN", head, Kind::String(arn)));
                }
            }
            if names.structure.member("VisibilityConfig").is_some() {
                entries.extend(self.visibility(item, &entries));
            }
        } else if let Some((key, _)) = item
            .as_object()
            .into_iter()
            .flatten()
            .find(|(key, _)| !key.text().starts_with(|c: char| c.is_ascii_uppercase()))
        {
            self.unknown(key, names.structure.members.iter().map(|member| member.name));
        }
        let label = None;
        let tree = Document::of(self.file, value(range, Kind::Object(entries)));
        // Short words hand their values on: here every value is held to the type of its member.
        let root = self.raw(names.structure, tree.root(), &[]);
        Some(Piece { kind, label, left_out: Vec::new(), document: Document::of(self.file, root) })
    }

    fn resource_key(&mut self, structure: &'static Structure, key: Key<'_>, node: Node<'_>) -> Option<Entry> {
        let named = |name: &str, value: Value| Entry { key: name.to_owned(), key_range: key.range(), value };
        let has = |name: &str| structure.member(name).is_some();
        match key.text() {
            "version" if has("IPAddressVersion") => Some(named("IPAddressVersion", self.word(node))),
            "default" if has("DefaultAction") => Some(named("DefaultAction", self.action(node))),
            "bodies" if has("CustomResponseBodies") => Some(named("CustomResponseBodies", self.bodies(node))),
            "patterns" if has("RegularExpressionList") => {
                Some(named("RegularExpressionList", self.named_items(node, "RegexString")))
            }
            "rules" if has("Rules") => {
                let rules = node.array(self.report)?.into_iter().map(|rule| self.rule(rule)).collect();
                Some(named("Rules", value(node.range(), Kind::Array(rules))))
            }
            "metric" | "sampled" | "counted" if has("VisibilityConfig") => None,
            "scope" => {
                if !["regional", "cloudfront"].contains(&node.as_str().unwrap_or_default()) {
                    let problem = node.error("unknown-value", "expected one of regional, cloudfront");
                    self.report.push(problem);
                }
                None
            }
            word => {
                let member = theirs(PLAIN, word).and_then(|name| structure.member(name));
                let Some(member) = member else {
                    let plain = PLAIN.iter().filter(|(_, name)| has(name)).map(|(word, _)| *word);
                    self.unknown(key, plain.chain(KEYS));
                    return None;
                };
                let mut translator = Translator { naming: Naming::Readable, search: None, report: self.report };
                Some(named(member.name, translator.member(structure, member, node)))
            }
        }
    }

    /// How a resource or a rule is counted and sampled; nothing if it says `metric: null`.
    pub(super) fn visibility(&mut self, item: Node<'_>, entries: &[Entry]) -> Option<Entry> {
        let given = entries.iter().any(|entry| entry.key == "VisibilityConfig");
        let metric = item.get("metric").or_else(|| item.get("name"))?;
        if given || metric.value().kind == Kind::Null {
            return None;
        }
        let head = item.range().start..item.range().start;
        let mut flag = |key: &str| match item.get(key) {
            Some(node) if node.as_bool().is_some() => node.value().clone(),
            Some(node) => {
                node.mismatch("true or false", self.report);
                invalid(node.range())
            }
            None => value(head.clone(), Kind::Bool(true)),
        };
        let (sampled, counted) = (flag("sampled"), flag("counted"));
        let name = value(metric.range(), metric.value().kind.clone());
        let members =
            [("SampledRequestsEnabled", sampled), ("CloudWatchMetricsEnabled", counted), ("MetricName", name)];
        let members = members
            .into_iter()
            .map(|(key, value)| Entry { key: key.to_owned(), key_range: value.range.clone(), value })
            .collect();
        Some(entry("VisibilityConfig", head.clone(), Kind::Object(members)))
    }

    fn bodies(&mut self, node: Node<'_>) -> Value {
        let Some(bodies) = node.object(self.report) else { return invalid(node.range()) };
        let mut entries = Vec::new();
        for (key, body) in bodies {
            let mut members = Vec::new();
            for (key, node) in self.keys(body, &["type", "content"]) {
                let (name, value) = match key.text() {
                    "type" => ("ContentType", self.word(node)),
                    _ => ("Content", node.value().clone()),
                };
                members.push(Entry { key: name.to_owned(), key_range: key.range(), value });
            }
            let value = value(body.range(), Kind::Object(members));
            entries.push(Entry { key: key.text().to_owned(), key_range: key.range(), value });
        }
        value(node.range(), Kind::Object(entries))
    }

    /// Texts into structures of one member.
    pub(super) fn named_items(&mut self, node: Node<'_>, member: &str) -> Value {
        let Some(items) = node.array(self.report) else { return invalid(node.range()) };
        let items = items.into_iter().map(|item| {
            let inner = Entry { key: member.to_owned(), key_range: item.range(), value: item.value().clone() };
            value(item.range(), Kind::Object(vec![inner]))
        });
        value(node.range(), Kind::Array(items.collect()))
    }

    /// A word into the value of an enumeration.
    pub(super) fn word(&mut self, node: Node<'_>) -> Value {
        match node.string(self.report) {
            Some(text) => value(node.range(), Kind::String(api_word(text))),
            None => invalid(node.range()),
        }
    }

    /// A name of this file, or an ARN, into an ARN.
    pub(super) fn reference(&mut self, kind: PieceKind, node: Node<'_>) -> Value {
        let Some(text) = node.string(self.report) else { return invalid(node.range()) };
        if text.starts_with("arn:") {
            return node.value().clone();
        }
        let found = self.arns.get(&(kind, text.to_owned()));
        let problem = match found.map(String::as_str) {
            Some("") => format!("two resources of this kind are called {}", quoted(text)),
            Some(arn) => return value(node.range(), Kind::String(arn.to_owned())),
            None => format!("no resource of this kind is called {} in this file", quoted(text)),
        };
        let mut problem = node.error("unknown-reference", problem);
        let names = self.arns.keys().filter(|(other, _)| *other == kind).map(|(_, name)| name.as_str());
        problem.help = self.report.did_you_mean(text, names);
        self.report.push(problem);
        invalid(node.range())
    }
}
