//! `CustomKeys` of a rate-based statement: the parts of a request that are counted by together.
//!
//! Source: AWS WAF Developer Guide, "Aggregating rate-based rules in AWS WAF": which kinds may be used only once; an
//! address needs another key beside it; an ASN is that of the forwarded address where one is configured.

use sekisho_waf::ir::{AddressSource, LabelScope, RateKeyPart};
use sekisho_waf::transform::Transform;

use crate::aws::shape::{Charset, Member, Members, Shape, empty, items, optional, required, text};
use crate::aws::statement::Lowering;
use crate::aws::{address, transformation};
use crate::document::Node;

/// Parts of one key. Source: API model, `RateBasedStatementCustomKeys`.
const PARTS_MAX: usize = 5;

/// A kind of custom key.
#[derive(Debug)]
pub(crate) struct CustomKeyKind {
    /// The member of `RateBasedStatementCustomKey` it stands under.
    member: &'static str,
    pub(crate) shape: Shape,
    once: bool,
    read: fn(Members<'_>, &mut Reading<'_, '_>) -> Option<RateKeyPart>,
}

/// What the parts of one key are read with.
struct Reading<'r, 'a> {
    lowering: &'r mut Lowering<'a>,
    /// The address of the statement's `ForwardedIPConfig`.
    forwarded: Option<AddressSource>,
}

/// The union of the kinds.
pub(crate) static CUSTOM_KEY: Shape = Shape { name: "RateBasedStatementCustomKey", members: CUSTOM_KEY_MEMBERS };

const CUSTOM_KEY_MEMBERS: &[Member] = &[
    optional("Header"),
    optional("Cookie"),
    optional("QueryArgument"),
    optional("QueryString"),
    optional("HTTPMethod"),
    optional("ForwardedIP"),
    optional("IP"),
    optional("LabelNamespace"),
    optional("UriPath"),
    optional("JA3Fingerprint"),
    optional("JA4Fingerprint"),
    optional("ASN"),
];

const NAMED: &[Member] = &[required("Name"), required("TextTransformations")];
const TRANSFORMED: &[Member] = &[required("TextTransformations")];
const FALLEN_BACK: &[Member] = &[required("FallbackBehavior")];

/// All kinds, in the order of the API model.
pub(crate) static KINDS: &[CustomKeyKind] = &[
    CustomKeyKind {
        member: "Header",
        shape: Shape { name: "RateLimitHeader", members: NAMED },
        once: false,
        read: |members, reading| {
            let (name, transforms) = named(members, reading)?;
            Some(RateKeyPart::Header { name: name.to_ascii_lowercase(), transforms })
        },
    },
    CustomKeyKind {
        member: "Cookie",
        shape: Shape { name: "RateLimitCookie", members: NAMED },
        once: false,
        read: |members, reading| {
            let (name, transforms) = named(members, reading)?;
            Some(RateKeyPart::Cookie { name: name.to_owned(), transforms })
        },
    },
    CustomKeyKind {
        member: "QueryArgument",
        shape: Shape { name: "RateLimitQueryArgument", members: NAMED },
        once: false,
        read: |members, reading| {
            let (name, transforms) = named(members, reading)?;
            Some(RateKeyPart::QueryArgument { name: name.to_ascii_lowercase(), transforms })
        },
    },
    CustomKeyKind {
        member: "QueryString",
        shape: Shape { name: "RateLimitQueryString", members: TRANSFORMED },
        once: true,
        read: |members, reading| Some(RateKeyPart::QueryString { transforms: transforms(members, reading)? }),
    },
    CustomKeyKind {
        member: "HTTPMethod",
        shape: empty("RateLimitHTTPMethod"),
        once: true,
        read: |_, _| Some(RateKeyPart::Method),
    },
    CustomKeyKind {
        member: "ForwardedIP",
        shape: empty("RateLimitForwardedIP"),
        once: true,
        read: |members, reading| {
            if reading.forwarded.is_none() {
                let message = "the custom key `ForwardedIP` needs the statement's `ForwardedIPConfig`";
                reading.lowering.report.push(members.node().error("missing-field", message));
            }
            reading.forwarded.clone().map(RateKeyPart::Address)
        },
    },
    CustomKeyKind {
        member: "IP",
        shape: empty("RateLimitIP"),
        once: true,
        read: |_, _| Some(RateKeyPart::Address(AddressSource::Client)),
    },
    CustomKeyKind {
        member: "LabelNamespace",
        shape: Shape { name: "RateLimitLabelNamespace", members: &[required("Namespace")] },
        once: false,
        read: namespace,
    },
    CustomKeyKind {
        member: "UriPath",
        shape: Shape { name: "RateLimitUriPath", members: TRANSFORMED },
        once: true,
        read: |members, reading| Some(RateKeyPart::UriPath { transforms: transforms(members, reading)? }),
    },
    CustomKeyKind {
        member: "JA3Fingerprint",
        shape: Shape { name: "RateLimitJA3Fingerprint", members: FALLEN_BACK },
        once: true,
        read: |members, reading| Some(RateKeyPart::Ja3 { missing_counts: fallback(members, reading)? }),
    },
    CustomKeyKind {
        member: "JA4Fingerprint",
        shape: Shape { name: "RateLimitJA4Fingerprint", members: FALLEN_BACK },
        once: true,
        read: |members, reading| Some(RateKeyPart::Ja4 { missing_counts: fallback(members, reading)? }),
    },
    CustomKeyKind {
        member: "ASN",
        shape: empty("RateLimitAsn"),
        once: true,
        read: |_, reading| Some(RateKeyPart::Asn(reading.forwarded.clone().unwrap_or(AddressSource::Client))),
    },
];

/// Reads the keys; `forwarded` is the statement's `ForwardedIPConfig` and the address it names.
pub(super) fn read(
    node: Node<'_>,
    forwarded: Option<(Node<'_>, AddressSource)>,
    lowering: &mut Lowering<'_>,
) -> Option<Vec<RateKeyPart>> {
    let items = items(node, 1..PARTS_MAX + 1, lowering.report)?;
    let (config, forwarded) = forwarded.unzip();
    let mut reading = Reading { lowering, forwarded };
    let mut parts: Vec<RateKeyPart> = Vec::new();
    let mut whole = true;
    for item in items {
        match part(item, &parts, &mut reading) {
            Some(part) => parts.push(part),
            None => whole = false,
        }
    }
    if !whole {
        return None;
    }
    let report = &mut reading.lowering.report;
    if let [RateKeyPart::Address(source)] = parts.as_slice() {
        let (name, kind) =
            if *source == AddressSource::Client { ("IP", "IP") } else { ("ForwardedIP", "FORWARDED_IP") };
        let message = format!("the custom key `{name}` needs another key beside it");
        let help = format!("to count by the address alone, use the aggregate key type `{kind}`");
        report.push(node.error("lone-address", message).help(help));
        return None;
    }
    if let Some(config) = config {
        let is_forwarded = |part: &RateKeyPart| {
            let (RateKeyPart::Address(source) | RateKeyPart::Asn(source)) = part else { return false };
            *source != AddressSource::Client
        };
        if !parts.iter().any(is_forwarded) {
            let message = "`ForwardedIPConfig` has no effect: no custom key is `ForwardedIP` or `ASN`";
            report.push(config.warning("no-effect", message));
        }
    }
    Some(parts)
}

fn part(node: Node<'_>, before: &[RateKeyPart], reading: &mut Reading<'_, '_>) -> Option<RateKeyPart> {
    let (member, value) = CUSTOM_KEY.open_union(node, reading.lowering.report)?;
    let kind = KINDS.iter().find(|kind| kind.member == member.name).expect("every member has its kind");
    let members = kind.shape.open(value, reading.lowering.report)?;
    let part = (kind.read)(members, reading)?;
    if kind.once && before.iter().any(|other| is_same_kind(other, &part)) {
        let message = format!("the custom key `{}` is used twice", kind.member);
        reading.lowering.report.push(node.error("duplicate-key", message).help("it can be used once"));
        return None;
    }
    if before.contains(&part) {
        let message = format!("the same custom key `{}` is listed before", kind.member);
        reading.lowering.report.push(node.warning("duplicate-key", message).help("it changes nothing"));
    }
    Some(part)
}

fn is_same_kind(one: &RateKeyPart, other: &RateKeyPart) -> bool {
    match (one, other) {
        (RateKeyPart::Address(one), RateKeyPart::Address(other)) => one == other,
        _ => std::mem::discriminant(one) == std::mem::discriminant(other),
    }
}

fn named<'d>(members: Members<'d>, reading: &mut Reading<'_, '_>) -> Option<(&'d str, Vec<Transform>)> {
    let name = members.get("Name").and_then(|node| text(node, 1..=64, Charset::NotBlank, reading.lowering.report));
    let transforms = transforms(members, reading);
    Some((name?, transforms?))
}

fn transforms(members: Members<'_>, reading: &mut Reading<'_, '_>) -> Option<Vec<Transform>> {
    transformation::read(members.get("TextTransformations")?, reading.lowering.report)
}

fn fallback(members: Members<'_>, reading: &mut Reading<'_, '_>) -> Option<bool> {
    address::fallback(members.get("FallbackBehavior")?, reading.lowering.report)
}

fn namespace(members: Members<'_>, reading: &mut Reading<'_, '_>) -> Option<RateKeyPart> {
    let node = members.get("Namespace")?;
    let report = &mut *reading.lowering.report;
    let namespace = text(node, 1..=1024, Charset::Label, report)?;
    if !namespace.ends_with(':') || namespace.len() < 2 {
        report.push(node.error("bad-characters", "a label namespace ends with a colon"));
        return None;
    }
    let test = reading.lowering.scope.labels.test(namespace, node, LabelScope::Namespace, report);
    Some(RateKeyPart::LabelNamespace(test))
}
