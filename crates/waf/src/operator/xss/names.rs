//! Names of tags and attributes that run script.
//!
//! Source: libinjection (<https://github.com/libinjection/libinjection>), BSD-3-Clause, see
//! `src/operator/LICENSE.libinjection`.

use std::sync::LazyLock;

/// What an attribute's value may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AttributeKind {
    /// Nothing.
    Harmless,
    /// Run as script.
    Scripting,
    /// Be followed as a URL.
    Url,
    /// Style the page, which in old browsers runs script.
    Style,
    /// Name another attribute.
    NameOfAttribute,
}

/// Tags, lower case. Those of SVG and XSL(T) are known by their first letters.
const SCRIPTING_TAGS: [&[u8]; 20] = [
    b"applet",
    b"base",
    b"comment",
    b"embed",
    b"frame",
    b"frameset",
    b"handler",
    b"iframe",
    b"import",
    b"isindex",
    b"link",
    b"listener",
    b"meta",
    b"noscript",
    b"object",
    b"script",
    b"style",
    b"vmlframe",
    b"xml",
    b"xss",
];

/// Attributes, lower case. Those that begin with `on`, `xmlns` or `xlink` are known otherwise.
const ATTRIBUTES: [(&[u8], AttributeKind); 20] = [
    (b"action", AttributeKind::Url),
    (b"attributename", AttributeKind::NameOfAttribute),
    (b"by", AttributeKind::Url),
    (b"background", AttributeKind::Url),
    (b"dataformatas", AttributeKind::Scripting),
    (b"datasrc", AttributeKind::Scripting),
    (b"dynsrc", AttributeKind::Url),
    (b"filter", AttributeKind::Style),
    (b"formaction", AttributeKind::Url),
    (b"folder", AttributeKind::Url),
    (b"from", AttributeKind::Url),
    (b"handler", AttributeKind::Url),
    (b"href", AttributeKind::Url),
    (b"lowsrc", AttributeKind::Url),
    (b"poster", AttributeKind::Url),
    (b"src", AttributeKind::Url),
    (b"style", AttributeKind::Style),
    (b"to", AttributeKind::Url),
    (b"values", AttributeKind::Url),
    (b"xlink:href", AttributeKind::Url),
];

/// Events, lower case and sorted; an attribute is one if it begins so after `on`.
static EVENTS: LazyLock<Vec<&'static [u8]>> =
    LazyLock::new(|| include_str!("tables/events.txt").lines().map(str::as_bytes).collect());

/// Whether a tag called `name` runs script. Old browsers ignore NUL bytes in it.
pub(super) fn is_scripting_tag(name: &[u8]) -> bool {
    let Some(first) = name.get(..3) else { return false };
    first.eq_ignore_ascii_case(b"svg")
        || first.eq_ignore_ascii_case(b"xsl")
        || SCRIPTING_TAGS.iter().any(|tag| is_name(name, tag))
}

/// What the value of an attribute called `name` may do.
pub(super) fn attribute_kind(name: &[u8]) -> AttributeKind {
    if name.len() < 2 {
        return AttributeKind::Harmless;
    }
    if name.len() >= 5 {
        let is_event = name[..2].eq_ignore_ascii_case(b"on")
            && EVENTS.iter().any(|event| starts_with(&name[2..], event, event.len()));
        if is_event || starts_with(name, b"xmlns", 5) || starts_with(name, b"xlink", 5) {
            return AttributeKind::Scripting;
        }
    }
    ATTRIBUTES.iter().find(|(known, _)| is_name(name, known)).map_or(AttributeKind::Harmless, |(_, kind)| *kind)
}

/// Whether `name` is `wanted` (lower case) but for case and NUL bytes.
fn is_name(name: &[u8], wanted: &[u8]) -> bool {
    name.len() >= wanted.len() && starts_with(name, wanted, name.len())
}

/// Whether the first `bytes` of `text` are `wanted` (lower case) but for case and NUL bytes.
pub(super) fn starts_with(text: &[u8], wanted: &[u8], bytes: usize) -> bool {
    let Some(text) = text.get(..bytes) else { return false };
    let mut letters = wanted.iter();
    text.iter().filter(|byte| **byte != 0).all(|byte| letters.next() == Some(&byte.to_ascii_lowercase()))
        && letters.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_any_case_and_with_nul_bytes() {
        assert!(is_scripting_tag(b"ScRiPt"));
        assert!(is_scripting_tag(b"s\0cript"));
        assert!(!is_scripting_tag(b"scripts"));
        assert!(!is_scripting_tag(b"b"));
        assert_eq!(attribute_kind(b"onClick"), AttributeKind::Scripting);
        assert_eq!(attribute_kind(b"onclick_x"), AttributeKind::Scripting);
        assert_eq!(attribute_kind(b"online"), AttributeKind::Harmless);
        assert_eq!(attribute_kind(b"hRef"), AttributeKind::Url);
        assert_eq!(attribute_kind(b"title"), AttributeKind::Harmless);
    }

    #[test]
    fn events_are_many_and_sorted() {
        assert!(EVENTS.len() > 250);
        assert!(EVENTS.is_sorted());
    }
}
