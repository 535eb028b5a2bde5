//! What the requests of a rate-based rule are counted by.

use super::{AddressSource, LabelTest};
use crate::transform::Transform;

/// What a rate-based rule counts by. Each distinct value has a counter of its own.
///
/// Source: AWS WAF Developer Guide, "Aggregating rate-based rules in AWS WAF".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RateKey {
    /// An address. All invalid ones, if they match at all, count together.
    Address(AddressSource),
    /// Nothing: all requests that meet the scope-down count together.
    Constant,
    /// Several parts of the request; each combination of their values counts apart.
    ///
    /// A request that lacks any of them is not counted.
    Custom(Vec<RateKeyPart>),
}

/// One part of a custom key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RateKeyPart {
    /// The value of a header; those of several lines are joined by commas.
    Header {
        /// The header's name, lowercase.
        name: String,
        /// What each value goes through first, in order.
        transforms: Vec<Transform>,
    },
    /// The value of a cookie; several are joined by commas.
    Cookie {
        /// The cookie's name, exact.
        name: String,
        /// What each value goes through first, in order.
        transforms: Vec<Transform>,
    },
    /// The raw value of a query argument; several are joined by commas.
    QueryArgument {
        /// The argument's name, lowercase and compared in any case.
        name: String,
        /// What each value goes through first, in order.
        transforms: Vec<Transform>,
    },
    /// The raw query string. A request without one lacks it.
    QueryString {
        /// What it goes through first, in order.
        transforms: Vec<Transform>,
    },
    /// The raw path.
    UriPath {
        /// What it goes through first, in order.
        transforms: Vec<Transform>,
    },
    /// The method.
    Method,
    /// An address: the client's, or the first of a forwarding header.
    Address(AddressSource),
    /// The labels of a namespace that earlier rules added, all together.
    LabelNamespace(LabelTest),
    /// The JA3 fingerprint.
    Ja3 {
        /// Whether requests without one count together, rather than not at all.
        missing_counts: bool,
    },
    /// The JA4 fingerprint.
    Ja4 {
        /// Whether requests without one count together, rather than not at all.
        missing_counts: bool,
    },
    /// The autonomous system of an address; 0 if unknown.
    Asn(AddressSource),
}

impl RateKey {
    /// The addresses that the key looks at.
    pub fn sources(&self) -> impl Iterator<Item = &AddressSource> {
        let (whole, parts) = match self {
            Self::Address(source) => (Some(source), [].as_slice()),
            Self::Constant => (None, [].as_slice()),
            Self::Custom(parts) => (None, parts.as_slice()),
        };
        whole.into_iter().chain(parts.iter().filter_map(|part| match part {
            RateKeyPart::Address(source) | RateKeyPart::Asn(source) => Some(source),
            _ => None,
        }))
    }
}
