//! The expressions that `XML:` takes: names in a row, from the document on.
//!
//! Source: XPath 1.0, section 2.5 (abbreviated syntax); ModSecurity Reference Manual, `XML`, `xmlns`.

use sekisho_waf::ir::phased::{Selector, XML_PATH_STEPS_MAX, XmlName, XmlNode, XmlPath, XmlStep};

use super::word::Part;
use crate::report::{Report, quoted};

const HELP: &str = "expressions are names in a row: `/a/b`, `//b`, `/a/*/@c`, `//b/text()`, `//p:b` where the rule says \
                    `xmlns:p=URI`, `//*[local-name()='b']`; `/*` is all text, `//@*` the values of all attributes";

/// Prefixes and the namespaces they stand for in one rule.
pub(super) type Namespaces = [(String, String)];

/// What `xmlns:` says: a prefix, and what it stands for.
pub(super) fn namespace(value: &str) -> Option<(String, String)> {
    let (prefix, name) = value.split_once('=')?;
    let (prefix, name) = (prefix.trim(), name.trim());
    (is_name(prefix) && !name.is_empty()).then(|| (prefix.to_owned(), name.to_owned()))
}

/// Reads an expression.
pub(super) fn read(part: Part<'_>, namespaces: &Namespaces, report: &mut Report) -> Option<Selector> {
    match part.text() {
        "/*" => return Some(Selector::XmlText),
        "//@*" => return Some(Selector::XmlAttributes),
        _ => {}
    }
    match steps(part.text(), namespaces) {
        Ok(steps) => Some(Selector::XmlPath(Box::new(XmlPath { written: part.text().to_owned(), steps }))),
        Err(Unfit::Form) => {
            let message = format!("the XPath expression {} is not supported", quoted(part.text()));
            report.push(part.error("unsupported-xpath", message).help(HELP));
            None
        }
        Err(Unfit::Prefix(prefix)) => {
            let message = format!("the rule does not say what the prefix {} stands for", quoted(&prefix));
            let help = format!("add `xmlns:{prefix}=URI` to its actions, or choose `*[local-name()='…']`");
            report.push(part.error("unknown-prefix", message).help(help));
            None
        }
    }
}

/// Why an expression is not read.
enum Unfit {
    Form,
    Prefix(String),
}

fn steps(text: &str, namespaces: &Namespaces) -> Result<Vec<XmlStep>, Unfit> {
    let mut steps: Vec<XmlStep> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let after = rest.strip_prefix('/').ok_or(Unfit::Form)?;
        let (is_anywhere, after) = after.strip_prefix('/').map_or((false, after), |after| (true, after));
        let is_ended = steps.last().is_some_and(|step| !matches!(step.node, XmlNode::Element(_)));
        if is_ended || steps.len() == XML_PATH_STEPS_MAX {
            return Err(Unfit::Form);
        }
        let (step, next) = after.split_at(after.find('/').unwrap_or(after.len()));
        steps.push(XmlStep { is_anywhere, node: node(step, namespaces)? });
        rest = next;
    }
    if steps.is_empty() { Err(Unfit::Form) } else { Ok(steps) }
}

fn node(step: &str, namespaces: &Namespaces) -> Result<XmlNode, Unfit> {
    Ok(match step.strip_prefix('@') {
        Some(attribute) => XmlNode::Attribute(name(attribute, namespaces)?),
        None if step == "text()" => XmlNode::Text,
        None => XmlNode::Element(name(step, namespaces)?),
    })
}

fn name(text: &str, namespaces: &Namespaces) -> Result<XmlName, Unfit> {
    if text == "*" {
        return Ok(XmlName::Any);
    }
    if let Some(inner) = text.strip_prefix("*[local-name()=").and_then(|rest| rest.strip_suffix(']')) {
        let unquoted = |mark| inner.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
        let local = unquoted('\'').or_else(|| unquoted('"')).filter(|local| is_name(local)).ok_or(Unfit::Form)?;
        return Ok(XmlName::Local(local.to_owned()));
    }
    let Some((prefix, local)) = text.split_once(':') else {
        return if is_name(text) {
            Ok(XmlName::Of { namespace: None, local: text.to_owned() })
        } else {
            Err(Unfit::Form)
        };
    };
    if !is_name(prefix) || !is_name(local) && local != "*" {
        return Err(Unfit::Form);
    }
    let known = namespaces.iter().find(|(known, _)| known == prefix).map(|(_, namespace)| namespace.clone());
    let namespace = known.ok_or_else(|| Unfit::Prefix(prefix.to_owned()))?;
    Ok(if local == "*" {
        XmlName::In(namespace)
    } else {
        XmlName::Of { namespace: Some(namespace), local: local.to_owned() }
    })
}

/// Whether a text is a name without a colon.
fn is_name(text: &str) -> bool {
    let is_start = |letter: char| letter.is_alphabetic() || letter == '_';
    let is_within =
        |letter: char| is_start(letter) || letter.is_alphanumeric() || matches!(letter, '-' | '.' | '\u{b7}');
    text.starts_with(is_start) && text.chars().all(is_within)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<XmlStep>, Unfit> {
        steps(text, &[("s".to_owned(), "urn:s".to_owned())])
    }

    #[test]
    fn names_in_a_row_are_read() {
        let of = |local: &str| XmlName::Of { namespace: None, local: local.to_owned() };
        let step = |is_anywhere, node| XmlStep { is_anywhere, node };
        let found = read("//s:a/*[local-name()='b']//c/@d").unwrap_or_default();
        let named = XmlName::Of { namespace: Some("urn:s".to_owned()), local: "a".to_owned() };
        let expected = [
            step(true, XmlNode::Element(named)),
            step(false, XmlNode::Element(XmlName::Local("b".to_owned()))),
            step(true, XmlNode::Element(of("c"))),
            step(false, XmlNode::Attribute(of("d"))),
        ];
        assert_eq!(found, expected);
        let last = |text| read(text).unwrap_or_default().pop().map(|step| step.node);
        assert_eq!(last("/a/text()"), Some(XmlNode::Text));
        assert_eq!(last("//s:*"), Some(XmlNode::Element(XmlName::In("urn:s".to_owned()))));
        assert_eq!(last("//@*"), Some(XmlNode::Attribute(XmlName::Any)));
    }

    #[test]
    fn other_expressions_are_not() {
        for text in [
            "",
            "/",
            "//",
            "a",
            "a/b",
            "///a",
            "/a/",
            "/a//",
            "/a[1]",
            "/a[@b='c']",
            "/a/..",
            "/a/.",
            "/text()/a",
            "/@a/b",
            "/a|/b",
            "/a/child::b",
            "count(/a)",
            "/a:b:c",
            "/:a",
            "/1",
            "//*[name()='a']",
            "//*[local-name()='a:b']",
        ] {
            assert!(matches!(read(text), Err(Unfit::Form)), "{text}");
        }
        assert!(matches!(read("/x:a"), Err(Unfit::Prefix(prefix)) if prefix == "x"));
        assert!(read(&"/a".repeat(XML_PATH_STEPS_MAX)).is_ok());
        assert!(read(&"/a".repeat(XML_PATH_STEPS_MAX + 1)).is_err());
    }
}
