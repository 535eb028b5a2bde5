//! What tells one use of a rate-based rule from all others: the policy, the rule that refers to it, and its settings.
//!
//! A rule that a policy refers to twice, through two uses of a group, is counted twice; the same rule in another policy
//! apart from it. The identity is the same after a reload and in every edge of a fleet, so counts go on; a change of
//! settings makes it another, so counts begin anew. What an IP set lists is not a setting: only which set it is.
//!
//! Source: AWS WAF Developer Guide, "Using rate-based rule statements in AWS WAF" (each use is an instance of its own) and
//! "Rate-based rule caveats in AWS WAF" (a change of window, limit, aggregation, forwarded IP configuration or scope
//! resets the counts).

use std::fmt::Write as _;

use sekisho_waf::ir::{Condition, Policy, Rule, RuleKind};
use sha2::{Digest, Sha256};

/// A use of a rule, as a number of 128 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct RuleIdentity(pub(super) u128);

/// The identity of `rule`, which `path` leads to: its own name, or that of the rule that refers to its group and its own.
pub(super) fn identify(policy: &Policy, path: &[&str], rule: &Rule) -> Option<RuleIdentity> {
    let RuleKind::Rate { limit, window_s, key, scope_down, .. } = &rule.kind else { return None };
    let mut text = Text { hash: Sha256::new() };
    // Each part is told from the next by its quotes.
    let _never_fails = write!(text, "{:?} {path:?} {limit} {window_s} {key:?} ", policy.id);
    if let Some(condition) = scope_down {
        describe(condition, &mut text);
    }
    let digest: [u8; 32] = text.hash.finalize().into();
    let (first, _) = digest.split_first_chunk().expect("a digest has 32 bytes");
    Some(RuleIdentity(u128::from_be_bytes(*first)))
}

/// Text on its way into a hash.
struct Text {
    hash: Sha256,
}

impl std::fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.hash.update(text.as_bytes());
        Ok(())
    }
}

fn describe(condition: &Condition, text: &mut Text) {
    let mut list = |name: &str, parts: &[&Condition]| {
        let _never_fails = write!(text, "{name}(");
        parts.iter().for_each(|part| describe(part, text));
        let _never_fails = write!(text, ")");
    };
    match condition {
        Condition::And(parts) => list("and", &parts.iter().collect::<Vec<_>>()),
        Condition::Or(parts) => list("or", &parts.iter().collect::<Vec<_>>()),
        Condition::Not(part) => list("not", &[part]),
        Condition::Ip { source, set } => {
            let _never_fails = write!(text, "ip({source:?} {:?})", set.id);
        }
        Condition::Phased(test) => {
            let _never_fails = write!(text, "phased({})", test.rule);
        }
        Condition::Test(_) | Condition::Geo { .. } | Condition::Asn { .. } | Condition::Label(_) => {
            let _never_fails = write!(text, "{condition:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sekisho_waf::ir::{Action, AddressSource, IpSet, RateKey};

    use super::*;

    fn rule(limit: u64, key: RateKey, scope_down: Option<Condition>) -> Rule {
        let kind = RuleKind::Rate { limit, window_s: 60, key, scope_down, action: Action::block().into() };
        Rule { name: "r".to_owned(), visibility: "r".into(), labels: Vec::new(), kind }
    }

    fn policy(id: &str) -> Policy {
        Policy {
            name: "p".to_owned(),
            id: id.to_owned(),
            default_action: Action::ALLOW,
            rules: Vec::new(),
            body_inspected_bytes_max: None,
            token_domains: Vec::new(),
            visibility: "p".into(),
            protection: Default::default(),
        }
    }

    fn in_set(id: &str, range: &str) -> Option<Condition> {
        let set = Arc::new(IpSet {
            id: id.to_owned(),
            addresses: [range.parse::<ipnet::IpNet>().unwrap()].into_iter().collect(),
        });
        Some(Condition::Ip { source: AddressSource::Client, set })
    }

    const ADDRESS: RateKey = RateKey::Address(AddressSource::Client);

    #[test]
    fn uses_and_settings_differ() {
        let base = identify(&policy("a"), &["r"], &rule(100, ADDRESS, None));
        assert_eq!(base, identify(&policy("a"), &["r"], &rule(100, ADDRESS, None)));
        for other in [
            identify(&policy("b"), &["r"], &rule(100, ADDRESS, None)),
            identify(&policy("a"), &["g", "r"], &rule(100, ADDRESS, None)),
            identify(&policy("a"), &["h", "r"], &rule(100, ADDRESS, None)),
            identify(&policy("a"), &["r"], &rule(101, ADDRESS, None)),
            identify(&policy("a"), &["r"], &rule(100, RateKey::Constant, None)),
            identify(&policy("a"), &["r"], &rule(100, ADDRESS, in_set("s", "10.0.0.0/8"))),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn what_a_set_lists_is_no_setting() {
        let with = |id, range| identify(&policy("a"), &["r"], &rule(100, ADDRESS, in_set(id, range)));
        assert_eq!(with("s", "10.0.0.0/8"), with("s", "192.0.2.0/24"));
        assert_ne!(with("s", "10.0.0.0/8"), with("t", "10.0.0.0/8"));
    }

    #[test]
    fn an_action_is_no_setting() {
        let mut counting = rule(100, ADDRESS, None);
        let RuleKind::Rate { action, .. } = &mut counting.kind else { panic!() };
        *action = Action::COUNT.into();
        assert_eq!(
            identify(&policy("a"), &["r"], &counting),
            identify(&policy("a"), &["r"], &rule(100, ADDRESS, None))
        );
    }
}
