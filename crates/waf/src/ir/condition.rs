//! When a rule matches.

use std::sync::Arc;

use ipnet::IpNet;

use super::Field;
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
    Label {
        /// How the key is held against a label.
        scope: LabelScope,
        /// Fully qualified label, or namespace (ends with `:`).
        key: String,
    },
    /// All hold. Empty holds.
    And(Vec<Condition>),
    /// At least one holds. Empty does not hold.
    Or(Vec<Condition>),
    /// Does not hold.
    Not(Box<Condition>),
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
    /// Its ranges.
    pub ranges: Vec<IpNet>,
}
