//! `GET /rate-keys[?rule=NAME][&group=NAME]`: the keys that rate-based rules limit now.
//!
//! Addresses are given twice: among all keys, and as AWS's `GetRateBasedStatementManagedKeys` gives them. What records
//! mask is masked here too, and what the policy protects is covered.

use std::net::IpAddr;

use http::StatusCode;
use jiff::Timestamp;
use sekisho_waf::ir::{Policy, RateKey, RateKeyPart, RuleKind};
use sekisho_waf::{KeyValue, LimitedKey, RuleRef};
use serde_json::{Value, json};

use crate::rate::{Limited, Sharing};
use crate::record::{Cloak, Mask, limit_key, part_key, push_address, push_value, shows_address};
use crate::server::shared::Shared;

/// Answers a query: the status, and a document.
pub(super) fn list(shared: &Shared, query: &str) -> (StatusCode, Value) {
    let rules = shared.rules.load_full();
    let policy = rules.set.policy();
    let parameter = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()
    };
    let (rule, group) = (parameter("rule"), parameter("group"));
    let wanted: Vec<_> = uses(policy).filter(|place| is_wanted(*place, policy, rule, group)).collect();
    if wanted.is_empty() && (rule.is_some() || group.is_some()) {
        let names = uses(policy).map(|place| &place.resolve(policy).name).collect::<Vec<_>>();
        return (StatusCode::NOT_FOUND, json!({ "Error": "no such rate-based rule", "RuleNames": names }));
    }
    let now = shared.clock.now();
    let mut mask = Mask::new(&shared.mask);
    let mut cloak = Cloak::new(&mut mask, rules.samples.veil());
    let mut addresses = Vec::new();
    let rules: Vec<_> = wanted
        .into_iter()
        .map(|place| {
            let keys = rules.rates.limited(place, now);
            if is_shown(policy, place, &cloak) {
                addresses.extend(keys.iter().filter_map(|limited| match limited.key {
                    LimitedKey::Address(address) => Some(address),
                    _ => None,
                }));
            }
            describe(policy, place, &keys, &mut cloak)
        })
        .collect();
    let sharing = match shared.rates.sharing() {
        Sharing::Own => "OWN",
        Sharing::Fleet => "FLEET",
        Sharing::Lost { .. } => "LOST",
    };
    let managed = |version: &str, is_of: fn(&IpAddr) -> bool, bits: u8| {
        let addresses: Vec<_> =
            addresses.iter().filter(|address| is_of(address)).map(|address| format!("{address}/{bits}")).collect();
        json!({ "IPAddressVersion": version, "Addresses": addresses })
    };
    let body = json!({
        "ManagedKeysIPV4": managed("IPV4", IpAddr::is_ipv4, 32),
        "ManagedKeysIPV6": managed("IPV6", IpAddr::is_ipv6, 128),
        "Sharing": sharing,
        "Rules": rules,
    });
    (StatusCode::OK, body)
}

/// Every use of a rate-based rule.
fn uses(policy: &Policy) -> impl Iterator<Item = RuleRef> {
    let places = policy.rules.iter().zip(0..).flat_map(|(rule, index)| {
        let members = match &rule.kind {
            RuleKind::Group { group, .. } => group.rules.len() as u32,
            RuleKind::Match { .. } | RuleKind::Rate { .. } => 0,
        };
        let members = (0..members).map(move |member| RuleRef { rule: index, member: Some(member) });
        std::iter::once(RuleRef::top(index)).chain(members)
    });
    places.filter(|place| matches!(place.resolve(policy).kind, RuleKind::Rate { .. }))
}

fn is_wanted(place: RuleRef, policy: &Policy, rule: Option<&str>, group: Option<&str>) -> bool {
    let own_group = place.member.map(|_| place.top_rule(policy).name.as_str());
    rule.is_none_or(|name| place.resolve(policy).name == name) && group.is_none_or(|name| own_group == Some(name))
}

/// Whether the addresses that a rule counts by are to be seen.
fn is_shown(policy: &Policy, place: RuleRef, cloak: &Cloak<'_>) -> bool {
    matches!(&place.resolve(policy).kind, RuleKind::Rate { key, .. } if shows_address(cloak, key))
}

fn describe(policy: &Policy, place: RuleRef, keys: &[Limited], cloak: &mut Cloak<'_>) -> Value {
    let rule = place.resolve(policy);
    let RuleKind::Rate { limit, window_s, key, .. } = &rule.kind else { return Value::Null };
    let keys: Vec<_> = keys
        .iter()
        .map(|limited| {
            let since = i64::try_from(limited.since.unix_ms()).unwrap_or(i64::MAX);
            json!({
                "Values": values(key, &limited.key, cloak),
                "Count": limited.count,
                "LimitedSince": Timestamp::from_millisecond(since).unwrap_or(Timestamp::UNIX_EPOCH).to_string(),
                "RemainingSec": limited.remaining_ms.div_ceil(1000),
            })
        })
        .collect();
    json!({
        "RuleName": rule.name,
        "RuleGroupRuleName": place.member.map(|_| &place.top_rule(policy).name),
        "LimitKey": limit_key(key),
        "Limit": limit,
        "EvaluationWindowSec": window_s,
        "Keys": keys,
    })
}

fn values(key: &RateKey, limited: &LimitedKey, cloak: &mut Cloak<'_>) -> Value {
    match (key, limited) {
        (_, LimitedKey::Address(address)) => {
            let value = written(|text| push_address(cloak, text, key, *address));
            json!([{ "Key": limit_key(key), "Value": value }])
        }
        (_, LimitedKey::InvalidAddress) => json!([{ "Key": limit_key(key), "Value": "INVALID" }]),
        (RateKey::Custom(parts), LimitedKey::Custom(_)) => {
            parts.iter().zip(limited.values()).map(|(part, value)| custom_value(part, value, cloak)).collect()
        }
        _ => json!([]),
    }
}

fn custom_value(part: &RateKeyPart, value: KeyValue<'_>, cloak: &mut Cloak<'_>) -> Value {
    let (kind, name) = part_key(part);
    let value = match value {
        KeyValue::Bytes(bytes) => written(|text| push_value(cloak, text, part, bytes, usize::MAX)),
        KeyValue::Invalid => "INVALID".into(),
    };
    match name {
        Some(name) => json!({ "Key": kind, "Name": name, "Value": value }),
        None => json!({ "Key": kind, "Value": value }),
    }
}

/// What `write` appends as the inside of a JSON string.
fn written(write: impl FnOnce(&mut Vec<u8>)) -> Value {
    let mut text = vec![b'"'];
    write(&mut text);
    text.push(b'"');
    serde_json::from_slice(&text).unwrap_or(Value::Null)
}
