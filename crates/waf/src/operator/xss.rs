//! Cross-site scripting: whether a value, put into a page, would run script there.
//!
//! The value is split into HTML tokens the way browsers do, as if it stood in text, as an attribute, and within an
//! attribute's value in each kind of quote; tags, attributes, URLs and comments that run script are looked for. A rule
//! must decode the value first.
//!
//! Source: the method is libinjection's; the tokenizer follows the HTML Living Standard, section 13.2.5, with the
//! deviations old browsers have. ADR: `docs/adr/002-injection-detection.md`.

mod html;
mod names;
mod url;

use memchr::{memchr, memchr2};

use self::html::{Context, Html, Kind, Token};
use self::names::AttributeKind;

const CONTEXTS: [Context; 5] =
    [Context::Text, Context::Attribute, Context::Quoted(b'\''), Context::Quoted(b'"'), Context::Quoted(b'`')];

/// Whether `value` may run script at all: false for most honest values, at the cost of one look at each byte.
///
/// Never false for a value [`detect`] finds: tags and comments begin with `<`, attributes need `=`.
#[must_use]
pub fn may_match(value: &[u8]) -> bool {
    memchr2(b'<', b'=', value).is_some()
}

/// Whether `value` would run script.
///
/// Takes time linear in `value`, allocates nothing.
#[must_use]
pub fn detect(value: &[u8]) -> bool {
    may_match(value) && find(value).is_some()
}

/// What gave `value` away: of an attribute, its name and its value; else one part. Empty if it runs nothing.
///
/// This is what AWS logs as `matchedData`. For the log only: it allocates.
#[must_use]
pub fn matched_data(value: &[u8]) -> Vec<Vec<u8>> {
    find(value).map(|parts| parts.into_iter().flatten().map(<[u8]>::to_vec).collect()).unwrap_or_default()
}

/// An attribute's name and value, or one token.
type Found<'v> = [Option<&'v [u8]>; 2];

fn find(value: &[u8]) -> Option<Found<'_>> {
    CONTEXTS.into_iter().find_map(|context| find_in(value, context))
}

fn find_in(value: &[u8], context: Context) -> Option<Found<'_>> {
    let mut attribute: Option<Token<'_>> = None;
    for token in Html::new(value, context) {
        let runs_script = match token.kind {
            Kind::Doctype => true,
            Kind::TagName => names::is_scripting_tag(token.text),
            Kind::Comment => is_scripting_comment(token.text),
            Kind::AttributeValue => {
                if let Some(name) = attribute
                    && runs_as_value(names::attribute_kind(name.text), token.text)
                {
                    return Some([Some(name.text), Some(token.text)]);
                }
                false
            }
            _ => false,
        };
        if runs_script {
            return Some([Some(token.text), None]);
        }
        attribute = (token.kind == Kind::AttributeName).then_some(token);
    }
    None
}

fn runs_as_value(attribute: AttributeKind, value: &[u8]) -> bool {
    match attribute {
        AttributeKind::Harmless => false,
        AttributeKind::Scripting | AttributeKind::Style => true,
        AttributeKind::Url => url::runs_script(value),
        // SVG gives an attribute's name as a value.
        AttributeKind::NameOfAttribute => names::attribute_kind(value) != AttributeKind::Harmless,
    }
}

/// Comments old browsers act on: ended by a backtick, conditional, processing instructions, entities.
fn is_scripting_comment(text: &[u8]) -> bool {
    let starts = |prefix: &[u8]| text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    memchr(b'`', text).is_some()
        || text.len() > 3 && (starts(b"[if") || starts(b"xml"))
        || text.len() > 5 && (names::starts_with(text, b"import", 6) || names::starts_with(text, b"entity", 6))
}

#[cfg(test)]
pub(super) mod inspection {
    //! The tokenizer's output as text, for tests.

    use super::{Context, Html, Kind};

    pub(in crate::operator) fn tokens(value: &[u8]) -> Vec<String> {
        let line = |token: super::Token<'_>| {
            let kind = match token.kind {
                Kind::Text => "DATA_TEXT",
                Kind::TagName => "TAG_NAME_OPEN",
                Kind::TagEnd => "TAG_NAME_CLOSE",
                Kind::TagSelfEnd => "TAG_NAME_SELFCLOSE",
                Kind::ClosingTag => "TAG_CLOSE",
                Kind::AttributeName => "ATTR_NAME",
                Kind::AttributeValue => "ATTR_VALUE",
                Kind::Comment => "TAG_COMMENT",
                Kind::Doctype => "DOCTYPE",
            };
            format!("{kind},{},{}", token.text.len(), String::from_utf8_lossy(token.text))
        };
        Html::new(value, Context::Text).map(line).collect()
    }
}

#[cfg(test)]
mod tests;
