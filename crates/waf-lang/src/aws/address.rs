//! Which address a statement looks at: the client's, or one reported in a header.
//!
//! Source: AWS WAF Developer Guide, "Using forwarded IP addresses in AWS WAF".

use sekisho_waf::ir::{AddressSource, ForwardedPosition};

use super::shape::{Charset, Shape, choice, required, text};
use crate::document::Node;
use crate::report::Report;

pub(crate) static FORWARDED_IP_CONFIG: Shape =
    Shape { name: "ForwardedIPConfig", members: &[required("HeaderName"), required("FallbackBehavior")] };

pub(crate) static IP_SET_FORWARDED_IP_CONFIG: Shape = Shape {
    name: "IPSetForwardedIPConfig",
    members: &[required("HeaderName"), required("FallbackBehavior"), required("Position")],
};

/// What a missing part or an invalid address makes of a statement: true is a match.
pub(crate) static FALLBACKS: &[(&str, bool)] = &[("MATCH", true), ("NO_MATCH", false)];

pub(crate) static POSITIONS: &[(&str, ForwardedPosition)] =
    &[("FIRST", ForwardedPosition::First), ("LAST", ForwardedPosition::Last), ("ANY", ForwardedPosition::Any)];

/// Reads the address of a geographic, ASN or rate-based statement: forwarded ones are the first of their header.
pub(crate) fn read(config: Option<Node<'_>>, report: &mut Report) -> Option<AddressSource> {
    let Some(config) = config else { return Some(AddressSource::Client) };
    let members = FORWARDED_IP_CONFIG.open(config, report)?;
    let header = members.get("HeaderName").and_then(|node| header(node, report));
    let fallback = members.get("FallbackBehavior").and_then(|node| fallback(node, report));
    Some(AddressSource::Forwarded { header: header?, position: ForwardedPosition::First, invalid_matches: fallback? })
}

/// Reads the address of an IP set statement.
pub(crate) fn read_of_ip_set(config: Option<Node<'_>>, report: &mut Report) -> Option<AddressSource> {
    let Some(config) = config else { return Some(AddressSource::Client) };
    let members = IP_SET_FORWARDED_IP_CONFIG.open(config, report)?;
    let header = members.get("HeaderName").and_then(|node| header(node, report));
    let fallback = members.get("FallbackBehavior").and_then(|node| fallback(node, report));
    let position = members.get("Position").and_then(|node| choice(node, "position", POSITIONS, report));
    Some(AddressSource::Forwarded { header: header?, position: position?, invalid_matches: fallback? })
}

fn header(node: Node<'_>, report: &mut Report) -> Option<String> {
    text(node, 1..=255, Charset::ForwardedHeader, report).map(str::to_ascii_lowercase)
}

/// Reads a `FallbackBehavior`.
pub(crate) fn fallback(node: Node<'_>, report: &mut Report) -> Option<bool> {
    choice(node, "fallback behavior", FALLBACKS, report)
}
