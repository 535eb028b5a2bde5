//! What a rate-based rule counts by, in words.

use sekisho_waf::ir::{AddressSource, RateKey, RateKeyPart};
use sekisho_waf::reference::CountTrace;
use sekisho_waf::transform::Transform;
use sekisho_waf::{KeyValue, LimitedKey};

use super::words::shown;

/// The key, to stand after "at most N requests in M s".
pub(super) fn counted_by(key: &RateKey) -> String {
    match key {
        RateKey::Address(AddressSource::Client) => "from one address".to_owned(),
        RateKey::Address(source) => format!("from one {}", address(source)),
        RateKey::Constant => "in all".to_owned(),
        RateKey::Custom(parts) => {
            format!("with the same {}", parts.iter().map(part).collect::<Vec<_>>().join(" and "))
        }
    }
}

/// What the request at hand counts as.
pub(super) fn counted(key: &RateKey, trace: &CountTrace) -> String {
    let CountTrace::Under { key: found, .. } = trace else {
        return "this request is not counted: it lacks a part of the key".to_owned();
    };
    let value = |value: KeyValue<'_>| match value {
        KeyValue::Bytes(bytes) => format!("\"{}\"", shown(bytes)),
        KeyValue::Invalid => "what is invalid or missing".to_owned(),
    };
    match (key, found) {
        (_, LimitedKey::Address(address)) => format!("this request counts for {address}"),
        (_, LimitedKey::InvalidAddress) => "this request counts for all with an invalid address".to_owned(),
        (RateKey::Custom(parts), LimitedKey::Custom(_)) => {
            let values = parts.iter().zip(found.values()).map(|(of, found)| format!("{} {}", part(of), value(found)));
            format!("this request counts for {}", values.collect::<Vec<_>>().join(" and "))
        }
        _ => "this request counts".to_owned(),
    }
}

fn part(part: &RateKeyPart) -> String {
    match part {
        RateKeyPart::Header { name, transforms } => named("header", name, transforms),
        RateKeyPart::Cookie { name, transforms } => named("cookie", name, transforms),
        RateKeyPart::QueryArgument { name, transforms } => named("query argument", name, transforms),
        RateKeyPart::QueryString { transforms } => format!("query string{}", through(transforms)),
        RateKeyPart::UriPath { transforms } => format!("URI path{}", through(transforms)),
        RateKeyPart::Method => "method".to_owned(),
        RateKeyPart::Address(source) => address(source),
        RateKeyPart::LabelNamespace(namespace) => format!("labels of {}", shown(namespace.key.as_bytes())),
        RateKeyPart::Ja3 { missing_counts } => format!("JA3 fingerprint{}", or_none(*missing_counts)),
        RateKeyPart::Ja4 { missing_counts } => format!("JA4 fingerprint{}", or_none(*missing_counts)),
        RateKeyPart::Asn(source) => format!("autonomous system of the {}", address(source)),
    }
}

fn named(what: &str, name: &str, transforms: &[Transform]) -> String {
    format!("{what} {}{}", shown(name.as_bytes()), through(transforms))
}

fn through(transforms: &[Transform]) -> String {
    if transforms.is_empty() {
        return String::new();
    }
    format!(" ({})", transforms.iter().map(|transform| transform.name()).collect::<Vec<_>>().join(", "))
}

fn or_none(missing_counts: bool) -> &'static str {
    if missing_counts { " or none" } else { "" }
}

fn address(source: &AddressSource) -> String {
    match source {
        AddressSource::Client => "address".to_owned(),
        AddressSource::Forwarded { header, invalid_matches, .. } => {
            format!("first address in {header}{}", if *invalid_matches { " (all invalid ones together)" } else { "" })
        }
    }
}

#[cfg(test)]
mod tests {
    use sekisho_waf::ir::{AddressSource, ForwardedPosition, RateKey, RateKeyPart};
    use sekisho_waf::transform::Transform;

    use super::counted_by;

    #[test]
    fn keys_read_as_sentences() {
        let header = "x-real-ip".to_owned();
        let source = AddressSource::Forwarded { header, position: ForwardedPosition::First, invalid_matches: true };
        let named = |name: &str| RateKeyPart::Header { name: name.to_owned(), transforms: vec![Transform::Lowercase] };
        for (key, expected) in [
            (RateKey::Address(AddressSource::Client), "from one address"),
            (RateKey::Address(source), "from one first address in x-real-ip (all invalid ones together)"),
            (RateKey::Constant, "in all"),
            (
                RateKey::Custom(vec![named("x-key"), RateKeyPart::Method, RateKeyPart::Ja3 { missing_counts: true }]),
                "with the same header x-key (LOWERCASE) and method and JA3 fingerprint or none",
            ),
        ] {
            assert_eq!(counted_by(&key), expected);
        }
    }
}
