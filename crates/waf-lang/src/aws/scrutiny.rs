//! Whether a load takes notice of every part of a web ACL that it accepts: for tests and fuzzing, in no other build.
//!
//! A part is ignored if it may be anything at all. So each value is replaced by one that nothing can mean, each object gets a
//! member that nothing knows, and each scalar becomes another of its kind; the first two must be errors, and the last must change what
//! comes of the load. Left out are the members whose tables say that they have no effect, and they alone.

use std::cell::RefCell;
use std::ops::Range;

use sekisho_model::SourceFile;

use super::{LoadOptions, Loaded, ManagedCatalogue, load};
use crate::document::{Document, Node};

/// Where each value may be anything and be accepted: what it says is told in a warning instead.
const WARNED_OF: &[&str] = &["OnSourceDDoSProtectionConfig"];
/// Numbers that say nothing but an order, which one more need not change.
const ORDERS: &[&str] = &["Priority"];
/// Words that stand for one another: where one is accepted, the next must mean something else.
const WORDS: &[&[&str]] = &[
    &["MATCH", "NO_MATCH"],
    &["CONTINUE", "NO_MATCH"],
    &["NO_MATCH", "MATCH"],
    &["FIRST", "LAST", "ANY"],
    &["LABEL", "NAMESPACE"],
    &["KEY", "VALUE", "ALL"],
    &["EXACTLY", "STARTS_WITH", "ENDS_WITH", "CONTAINS", "CONTAINS_WORD"],
    &["EQ", "NE", "LE", "LT", "GE", "GT"],
    &["LOW", "HIGH"],
    &["IP", "FORWARDED_IP"],
    &["EVALUATE_AS_STRING", "MATCH", "NO_MATCH"],
    &["TEXT_PLAIN", "TEXT_HTML", "APPLICATION_JSON"],
    &["LOWERCASE", "URL_DECODE", "BASE64_DECODE", "CMD_LINE", "COMPRESS_WHITE_SPACE", "MD5", "NONE"],
];
/// What no part can be.
const MEANINGLESS: &str = "[[null]]";
/// What no structure has.
const UNKNOWN_MEMBER: &str = "\"NoSuchMember\":[[null]]";

thread_local! {
    /// Places of members without effect, by file, while a load is watched.
    static WITHOUT_EFFECT: RefCell<Vec<(String, Range<usize>)>> = const { RefCell::new(Vec::new()) };
}

/// Told of each member that was accepted unread.
pub(super) fn without_effect(value: Node<'_>) {
    WITHOUT_EFFECT.with_borrow_mut(|places| places.push((value.file().name().to_owned(), value.range())));
}

/// A web ACL and what it was loaded with.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The web ACL.
    pub acl: &'a SourceFile,
    /// What it refers to.
    pub resources: &'a [SourceFile],
    /// The managed groups.
    pub catalogue: &'a ManagedCatalogue,
}

/// One value of the web ACL.
#[derive(Debug, Clone)]
pub struct Part {
    range: Range<usize>,
    /// The key it stands under, if it is a member.
    key: Option<String>,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Object { is_empty: bool },
    Text,
    Number(i64),
    Bool(bool),
    Other,
}

impl Subject<'_> {
    fn load(&self, text: &str) -> Loaded {
        let acl = SourceFile::new(self.acl.name(), text);
        load(&acl, self.resources, self.catalogue, &LoadOptions::default())
    }

    /// What came of the load, and all parts that should have an effect; none if the web ACL is refused or is not JSON as the
    /// API prints it.
    #[must_use]
    pub fn parts(&self) -> Option<(Loaded, Vec<Part>)> {
        WITHOUT_EFFECT.take();
        let loaded = self.load(self.acl.text());
        let left_out: Vec<Range<usize>> = WITHOUT_EFFECT
            .take()
            .into_iter()
            .filter_map(|(file, range)| (file == self.acl.name()).then_some(range))
            .collect();
        loaded.policy.as_ref()?;
        let (document, _) = Document::from_json(self.acl);
        let mut parts = Vec::new();
        gather(document?.root(), None, &left_out, &mut parts);
        Some((loaded, parts))
    }

    /// How a part was ignored, if it was.
    #[must_use]
    pub fn ignored(&self, loaded: &Loaded, part: &Part) -> Option<String> {
        let text = self.acl.text();
        let with =
            |range: Range<usize>, new: &str| self.load(&[&text[..range.start], new, &text[range.end..]].concat());
        let place = || format!("{} of key {:?} at byte {}", &text[part.range.clone()], part.key, part.range.start);
        if with(part.range.clone(), MEANINGLESS).policy.is_some() {
            return Some(format!("anything may stand in the place of {}", place()));
        }
        let another = match &part.kind {
            Kind::Object { is_empty } => {
                let inside = part.range.start + 1;
                let comma = if *is_empty { "" } else { "," };
                let unknown = with(inside..inside, &format!("{UNKNOWN_MEMBER}{comma}"));
                return unknown.policy.is_some().then(|| format!("an unknown member is accepted in {}", place()));
            }
            Kind::Number(_) if part.key.as_deref().is_some_and(|key| ORDERS.contains(&key)) => return None,
            Kind::Number(number) => number.wrapping_add(1).to_string(),
            Kind::Bool(value) => (!value).to_string(),
            Kind::Text => {
                let word = text[part.range.clone()].trim_matches('"');
                match sibling(word) {
                    Some(other) => format!("\"{other}\""),
                    None => format!("\"{word}q\""),
                }
            }
            Kind::Other => return None,
        };
        let changed = with(part.range.clone(), &another);
        let same = changed.policy == loaded.policy
            && changed.capacity == loaded.capacity
            && changed.diagnostics.render(false) == loaded.diagnostics.render(false);
        same.then(|| format!("{another} means the same as {}", place()))
    }
}

