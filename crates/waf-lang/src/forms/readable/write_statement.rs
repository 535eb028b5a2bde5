//! Statements in the readable form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::words::{BARE_FIELDS, COMPARISONS, NAMED_FIELDS, OPTION_FIELDS, PATTERNS, POSITIONS, RATE_PLAIN, ours};
use super::write::{Entries, Writer, is_exactly, scalar};
use super::write_rule::small;
use crate::document::Node;
use crate::forms::piece::PieceKind;
use crate::forms::schema::statement::{RATE_BASED_STATEMENT, STATEMENT};
use crate::forms::write::as_text;
use crate::forms::write::yaml::Yaml;

impl Writer {
    /// A statement as the entries of a map.
    pub(super) fn statement(&self, node: Node<'_>) -> Entries {
        let short = || {
            let mut entries = node.as_object()?;
            let (key, inner) = entries.next()?;
            if entries.next().is_some() { None } else { self.short_statement(key.text(), inner) }
        };
        short().unwrap_or_else(|| match self.raw(&STATEMENT, node) {
            Yaml::Map(entries) => entries,
            _ => Entries::new(),
        })
    }

    fn short_statement(&self, kind: &str, inner: Node<'_>) -> Option<Entries> {
        let one = |key: &str, value: Yaml| Some(vec![(key.to_owned(), value)]);
        let several = |node: Node<'_>| {
            let items = node.get("Statements")?.as_array()?.map(|item| Yaml::Map(self.statement(item)));
            is_exactly(node, &["Statements"]).then(|| Yaml::List(items.collect()))
        };
        match kind {
            "AndStatement" => one("all", several(inner)?),
            "OrStatement" => one("any", several(inner)?),
            "NotStatement" if is_exactly(inner, &["Statement"]) => {
                one("not", Yaml::Map(self.statement(inner.get("Statement")?)))
            }
            "GeoMatchStatement" if is_exactly(inner, &["CountryCodes", "ForwardedIPConfig?"]) => {
                with_address("country", line(inner.get("CountryCodes")?)?, inner.get("ForwardedIPConfig"))
            }
            "AsnMatchStatement" if is_exactly(inner, &["AsnList", "ForwardedIPConfig?"]) => {
                with_address("asn", line(inner.get("AsnList")?)?, inner.get("ForwardedIPConfig"))
            }
            "IPSetReferenceStatement" if is_exactly(inner, &["ARN", "IPSetForwardedIPConfig?"]) => {
                let set = self.set(PieceKind::IpSet, inner)?;
                with_address("ip-set", set, inner.get("IPSetForwardedIPConfig"))
            }
            "LabelMatchStatement" if is_exactly(inner, &["Scope", "Key"]) => {
                let key = Yaml::text(inner.get("Key")?.as_str()?);
                match inner.get("Scope")?.as_str()? {
                    "LABEL" => one("label", key),
                    "NAMESPACE" => one("label-namespace", key),
                    _ => None,
                }
            }
            "RateBasedStatement" => one("rate", self.rate(inner)?),
            _ => self.test(kind, inner),
        }
    }

    fn set(&self, kind: PieceKind, inner: Node<'_>) -> Option<Yaml> {
        let arn = inner.get("ARN")?.as_str()?;
        arn.starts_with("arn:").then(|| self.reference(kind, arn))
    }

    fn rate(&self, inner: Node<'_>) -> Option<Yaml> {
        let mut entries = Entries::new();
        for (word, api) in RATE_PLAIN {
            if let Some(node) = inner.get(api) {
                entries.push(((*word).to_owned(), scalar(node)));
            }
        }
        entries.push(("per".to_owned(), small(inner.get("AggregateKeyType")?)?));
        if let Some(config) = inner.get("ForwardedIPConfig") {
            entries.push(("address".to_owned(), address(config)?));
        }
        if let Some(keys) = inner.get("CustomKeys") {
            entries.push(self.raw_entry(RATE_BASED_STATEMENT.member("CustomKeys")?, keys));
        }
        if let Some(scope) = inner.get("ScopeDownStatement") {
            entries.push(("only-when".to_owned(), Yaml::Map(self.statement(scope))));
        }
        Some(Yaml::Map(entries))
    }

    /// A part of the request held against something.
    fn test(&self, kind: &str, inner: Node<'_>) -> Option<Entries> {
        let own: (&[&str], Entries) = match kind {
            "ByteMatchStatement" => {
                let position = ours(POSITIONS, inner.get("PositionalConstraint")?.as_str()?)?;
                let node = inner.get("SearchString")?;
                let entry = match as_text(node) {
                    Some(text) => (position.to_owned(), Yaml::text(text)),
                    None => (format!("{position}-base64"), Yaml::text(STANDARD.encode(node.as_blob()?))),
                };
                (&["SearchString", "PositionalConstraint"], vec![entry])
            }
            "RegexMatchStatement" => {
                let text = inner.get("RegexString")?.as_str()?;
                (&["RegexString"], vec![("matches".to_owned(), Yaml::text(text))])
            }
            "RegexPatternSetReferenceStatement" => {
                (&["ARN"], vec![("matches-set".to_owned(), self.set(PieceKind::RegexPatternSet, inner)?)])
            }
            "SizeConstraintStatement" => {
                let sign = ours(COMPARISONS, inner.get("ComparisonOperator")?.as_str()?)?;
                let text = format!("{sign} {}", inner.get("Size")?.as_i64()?);
                (&["ComparisonOperator", "Size"], vec![("size".to_owned(), Yaml::text(text))])
            }
            "SqliMatchStatement" => {
                let level = match inner.get("SensitivityLevel") {
                    Some(node) => small(node)?,
                    None => Yaml::text("default"),
                };
                (&["SensitivityLevel?"], vec![("sqli".to_owned(), level)])
            }
            "XssMatchStatement" => (&[], vec![("xss".to_owned(), Yaml::Raw("true".to_owned()))]),
            _ => return None,
        };
        let (members, mut entries) = own;
        let mut known = members.to_vec();
        known.extend(["FieldToMatch", "TextTransformations", "PreParseTextTransformations?"]);
        if !is_exactly(inner, &known) {
            return None;
        }
        let (field, options) = field(inner.get("FieldToMatch")?)?;
        entries.extend(options);
        let transforms = transforms(inner.get("TextTransformations")?)?;
        if transforms != [Yaml::text("none")] {
            entries.push(("transform".to_owned(), Yaml::Line(transforms)));
        }
        if let Some(node) = inner.get("PreParseTextTransformations") {
            entries.push(("pre-parse".to_owned(), Yaml::Line(self::transforms(node)?)));
        }
        Some(vec![(field, Yaml::Flow(entries))])
    }
}

