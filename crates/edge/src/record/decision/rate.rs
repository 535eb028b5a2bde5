//! An entry of `rateBasedRuleList`: a rate-based rule that acted on the request, and what the request counted under.
//!
//! Source: AWS WAF Developer Guide, "Log fields for protection pack (web ACL) traffic": `limitValue` is for the kinds of
//! key that are one address, `INVALID` for one that is not valid; of string values, the first 32 characters are logged.

use sekisho_waf::ir::{AddressSource, ProtectionMethod, RateKey, RateKeyPart, RuleKind};
use sekisho_waf::{KeyValue, LimitedKey, RateHit};

use super::Line;
use crate::record::json::push_number;
use crate::record::mask::REDACTED;
use crate::record::veil::Place;

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
        self.raw("{\"rateBasedRuleId\":\"");
        self.text(&self.policy.id);
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
                let method = match key {
                    RateKey::Address(source) => self.covered_address(source),
                    RateKey::Constant | RateKey::Custom(_) => None,
                };
                let address = address.to_string();
                self.raw(",\"limitValue\":\"");
                self.cloak.push_covered(self.out, method, address.as_bytes());
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
        // A secret must not leave by the back door: it is hidden here as it is among the headers.
        let is_secret = match part {
            RateKeyPart::Header { name, .. } => self.cloak.hides(name.as_bytes()),
            RateKeyPart::Cookie { .. } => self.cloak.hides(b"cookie"),
            _ => false,
        };
        match value {
            KeyValue::Bytes(value) => match self.cloak.veil().stand(self.covered_part(part), value) {
                Some(stand) => self.out.extend_from_slice(stand.bytes()),
                None if is_secret => self.out.extend_from_slice(REDACTED),
                None => self.cloak.push(self.out, first_chars(value)),
            },
            KeyValue::Invalid => self.raw("INVALID"),
        }
        self.raw("\"}");
    }

    /// How a part of a key is covered.
    fn covered_part(&self, part: &RateKeyPart) -> Option<ProtectionMethod> {
        let (veil, place) = (self.cloak.veil(), Place::RateDetails);
        match part {
            RateKeyPart::Header { name, .. } => veil.header(name.as_bytes(), place),
            RateKeyPart::Cookie { name, .. } => veil.cookie(name.as_bytes(), place),
            RateKeyPart::QueryArgument { name, .. } => veil.argument(name.as_bytes(), place),
            RateKeyPart::QueryString { .. } if veil.redacts_query() => Some(ProtectionMethod::Substitute),
            RateKeyPart::QueryString { .. } => veil.arguments(place),
            RateKeyPart::UriPath { .. } => veil.path(),
            RateKeyPart::Method => veil.method(),
            RateKeyPart::Address(source) => self.covered_address(source),
            RateKeyPart::LabelNamespace(_)
            | RateKeyPart::Ja3 { .. }
            | RateKeyPart::Ja4 { .. }
            | RateKeyPart::Asn(_) => None,
        }
    }

    /// An address that a header reports is as protected as the header.
    fn covered_address(&self, source: &AddressSource) -> Option<ProtectionMethod> {
        match source {
            AddressSource::Client => None,
            AddressSource::Forwarded { header, .. } => self.cloak.veil().header(header.as_bytes(), Place::RateDetails),
        }
    }
}

/// The first characters of a value; a byte that is no part of one counts as one.
fn first_chars(value: &[u8]) -> &[u8] {
    let mut left = VALUE_CHARS_MAX;
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