/// Another word for the same place.
fn sibling(word: &str) -> Option<&'static str> {
    let set = WORDS.iter().find(|set| set.contains(&word))?;
    let at = set.iter().position(|other| *other == word)?;
    Some(set[(at + 1) % set.len()])
}

fn gather(node: Node<'_>, key: Option<&str>, left_out: &[Range<usize>], parts: &mut Vec<Part>) {
    if left_out.contains(&node.range()) || key.is_some_and(|key| WARNED_OF.contains(&key)) {
        return;
    }
    let mut kind = Kind::Other;
    if let Some(entries) = node.as_object() {
        kind = Kind::Object { is_empty: entries.len() == 0 };
        for (key, value) in entries {
            gather(value, Some(key.text()), left_out, parts);
        }
    } else if let Some(items) = node.as_array() {
        items.for_each(|item| gather(item, None, left_out, parts));
    } else if node.as_str().is_some() {
        kind = Kind::Text;
    } else if let Some(number) = node.as_i64() {
        kind = Kind::Number(number);
    } else if let Some(value) = node.as_bool() {
        kind = Kind::Bool(value);
    }
    parts.push(Part { range: node.range(), key: key.map(str::to_owned), kind });
}

#[cfg(test)]
mod tests {
    use sekisho_waf::ir::{Action, Condition, Rule, RuleKind};

    use super::*;
    use crate::aws::ManagedGroup;

    const WEB_ACL: &str = include_str!("../../tests/fixtures/export/web-acl.json");
    const RESOURCES: [&str; 3] = [
        include_str!("../../tests/fixtures/export/ip-set.json"),
        include_str!("../../tests/fixtures/export/regex-pattern-set.json"),
        include_str!("../../tests/fixtures/export/rule-group.json"),
    ];

    #[test]
    fn no_part_of_an_export_is_ignored() {
        let acl = SourceFile::new("acl", WEB_ACL);
        let resources: Vec<_> =
            RESOURCES.iter().zip(0..).map(|(text, at)| SourceFile::new(format!("resource-{at}"), *text)).collect();
        let rule = |name: &str| Rule {
            name: name.to_owned(),
            visibility: name.into(),
            labels: Vec::new(),
            kind: RuleKind::Match { when: Condition::And(Vec::new()), action: Action::block().into() },
        };
        let mut catalogue = ManagedCatalogue::new();
        catalogue.add(ManagedGroup {
            vendor: "AWS".to_owned(),
            name: "AWSManagedRulesCommonRuleSet".to_owned(),
            label_namespace: "awswaf:managed:aws:core-rule-set:".to_owned(),
            capacity: Some(700),
            rules: vec![rule("NoUserAgent_HEADER"), rule("SizeRestrictions_BODY")],
        });
        let subject = Subject { acl: &acl, resources: &resources, catalogue: &catalogue };
        let (loaded, parts) =
            subject.parts().unwrap_or_else(|| panic!("{}", subject.load(WEB_ACL).diagnostics.render(false)));
        assert!(parts.len() > 300, "{}", parts.len());
        let ignored: Vec<_> = parts.iter().filter_map(|part| subject.ignored(&loaded, part)).collect();
        assert!(ignored.is_empty(), "{}", ignored.join("\n"));
    }
}
