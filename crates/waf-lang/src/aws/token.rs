//! Tokens: how long a solved CAPTCHA or challenge is good, and for which domains.
//!
//! A rule's own time holds for it, whatever group it stands in and whatever action it is overridden to; else the web ACL's.
//!
//! Source: AWS WAF Developer Guide, "Setting timestamp expiration and token immunity times in AWS WAF", "Specifying token
//! domains and domain lists in AWS WAF".

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use sekisho_waf::ir::{Action, IMMUNITY_S_DEFAULT};

use super::shape::{Charset, Members, Shape, integer, items, optional, required, text};
use crate::document::Node;
use crate::report::{Report, quoted};

pub(crate) static CAPTCHA_CONFIG: Shape = Shape { name: "CaptchaConfig", members: &[optional("ImmunityTimeProperty")] };
pub(crate) static CHALLENGE_CONFIG: Shape =
    Shape { name: "ChallengeConfig", members: &[optional("ImmunityTimeProperty")] };
pub(crate) static IMMUNITY_TIME_PROPERTY: Shape =
    Shape { name: "ImmunityTimeProperty", members: &[required("ImmunityTime")] };

/// How long a solved CAPTCHA may be good, in seconds.
const CAPTCHA_S: RangeInclusive<i64> = 60..=259_200;
/// How long a met challenge may be good, in seconds.
const CHALLENGE_S: RangeInclusive<i64> = 300..=259_200;

/// How long solutions are good where a rule or a web ACL says so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Immunity {
    captcha_s: Option<u64>,
    challenge_s: Option<u64>,
}

/// The rules' own times, by name of the rule. Only rules that have any are listed.
pub(crate) type ImmunityByRule = BTreeMap<String, Immunity>;

impl Immunity {
    /// Reads `CaptchaConfig` and `ChallengeConfig` of a web ACL or a rule.
    pub(crate) fn read(members: Members<'_>, report: &mut Report) -> Self {
        let captcha_s = members.get("CaptchaConfig").and_then(|node| time(&CAPTCHA_CONFIG, node, CAPTCHA_S, report));
        let challenge_s =
            members.get("ChallengeConfig").and_then(|node| time(&CHALLENGE_CONFIG, node, CHALLENGE_S, report));
        Self { captcha_s, challenge_s }
    }

    /// These times, and where they say nothing, those of `outer`.
    pub(crate) fn or(self, outer: Self) -> Self {
        Self { captcha_s: self.captcha_s.or(outer.captcha_s), challenge_s: self.challenge_s.or(outer.challenge_s) }
    }

    /// For an action that asks for a CAPTCHA, in seconds.
    pub(crate) fn captcha_s(self) -> u64 {
        self.captcha_s.unwrap_or(IMMUNITY_S_DEFAULT)
    }

    /// For an action that challenges, in seconds.
    pub(crate) fn challenge_s(self) -> u64 {
        self.challenge_s.unwrap_or(IMMUNITY_S_DEFAULT)
    }

    pub(crate) fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Puts these times, where there are any, in force in an action.
    pub(crate) fn refine(self, action: &mut Action) {
        match action {
            Action::Captcha(asked) => asked.immunity_s = self.captcha_s.unwrap_or(asked.immunity_s),
            Action::Challenge(asked) => asked.immunity_s = self.challenge_s.unwrap_or(asked.immunity_s),
            Action::Allow { .. } | Action::Block(_) | Action::Count { .. } => {}
        }
    }
}

fn time(shape: &'static Shape, node: Node<'_>, range: RangeInclusive<i64>, report: &mut Report) -> Option<u64> {
    let property = shape.open(node, report)?.get("ImmunityTimeProperty")?;
    let time = IMMUNITY_TIME_PROPERTY.open(property, report)?.get("ImmunityTime")?;
    integer(time, range, report).map(i64::unsigned_abs)
}

/// Reads `TokenDomains`: lowercase, without a leading dot.
pub(crate) fn read_domains(node: Node<'_>, report: &mut Report) -> Vec<String> {
    let items = items(node, 0..usize::MAX, report).unwrap_or_default();
    items.into_iter().filter_map(|item| read_domain(item, report)).collect()
}

fn read_domain(node: Node<'_>, report: &mut Report) -> Option<String> {
    let written = text(node, 1..=253, Charset::TokenDomain, report)?;
    let domain = written.strip_prefix('.').unwrap_or(written).to_ascii_lowercase();
    if psl::domain_str(&domain).is_none() {
        let message = format!("{} is a public suffix: tokens of every site below it would be good", quoted(written));
        report.push(node.error("public-suffix", message).help("name a registered domain, such as `example.com`"));
        return None;
    }
    if domain.contains('/') || domain.split('.').any(str::is_empty) {
        let message = format!("no host is called {}", quoted(written));
        report.push(node.warning("no-effect", message).help("a token domain is a host name, such as `example.com`"));
    }
    Some(domain)
}
