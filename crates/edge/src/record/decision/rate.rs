//! An entry of `rateBasedRuleList`: a rate-based rule that acted on the request, and what the request counted under.
//!
//! Source: AWS WAF Developer Guide, "Log fields for protection pack (web ACL) traffic": `limitValue` is for the kinds of
//! key that are one address, `INVALID` for one that is not valid; of string values, the first 32 characters are logged.

use std::net::IpAddr;

use sekisho_waf::ir::{AddressSource, ProtectionMethod, RateKey, RateKeyPart, RuleKind};
use sekisho_waf::{KeyValue, LimitedKey, RateHit};

use super::Line;
use crate::record::cloak::Cloak;
use crate::record::json::push_number;
use crate::record::mask::REDACTED;
use crate::record::veil::{Place, Veil};

/// Characters of a custom key's value that are recorded.
const VALUE_CHARS_MAX: usize = 32;

/// The kind of key, in AWS's words.
#[must_use]
pub(crate) fn limit_key(key: &RateKey) -> &'static str {
    match key {
        RateKey::Address(AddressSource::Client) => "IP",
        RateKey::Address(AddressSource::Forwarded { .. }) => "FORWARDED_IP",
        RateKey::Constant => "CONSTANT",
        RateKey::Custom(_) => "CUSTOMKEYS",
    }
}

/// The kind of one part of a custom key in AWS's words, and its name, if parts of the kind have one.
#[must_use]
pub(crate) fn part_key(part: &RateKeyPart) -> (&'static str, Option<&str>) {
    match part {
        RateKeyPart::Header { name, .. } => ("HEADER", Some(name)),
        RateKeyPart::Cookie { name, .. } => ("COOKIE", Some(name)),
        RateKeyPart::QueryArgument { name, .. } => ("QUERY_ARGUMENT", Some(name)),
        RateKeyPart::QueryString { .. } => ("QUERY_STRING", None),
        RateKeyPart::UriPath { .. } => ("URI_PATH", None),
        RateKeyPart::Method => ("HTTP_METHOD", None),
        RateKeyPart::Address(AddressSource::Client) => ("IP", None),
        RateKeyPart::Address(AddressSource::Forwarded { .. }) => ("FORWARDED_IP", None),
        RateKeyPart::LabelNamespace(namespace) => ("LABEL_NAMESPACE", Some(&namespace.key)),
        RateKeyPart::Ja3 { .. } => ("JA3_FINGERPRINT", None),
        RateKeyPart::Ja4 { .. } => ("JA4_FINGERPRINT", None),
        RateKeyPart::Asn(_) => ("ASN", None),
    }
}

impl Line<'_> {
    pub(super) fn rate(&mut self, hit: &RateHit) {
        let rule = hit.rule.resolve(self.policy);
        let RuleKind::Rate { limit, window_s, key, .. } = &rule.kind else { return };
        // The ID is that of `terminatingRuleId`, where the rule ended the request.
        self.raw("{\"rateBasedRuleId\":\"");
        self.text(&hit.rule.top_rule(self.policy).name);
        self.raw("\",\"rateBasedRuleName\":\"");
        self.text(&rule.name);
        self.raw("\",\"limitKey\":\"");
        self.raw(limit_key(key));
        self.raw("\",\"maxRateAllowed\":");
        push_number(self.out, *limit);
        self.raw(",\"evaluationWindowSec\":\"");
        push_number(self.out, (*window_s).into());
        self.raw("\"");
        match &hit.key {
            LimitedKey::Address(address) => {
                self.raw(",\"limitValue\":\"");
                push_address(&mut self.cloak, self.out, key, *address);
                self.raw("\"");
            }
            LimitedKey::InvalidAddress => self.raw(",\"limitValue\":\"INVALID\""),
            LimitedKey::Constant => {}
            LimitedKey::Custom(_) => {
                self.raw(",\"customValues\":[");
                let parts = if let RateKey::Custom(parts) = key { parts.as_slice() } else { &[] };
                self.list(parts.iter().zip(hit.key.values()), |line, (part, value)| line.custom_value(part, value));
                self.raw("]");
            }
        }
        self.raw("}");
    }

    fn custom_value(&mut self, part: &RateKeyPart, value: KeyValue<'_>) {
        let (kind, name) = part_key(part);
        self.raw("{\"key\":\"");
        self.raw(kind);
        self.raw("\"");
        if let Some(name) = name {
            self.raw(",\"name\":");
            self.masked_string(name.as_bytes());
        }
        self.raw(",\"value\":\"");
        match value {
            KeyValue::Bytes(value) => push_value(&mut self.cloak, self.out, part, value, VALUE_CHARS_MAX),
            KeyValue::Invalid => self.raw("INVALID"),
        }
        self.raw("\"}");
    }
}

