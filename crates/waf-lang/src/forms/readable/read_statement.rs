//! Statements of the readable form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::read::Reader;
use super::words::{BARE_FIELDS, COMPARISONS, NAMED_FIELDS, OPTION_FIELDS, PATTERNS, POSITIONS, RATE_PLAIN, theirs};
use crate::document::{Entry, Key, Kind, Node, Value};
use crate::forms::piece::PieceKind;
use crate::forms::schema::statement::{RATE_BASED_STATEMENT, STATEMENT};
use crate::forms::translate::{entry, invalid, value};
use crate::report::quoted;

/// Keys of statements that are no part of the request.
const KINDS: [&str; 9] = ["all", "any", "not", "country", "asn", "ip-set", "label", "label-namespace", "rate"];

impl Reader<'_> {
    /// A statement: a map of one key, and its `address`.
    pub(super) fn statement(&mut self, node: Node<'_>) -> Value {
        let Some(entries) = node.object(self.report) else { return invalid(node.range()) };
        let (addresses, others): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(key, _)| key.text() == "address");
        let Some((key, inner)) = others.first().copied() else {
            return value(node.range(), Kind::Object(Vec::new()));
        };
        if key.text().starts_with(|c: char| c.is_ascii_uppercase()) {
            return self.raw(&STATEMENT, node, &[]);
        }
        for (other, _) in &others[1..] {
            let problem = other.error("more-than-one", format!("a second statement beside {}", quoted(key.text())));
            self.report.push(problem.help("several statements stand in a list under `all` or `any`"));
        }
        let address = addresses.first().copied();
        let Some((kind, mut members)) = self.short_statement(key, inner) else { return invalid(node.range()) };
        let config = match kind {
            "GeoMatchStatement" | "AsnMatchStatement" => Some("ForwardedIPConfig"),
            "IPSetReferenceStatement" => Some("IPSetForwardedIPConfig"),
            _ => None,
        };
        match (address, config) {
            (Some((key, node)), Some(config)) => members.push(self.address(key, node, config)),
            (Some((key, _)), None) => self.unknown(key, KINDS.into_iter()),
            (None, _) => {}
        }
        let range = node.range();
        let statement =
            Entry { key: kind.to_owned(), key_range: key.range(), value: value(inner.range(), Kind::Object(members)) };
        value(range, Kind::Object(vec![statement]))
    }

    fn short_statement(&mut self, key: Key<'_>, inner: Node<'_>) -> Option<(&'static str, Vec<Entry>)> {
        let one = |name: &str, value: Value| vec![Entry { key: name.to_owned(), key_range: key.range(), value }];
        let text = |scope: &str| entry("Scope", key.range(), Kind::String(scope.to_owned()));
        Some(match key.text() {
            word @ ("all" | "any") => {
                let items = inner.array(self.report)?.into_iter().map(|item| self.statement(item)).collect();
                let kind = if word == "all" { "AndStatement" } else { "OrStatement" };
                (kind, one("Statements", value(inner.range(), Kind::Array(items))))
            }
            "not" => ("NotStatement", one("Statement", self.statement(inner))),
            "country" => ("GeoMatchStatement", one("CountryCodes", inner.value().clone())),
            "asn" => ("AsnMatchStatement", one("AsnList", inner.value().clone())),
            "ip-set" => ("IPSetReferenceStatement", one("ARN", self.reference(PieceKind::IpSet, inner))),
            "label" => ("LabelMatchStatement", [vec![text("LABEL")], one("Key", inner.value().clone())].concat()),
            "label-namespace" => {
                ("LabelMatchStatement", [vec![text("NAMESPACE")], one("Key", inner.value().clone())].concat())
            }
            "rate" => ("RateBasedStatement", self.rate(inner)),
            _ => return self.test(key, inner),
        })
    }

    fn rate(&mut self, inner: Node<'_>) -> Vec<Entry> {
        let mut members = self.capitals(&RATE_BASED_STATEMENT, inner, &[]);
        for (key, node) in inner.object(self.report).unwrap_or_default() {
            let (name, value) = match key.text() {
                "per" => ("AggregateKeyType", self.word(node)),
                "only-when" => ("ScopeDownStatement", self.statement(node)),
                "address" => {
                    members.push(self.address(key, node, "ForwardedIPConfig"));
                    continue;
                }
                word => match theirs(RATE_PLAIN, word) {
                    Some(name) => (name, node.value().clone()),
                    None if word.starts_with(|c: char| c.is_ascii_uppercase()) => continue,
                    None => {
                        self.unknown(key, ["limit", "window-seconds", "per", "address", "only-when"].into_iter());
                        continue;
                    }
                },
            };
            members.push(Entry { key: name.to_owned(), key_range: key.range(), value });
        }
        members
    }

    fn address(&mut self, key: Key<'_>, node: Node<'_>, config: &str) -> Entry {
        let mut members = Vec::new();
        for (key, node) in self.keys(node, &["header", "invalid", "position"]) {
            let (name, value) = match key.text() {
                "header" => ("HeaderName", node.value().clone()),
                "invalid" => ("FallbackBehavior", self.word(node)),
                _ => ("Position", self.word(node)),
            };
            members.push(Entry { key: name.to_owned(), key_range: key.range(), value });
        }
        let value = value(node.range(), Kind::Object(members));
        Entry { key: config.to_owned(), key_range: key.range(), value }
    }

    /// A part of the request held against something.
    fn test(&mut self, key: Key<'_>, inner: Node<'_>) -> Option<(&'static str, Vec<Entry>)> {
        let entries = inner.object(self.report)?;
        let mut options = Vec::new();
        let mut found: Option<(&'static str, Vec<Entry>)> = None;
        let mut transforms = None;
        let mut more = Vec::new();
        for (word, node) in entries {
            match word.text() {
                "transform" => transforms = Some(self.transforms(word, node, "TextTransformations")),
                "pre-parse" => more.push(self.transforms(word, node, "PreParseTextTransformations")),
                _ => match self.comparison(word, node) {
                    Some(comparison) if found.is_none() => found = Some(comparison),
                    Some(_) => self.report.push(word.error("more-than-one", "a second comparison of the same part")),
                    None => options.push((word, node)),
                },
            }
        }
        let field = self.field(key, inner, options)?;
        let Some((kind, mut members)) = found else {
            let problem = key.error("missing-field", "nothing says what this part is held against");
            self.report.push(problem.help("such as `contains`, `matches`, `size`, `sqli` or `xss`"));
            return None;
        };
        members.push(field);
        members.push(transforms.unwrap_or_else(|| no_transformation(key)));
        members.extend(more);
        Some((kind, members))
    }

    /// What a part is held against; none if the word is no such thing.
    fn comparison(&mut self, key: Key<'_>, node: Node<'_>) -> Option<(&'static str, Vec<Entry>)> {
        let named = |name: &str, value: Value| Entry { key: name.to_owned(), key_range: key.range(), value };
        let text = |name: &str, text: &str| named(name, value(key.range(), Kind::String(text.to_owned())));
        let word = key.text().strip_suffix("-base64").unwrap_or(key.text());
        if let Some(position) = theirs(POSITIONS, word) {
            let bytes = match (node.string(self.report), word == key.text()) {
                (Some(text), true) => Some(text.as_bytes().to_vec()),
                (Some(text), false) => STANDARD.decode(text).ok().or_else(|| {
                    self.report.push(node.error("bad-base64", format!("{} is not base64", quoted(text))));
                    None
                }),
                (None, _) => None,
            };
            let literal = value(node.range(), bytes.map_or(Kind::Invalid, Kind::Blob));
            return Some((
                "ByteMatchStatement",
                vec![named("SearchString", literal), text("PositionalConstraint", position)],
            ));
        }
        Some(match key.text() {
            "matches" => ("RegexMatchStatement", vec![named("RegexString", node.value().clone())]),
            "matches-set" => {
                let set = self.reference(PieceKind::RegexPatternSet, node);
                ("RegexPatternSetReferenceStatement", vec![named("ARN", set)])
            }
            "size" => ("SizeConstraintStatement", self.size(key, node)),
            "sqli" => {
                let level = self.word(node);
                let given = level.kind != Kind::String("DEFAULT".to_owned());
                let members = if given { vec![named("SensitivityLevel", level)] } else { Vec::new() };
                ("SqliMatchStatement", members)
            }
            "xss" => {
                if node.as_bool() != Some(true) {
                    self.report.push(node.error("unknown-value", "expected true"));
                }
                ("XssMatchStatement", Vec::new())
            }
            _ => return None,
        })
    }

    fn size(&mut self, key: Key<'_>, node: Node<'_>) -> Vec<Entry> {
        let parts = node.string(self.report).and_then(|text| text.split_once(' '));
        let known = parts.and_then(|(sign, size)| Some((theirs(COMPARISONS, sign)?, size.parse::<i64>().ok()?)));
        let Some((comparison, size)) = known else {
            if !node.is_invalid() {
                let problem = node.error("unknown-value", "expected a sign and a number of bytes");
                self.report.push(problem.help("such as \"> 8192\"; signs are =, !=, <, <=, >, >="));
            }
            return Vec::new();
        };
        let text = Kind::String(comparison.to_owned());
        vec![
            entry("ComparisonOperator", key.range(), text),
            entry("Size", node.range(), Kind::Number(size.to_string())),
        ]
    }

    fn transforms(&mut self, key: Key<'_>, node: Node<'_>, name: &str) -> Entry {
        let items = node.array(self.report).unwrap_or_default();
        let items = items.into_iter().enumerate().map(|(at, item)| {
            let kind = self.word(item);
            let members = vec![
                entry("Priority", item.range(), Kind::Number(at.to_string())),
                Entry { key: "Type".to_owned(), key_range: item.range(), value: kind },
            ];
            value(item.range(), Kind::Object(members))
        });
        let items = Kind::Array(items.collect());
        Entry { key: name.to_owned(), key_range: key.range(), value: value(node.range(), items) }
    }

    /// The part of the request that a key names, with its options.
    fn field(&mut self, key: Key<'_>, inner: Node<'_>, options: Vec<(Key<'_>, Node<'_>)>) -> Option<Entry> {
        let mut members = Vec::new();
        let named = NAMED_FIELDS.iter().find_map(|(word, api)| Some((*api, key.text().strip_prefix(word)?)));
        let (name, table, pattern) = if let Some(name) = theirs(BARE_FIELDS, key.text()) {
            (name, [].as_slice(), None)
        } else if let Some((api, name)) = named {
            members.push(entry("Name", key.range(), Kind::String(name.to_owned())));
            (api, [].as_slice(), None)
        } else if let Some((_, api, table)) = OPTION_FIELDS.iter().find(|(word, ..)| *word == key.text()) {
            (*api, *table, PATTERNS.iter().find(|(field, ..)| field == api))
        } else {
            let parts = BARE_FIELDS.iter().chain(NAMED_FIELDS).map(|(word, _)| *word);
            let parts = parts.chain(OPTION_FIELDS.iter().map(|(word, ..)| *word)).chain(KINDS);
            self.unknown(key, parts);
            return None;
        };
        for (word, node) in options {
            match (word.text(), pattern) {
                ("names", Some((_, some, others))) => {
                    let value = self.pattern(node, some, *others);
                    members.push(Entry { key: "MatchPattern".to_owned(), key_range: word.range(), value });
                }
                (text, _) => match theirs(table, text) {
                    Some(api) => {
                        let value = self.word(node);
                        members.push(Entry { key: api.to_owned(), key_range: word.range(), value });
                    }
                    None => {
                        let comparisons = ["matches", "matches-set", "size", "sqli", "xss", "transform", "pre-parse"];
                        let known = POSITIONS.iter().chain(table).map(|(word, _)| *word).chain(comparisons);
                        self.unknown(word, known);
                    }
                },
            }
        }
        let part =
            Entry { key: name.to_owned(), key_range: key.range(), value: value(inner.range(), Kind::Object(members)) };
        Some(entry("FieldToMatch", key.range(), Kind::Object(vec![part])))
    }

    fn pattern(&mut self, node: Node<'_>, some: &str, others: Option<&str>) -> Value {
        let range = node.range();
        if node.as_str() == Some("all") {
            return value(range.clone(), Kind::Object(vec![entry("All", range, Kind::Object(Vec::new()))]));
        }
        let known: &[&str] = if others.is_some() { &["only", "except"] } else { &["only"] };
        let members = self.keys(node, known).into_iter().map(|(key, list)| {
            let name = if key.text() == "only" { some } else { others.unwrap_or_default() };
            Entry { key: name.to_owned(), key_range: key.range(), value: list.value().clone() }
        });
        value(range, Kind::Object(members.collect()))
    }
}

/// What is meant by saying nothing of transformations.
fn no_transformation(key: Key<'_>) -> Entry {
    let range = key.range();
    let none = vec![
        entry("Priority", range.clone(), Kind::Number("0".to_owned())),
        entry("Type", range.clone(), Kind::String("NONE".to_owned())),
    ];
    let list = vec![value(range.clone(), Kind::Object(none))];
    entry("TextTransformations", range, Kind::Array(list))
}
