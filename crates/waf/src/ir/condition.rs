//! When a rule matches.

use std::sync::Arc;

use super::Field;
use super::phased::PhasedMatch;
use crate::AddressSet;
use crate::transform::Transform;

/// A boolean expression over a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// A part of the request passes an operator.
    Test(Test),
    /// An address is in a set.
    Ip {
        /// Which address.
        source: AddressSource,
        /// The set.
        set: Arc<IpSet>,
    },
    /// An address is located in one of these countries (ISO 3166-1, upper case).
    ///
    /// Adds the country and region labels of the address whether or not it matches.
    Geo {
        /// Which address.
        source: AddressSource,
        /// The countries.
        countries: Vec<String>,
    },
    /// An address belongs to one of these autonomous systems.
    Asn {
        /// Which address.
        source: AddressSource,
        /// The systems' numbers.
        asns: Vec<u32>,
    },
    /// An earlier rule added a label.
    Label(LabelTest),
    /// A rule in phases matches.
    Phased(PhasedMatch),
    /// All hold. Empty holds.
    And(Vec<Condition>),
    /// At least one holds. Empty does not hold.
    Or(Vec<Condition>),
    /// Does not hold.
    Not(Box<Condition>),
}

impl Condition {
    /// Whether an autonomous system is part of the condition.
    #[must_use]
    pub fn asks_for_asn(&self) -> bool {
        match self {
            Self::Asn { .. } => true,
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::asks_for_asn),
            Self::Not(part) => part.asks_for_asn(),
            Self::Test(_) | Self::Ip { .. } | Self::Geo { .. } | Self::Label(_) | Self::Phased(_) => false,
        }
    }
}

/// Which labels a label condition looks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LabelTest {
    /// How the key is held against a label.
    pub scope: LabelScope,
    /// A label, or a namespace (ends with `:`).
    pub key: String,
    /// For a key that is not fully qualified: only labels that begin with this (ends with `:`) are looked at, and the key is
    /// held against whole segments of what follows it. `None` for a fully qualified key.
    pub context: Option<String>,
}

impl LabelTest {
    /// Whether `label` is one the condition looks for.
    #[must_use]
    pub fn holds(&self, label: &str) -> bool {
        let Some(context) = &self.context else {
            return match self.scope {
                LabelScope::Label => label == self.key,
                LabelScope::Namespace => label.starts_with(&self.key),
            };
        };
        let Some(own) = label.strip_prefix(context.as_str()) else { return false };
        let at_segment = |at: usize| at == 0 || own.as_bytes()[at - 1] == b':';
        match self.scope {
            LabelScope::Label => own.ends_with(&self.key) && at_segment(own.len() - self.key.len()),
            LabelScope::Namespace => own.match_indices(&self.key).any(|(at, _)| at_segment(at)),
        }
    }
}

/// How a label condition's key is held against a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LabelScope {
    /// The whole label equals the key.
    Label,
    /// The label begins with the key.
    Namespace,
}

/// One part of the request, transformed, held against one operator.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// The part.
    pub field: Field,
    /// The transformations, in the order they run.
    pub transforms: Vec<Transform>,
    /// What the transformed values are held against; one value that passes is enough.
    pub operator: Operator,
    /// What happens if the part is larger than is inspected.
    pub oversize: Oversize,
    /// What happens if the request has no such part (fingerprints, fragment).
    pub on_missing: OnMissing,
}

/// What happens if a part is larger than is inspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Oversize {
    /// Inspect what fits.
    Continue,
    /// The test passes.
    Match,
    /// The test fails.
    NoMatch,
}

/// What happens if the request has no such part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnMissing {
    /// The test passes.
    Match,
    /// The test fails: the usual case.
    NoMatch,
}