/// Appends the value of a part of a key, at most `chars_max` characters of it, or what stands in its place.
pub(crate) fn push_value(cloak: &mut Cloak<'_>, out: &mut Vec<u8>, part: &RateKeyPart, value: &[u8], chars_max: usize) {
    // A secret must not leave by the back door: it is hidden here as it is among the headers.
    let is_secret = match part {
        RateKeyPart::Header { name, .. } => cloak.hides(name.as_bytes()),
        RateKeyPart::Cookie { .. } => cloak.hides(b"cookie"),
        RateKeyPart::Address(source) => is_secret_address(cloak, source),
        _ => false,
    };
    match cloak.veil().stand(covered_part(cloak.veil(), part), value) {
        Some(stand) => out.extend_from_slice(stand.bytes()),
        None if is_secret => out.extend_from_slice(REDACTED),
        None => cloak.push(out, first_chars(value, chars_max)),
    }
}

/// Appends an address that a rule counts by, or what stands in its place: one that a header reports is as protected as the
/// header.
pub(crate) fn push_address(cloak: &mut Cloak<'_>, out: &mut Vec<u8>, key: &RateKey, address: IpAddr) {
    if let RateKey::Address(source) = key {
        let text = address.to_string();
        match cloak.veil().stand(covered_address(cloak.veil(), source), text.as_bytes()) {
            Some(stand) => out.extend_from_slice(stand.bytes()),
            None if is_secret_address(cloak, source) => out.extend_from_slice(REDACTED),
            None => cloak.push(out, text.as_bytes()),
        }
    }
}

/// Whether the addresses that a rule counts by may be shown as they are.
pub(crate) fn shows_address(cloak: &Cloak<'_>, key: &RateKey) -> bool {
    match key {
        RateKey::Address(source) => {
            covered_address(cloak.veil(), source).is_none() && !is_secret_address(cloak, source)
        }
        RateKey::Constant | RateKey::Custom(_) => false,
    }
}

fn is_secret_address(cloak: &Cloak<'_>, source: &AddressSource) -> bool {
    match source {
        AddressSource::Client => false,
        AddressSource::Forwarded { header, .. } => cloak.hides(header.as_bytes()),
    }
}

fn covered_part(veil: &Veil, part: &RateKeyPart) -> Option<ProtectionMethod> {
    let place = Place::RateDetails;
    match part {
        RateKeyPart::Header { name, .. } => veil.header(name.as_bytes(), place),
        RateKeyPart::Cookie { name, .. } => veil.cookie(name.as_bytes(), place),
        RateKeyPart::QueryString { .. } | RateKeyPart::QueryArgument { .. } if veil.redacts_query() => {
            Some(ProtectionMethod::Substitute)
        }
        RateKeyPart::QueryArgument { name, .. } => veil.argument(name.as_bytes(), place),
        RateKeyPart::QueryString { .. } => veil.arguments(place),
        RateKeyPart::UriPath { .. } => veil.path(),
        RateKeyPart::Method => veil.method(),
        RateKeyPart::Address(source) => covered_address(veil, source),
        RateKeyPart::LabelNamespace(_) | RateKeyPart::Ja3 { .. } | RateKeyPart::Ja4 { .. } | RateKeyPart::Asn(_) => {
            None
        }
    }
}

fn covered_address(veil: &Veil, source: &AddressSource) -> Option<ProtectionMethod> {
    match source {
        AddressSource::Client => None,
        AddressSource::Forwarded { header, .. } => veil.header(header.as_bytes(), Place::RateDetails),
    }
}

/// The first characters of a value; a byte that is no part of one counts as one.
fn first_chars(value: &[u8], chars_max: usize) -> &[u8] {
    let mut left = chars_max;
    let mut length = 0;
    for chunk in value.utf8_chunks() {
        let ends = chunk.valid().char_indices().map(|(at, char)| at + char.len_utf8());
        for end in ends.take(left) {
            left -= 1;
            if left == 0 {
                return &value[..length + end];
            }
        }
        length += chunk.valid().len();
        for _ in chunk.invalid() {
            length += 1;
            left -= 1;
            if left == 0 {
                return &value[..length];
            }
        }
    }
    value
}

#[cfg(test)]
mod tests;
