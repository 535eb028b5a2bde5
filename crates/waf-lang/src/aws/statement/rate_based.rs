//! `RateBasedStatement`: requests counted by key over a sliding window.
//!
//! Source: AWS WAF Developer Guide, "Using rate-based rule statements in AWS WAF", "Rate-based rule high-level settings in
//! AWS WAF" (the window is five minutes unless given), "Aggregating rate-based rules in AWS WAF".

pub(crate) mod custom_key;

use sekisho_waf::ir::{AddressSource, RateKey};

use super::{Lower, Lowering, Rate, StatementKind};
use crate::aws::address;
use crate::aws::shape::{Members, Shape, choice, integer, optional, required};
use crate::document::Node;

pub(crate) static KIND: StatementKind = StatementKind {
    shape: Shape {
        name: "RateBasedStatement",
        members: &[
            required("Limit"),
            optional("EvaluationWindowSec"),
            required("AggregateKeyType"),
            optional("ScopeDownStatement"),
            optional("ForwardedIPConfig"),
            optional("CustomKeys"),
        ],
    },
    lower: Lower::Rate(lower),
};

/// What requests are counted by, as the API names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyType {
    Ip,
    ForwardedIp,
    CustomKeys,
    Constant,
}

pub(crate) static KEY_TYPES: &[(&str, KeyType)] = &[
    ("IP", KeyType::Ip),
    ("FORWARDED_IP", KeyType::ForwardedIp),
    ("CUSTOM_KEYS", KeyType::CustomKeys),
    ("CONSTANT", KeyType::Constant),
];

/// The least and the greatest limit, in requests a window. Source: API model, `RateLimit`.
const LIMITS: std::ops::RangeInclusive<i64> = 10..=2_000_000_000;
/// The windows there are, in seconds.
const WINDOWS_S: [i64; 4] = [60, 120, 300, 600];
const WINDOW_S_DEFAULT: i64 = 300;
/// In capacity units, before custom keys and the scope-down statement.
const BASE_WCU: u64 = 2;
/// Each custom key.
const CUSTOM_KEY_WCU: u64 = 30;

fn lower(members: Members<'_>, lowering: &mut Lowering<'_>) -> Option<Rate> {
    let limit = members.get("Limit").and_then(|node| integer(node, LIMITS, lowering.report));
    let window_s = window_s(members, lowering);
    let key = key(members, lowering);
    let custom_keys = members.get("CustomKeys").and_then(Node::as_array).map_or(0, |keys| keys.len());
    lowering.cost.add(BASE_WCU + CUSTOM_KEY_WCU * custom_keys as u64);
    let scope_down = members.get("ScopeDownStatement").map(|node| lowering.nested(node));
    let scope_down = match scope_down {
        Some(condition) => Some(condition?),
        None => None,
    };
    Some(Rate { limit: limit?.unsigned_abs(), window_s: window_s?, key: key?, scope_down })
}

fn window_s(members: Members<'_>, lowering: &mut Lowering<'_>) -> Option<u32> {
    let Some(node) = members.get("EvaluationWindowSec") else { return u32::try_from(WINDOW_S_DEFAULT).ok() };
    let window_s = integer(node, 0..=i64::from(u32::MAX), lowering.report)?;
    if !WINDOWS_S.contains(&window_s) {
        let message = format!("a window of {window_s} seconds does not exist");
        lowering.report.push(node.error("unknown-value", message).help("windows are 60, 120, 300 or 600 seconds"));
        return None;
    }
    u32::try_from(window_s).ok()
}

/// What is counted by; each kind of key has members of the statement that it needs and others that mean nothing to it.
fn key(members: Members<'_>, lowering: &mut Lowering<'_>) -> Option<RateKey> {
    let node = members.get("AggregateKeyType")?;
    let config = members.get("ForwardedIPConfig");
    let kind = choice(node, "aggregate key type", KEY_TYPES, lowering.report)?;
    let forwarded = match config {
        Some(_) => Some(address::read(config, lowering.report)?),
        None => None,
    };
    if kind != KeyType::CustomKeys
        && let Some(keys) = members.get("CustomKeys")
        && !keys.array(lowering.report)?.is_empty()
    {
        let message = "`CustomKeys` are for the aggregate key type `CUSTOM_KEYS`";
        lowering.report.push(keys.error("unexpected-field", message));
        return None;
    }
    if let (Some(config), KeyType::Ip | KeyType::Constant) = (config, kind) {
        let message = "`ForwardedIPConfig` has no effect with this aggregate key type";
        let help = "use the type `FORWARDED_IP` to count by the address of a header";
        lowering.report.push(config.warning("no-effect", message).help(help));
    }
    match kind {
        KeyType::Ip => Some(RateKey::Address(AddressSource::Client)),
        KeyType::ForwardedIp => match forwarded {
            Some(source) => Some(RateKey::Address(source)),
            None => {
                let message = "the aggregate key type `FORWARDED_IP` needs `ForwardedIPConfig`";
                lowering.report.push(members.node().error("missing-field", message));
                None
            }
        },
        KeyType::Constant => {
            if members.get("ScopeDownStatement").is_none() {
                let message = "the aggregate key type `CONSTANT` needs a `ScopeDownStatement`";
                let help = "it counts all requests that the scope-down statement matches together";
                lowering.report.push(members.node().error("missing-field", message).help(help));
                return None;
            }
            Some(RateKey::Constant)
        }
        KeyType::CustomKeys => {
            let Some(keys) = members.get("CustomKeys") else {
                let message = "the aggregate key type `CUSTOM_KEYS` needs `CustomKeys`";
                lowering.report.push(members.node().error("missing-field", message));
                return None;
            };
            custom_key::read(keys, config.zip(forwarded), lowering).map(RateKey::Custom)
        }
    }
}