/// Transformations in the order of the list, if their priorities say nothing else.
fn transforms(node: Node<'_>) -> Option<Vec<Yaml>> {
    let items = node.as_array()?.enumerate().map(|(at, item)| {
        let in_order = item.get("Priority")?.as_i64() == i64::try_from(at).ok();
        (in_order && is_exactly(item, &["Priority", "Type"])).then_some(())?;
        small(item.get("Type")?)
    });
    items.collect()
}

/// The part of the request in words, and its options.
fn field(node: Node<'_>) -> Option<(String, Entries)> {
    let mut entries = node.as_object()?;
    let (key, inner) = entries.next()?;
    if entries.next().is_some() {
        return None;
    }
    if let Some(word) = ours(BARE_FIELDS, key.text()) {
        return is_exactly(inner, &[]).then(|| (word.to_owned(), Entries::new()));
    }
    if let Some(word) = ours(NAMED_FIELDS, key.text()) {
        let name = inner.get("Name")?.as_str()?;
        return is_exactly(inner, &["Name"]).then(|| (format!("{word}{name}"), Entries::new()));
    }
    let (word, _, table) = OPTION_FIELDS.iter().find(|(_, api, _)| *api == key.text())?;
    let mut known: Vec<String> = table.iter().map(|(_, api)| format!("{api}?")).collect();
    let mut options = Entries::new();
    if let Some((_, some, others)) = PATTERNS.iter().find(|(field, ..)| *field == key.text()) {
        known.push("MatchPattern".to_owned());
        options.push(("names".to_owned(), pattern(inner.get("MatchPattern")?, some, *others)?));
    }
    for (word, api) in *table {
        if let Some(node) = inner.get(api) {
            options.push(((*word).to_owned(), small(node)?));
        }
    }
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    is_exactly(inner, &known).then(|| ((*word).to_owned(), options))
}

fn pattern(node: Node<'_>, some: &str, others: Option<&str>) -> Option<Yaml> {
    let all = node.get("All").filter(|_| is_exactly(node, &["All"]));
    if let Some(all) = all {
        return is_exactly(all, &[]).then(|| Yaml::text("all"));
    }
    if is_exactly(node, &[some]) {
        return Some(Yaml::Flow(vec![("only".to_owned(), line(node.get(some)?)?)]));
    }
    let others = others.filter(|others| is_exactly(node, &[others]))?;
    Some(Yaml::Flow(vec![("except".to_owned(), line(node.get(others)?)?)]))
}

fn line(node: Node<'_>) -> Option<Yaml> {
    Some(Yaml::Line(node.as_array()?.map(scalar).collect()))
}

fn with_address(key: &str, value: Yaml, config: Option<Node<'_>>) -> Option<Entries> {
    let mut entries = vec![(key.to_owned(), value)];
    if let Some(config) = config {
        entries.push(("address".to_owned(), address(config)?));
    }
    Some(entries)
}

/// An address that a header reports.
fn address(config: Node<'_>) -> Option<Yaml> {
    if !is_exactly(config, &["HeaderName", "FallbackBehavior", "Position?"]) {
        return None;
    }
    let mut entries = vec![
        ("header".to_owned(), Yaml::text(config.get("HeaderName")?.as_str()?)),
        ("invalid".to_owned(), small(config.get("FallbackBehavior")?)?),
    ];
    if let Some(position) = config.get("Position") {
        entries.push(("position".to_owned(), small(position)?));
    }
    Some(Yaml::Flow(entries))
}