/// What a value is held against.
#[derive(Debug, Clone, PartialEq)]
pub enum Operator {
    /// A literal at a position. The literal is not empty.
    Bytes {
        /// The literal.
        literal: Vec<u8>,
        /// Where it stands.
        position: Position,
    },
    /// Any of these regular expressions. Not empty.
    Regex(Vec<RegexSource>),
    /// The length of the value.
    Size {
        /// How it is compared: value length, comparison, `bytes`.
        comparison: Comparison,
        /// In bytes.
        bytes: u64,
    },
    /// SQL injection.
    Sqli(SqliSensitivity),
    /// Cross-site scripting.
    Xss,
}

/// Where a literal stands in a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Position {
    /// The value is the literal.
    Exactly,
    /// At its start.
    StartsWith,
    /// At its end.
    EndsWith,
    /// Anywhere.
    Contains,
    /// Anywhere, not touching a letter, digit or underscore on either side.
    ContainsWord,
}

/// A regular expression as written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RegexSource(pub String);

/// How a length is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less or equal.
    Le,
    /// Less.
    Lt,
    /// Greater or equal.
    Ge,
    /// Greater.
    Gt,
}

impl Comparison {
    /// Whether `left` compares so to `right`.
    #[must_use]
    pub fn holds(self, left: u64, right: u64) -> bool {
        match self {
            Self::Eq => left == right,
            Self::Ne => left != right,
            Self::Le => left <= right,
            Self::Lt => left < right,
            Self::Ge => left >= right,
            Self::Gt => left > right,
        }
    }
}

/// How readily SQL injection is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SqliSensitivity {
    /// Fewer false alarms: AWS's default.
    Low,
    /// Fewer misses.
    High,
}

/// Which address a condition looks at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AddressSource {
    /// The client's.
    Client,
    /// One reported in a header. Without that header, the whole rule is not applied.
    Forwarded {
        /// The header's name, lowercase.
        header: String,
        /// Which of the addresses in it.
        position: ForwardedPosition,
        /// Whether an invalid address makes the condition hold.
        invalid_matches: bool,
    },
}

/// Which of the addresses in a forwarding header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ForwardedPosition {
    /// The first.
    First,
    /// The last.
    Last,
    /// Any of the last ten.
    Any,
}

/// A set of address ranges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpSet {
    /// Its identifier: an ARN.
    pub id: String,
    /// Its addresses. What evaluation asks, too: a large set is kept once.
    pub addresses: AddressSet,
}

impl AddressSource {
    /// Whether a condition holds if the address asked for is not valid.
    #[must_use]
    pub fn invalid_matches(&self) -> bool {
        matches!(self, Self::Forwarded { invalid_matches: true, .. })
    }
}

#[cfg(test)]
mod tests {
    use super::{LabelScope, LabelTest};

    #[test]
    fn an_unqualified_key_is_held_against_whole_segments_of_its_own_context() {
        let context = "awswaf:111122223333:webacl:shop:";
        let label = "awswaf:111122223333:webacl:shop:ns1:ns2:bot";
        for (scope, key, expected) in [
            (LabelScope::Label, "bot", true),
            (LabelScope::Label, "ns2:bot", true),
            (LabelScope::Label, "ns1:ns2:bot", true),
            (LabelScope::Label, "s2:bot", false),
            (LabelScope::Label, "ot", false),
            (LabelScope::Label, "ns1:bot", false),
            (LabelScope::Namespace, "ns1:", true),
            (LabelScope::Namespace, "ns2:", true),
            (LabelScope::Namespace, "s1:", false),
            (LabelScope::Namespace, "shop:", false),
        ] {
            let test = LabelTest { scope, key: key.to_owned(), context: Some(context.to_owned()) };
            assert_eq!(test.holds(label), expected, "{key}");
            assert!(!test.holds("awswaf:managed:aws:core-rule-set:ns1:ns2:bot"), "{key}");
        }
        let qualified = LabelTest { scope: LabelScope::Label, key: label.to_owned(), context: None };
        assert!(qualified.holds(label));
        assert!(!qualified.holds("awswaf:111122223333:webacl:shop:ns1"));
    }
}
