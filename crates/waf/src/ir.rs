//! What a rule language lowers into: rules as plain data, checked, resolved and language-free.
//!
//! Every name is resolved (sets carry their contents, labels are fully qualified), rules stand in evaluation order, and
//! nothing here can fail to mean something. Regular expressions are kept as source; [`crate::RuleSet::compile`] builds
//! them within its limits.

mod action;
mod condition;
mod field;
mod json_pointer;
mod logging;
pub mod phased;
mod protection;
mod rate;
mod visibility;

use std::collections::BTreeSet;

pub use action::{Action, BlockResponse, HeaderInsert, IMMUNITY_S_DEFAULT, ResponseBody, TokenAction, TokenKind};
pub use condition::{
    AddressSource, Comparison, Condition, ForwardedPosition, IpSet, LabelScope, LabelTest, OnMissing, Operator,
    Oversize, Position, RegexSource, SqliSensitivity, Test,
};
pub use field::{Field, JsonMatch, JsonPattern, MapMatch, MapPattern, MapScope, OnInvalidJson, PreParse};
pub use json_pointer::{JsonPointer, JsonPointers, PointerError};
pub use logging::{LogBehavior, LogCondition, LogFilter, LogRequirement, LoggedAction, Logging, RedactedPart};
pub use protection::{ProtectedPart, Protection, ProtectionMethod, RequestPart};
pub use rate::{RateKey, RateKeyPart};
pub use visibility::Visibility;

/// A whole policy: for AWS, one web ACL.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Its identifier in decision records: for AWS, the ARN.
    pub id: String,
    /// What happens to a request that no rule ends.
    pub default_action: Action,
    /// The rules in evaluation order.
    pub rules: Vec<Rule>,
    /// How many body bytes are inspected, if the policy says; otherwise the edge's setting rules.
    pub body_inspected_bytes_max: Option<usize>,
    /// The domains whose tokens are accepted, subdomains included, besides the host a request is for. Lowercase.
    pub token_domains: Vec<String>,
    /// What is shown of its requests; samples and metrics of its default action.
    pub visibility: Visibility,
    /// What must not be kept as it came.
    pub protection: Protection,
}

impl Policy {
    /// Whether any rule, members of groups included, asks for a token.
    #[must_use]
    pub fn asks_for_token(&self) -> bool {
        self.rules.iter().any(|rule| match &rule.kind {
            RuleKind::Group { group, .. } => group.rules.iter().any(Rule::asks_for_token),
            _ => rule.asks_for_token(),
        })
    }

    /// Whether any rule, members of groups included, asks for an autonomous system.
    #[must_use]
    pub fn asks_for_asn(&self) -> bool {
        self.rules.iter().any(Rule::asks_for_asn)
    }

    /// What its groups of rules in phases leave out of logs, in order, each part once.
    #[must_use]
    pub fn sanitised(&self) -> Vec<&phased::SanitisedPart> {
        let groups = self.rules.iter().filter_map(|rule| match &rule.kind {
            RuleKind::Group { group, .. } => group.in_phases(),
            RuleKind::Match { .. } | RuleKind::Rate { .. } => None,
        });
        let parts: BTreeSet<_> = groups.flat_map(|group| &group.policy().settings.sanitised).collect();
        parts.into_iter().collect()
    }
}

/// One rule of a policy or of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// What is shown of the requests it matches.
    pub visibility: Visibility,
    /// Fully qualified labels it adds when it matches.
    pub labels: Vec<String>,
    /// What it does.
    pub kind: RuleKind,
}

impl Rule {
    /// The action in force; none for a rule that refers to a group.
    #[must_use]
    pub fn action(&self) -> Option<&ActionInForce> {
        match &self.kind {
            RuleKind::Match { action, .. } | RuleKind::Rate { action, .. } => Some(action),
            RuleKind::Group { .. } => None,
        }
    }

    fn asks_for_asn(&self) -> bool {
        match &self.kind {
            RuleKind::Match { when, .. } => when.asks_for_asn(),
            RuleKind::Rate { key, scope_down, .. } => {
                let keyed = match key {
                    RateKey::Custom(parts) => parts.iter().any(|part| matches!(part, RateKeyPart::Asn(_))),
                    RateKey::Address(_) | RateKey::Constant => false,
                };
                keyed || scope_down.as_ref().is_some_and(Condition::asks_for_asn)
            }
            RuleKind::Group { group, scope_down, .. } => {
                group.rules.iter().any(Self::asks_for_asn) || scope_down.as_ref().is_some_and(Condition::asks_for_asn)
            }
        }
    }

    fn asks_for_token(&self) -> bool {
        self.action().is_some_and(|in_force| in_force.action.asks().is_some())
    }
}

/// The kinds of rule.
#[derive(Debug, Clone, PartialEq)]
pub enum RuleKind {
    /// If the condition holds, act.
    Match {
        /// The condition.
        when: Condition,
        /// The action in force (after any override).
        action: ActionInForce,
    },
    /// Count requests by key; act on those of a key over its limit.
    Rate {
        /// Requests allowed in a window.
        limit: u64,
        /// Length of the sliding window, in seconds.
        window_s: u32,
        /// What requests are counted by.
        key: RateKey,
        /// Only requests that meet this are counted and limited.
        scope_down: Option<Condition>,
        /// The action in force.
        action: ActionInForce,
    },
    /// Evaluate a rule group. Only in a policy, never within a group.
    Group {
        /// The group.
        group: Group,
        /// Only requests that meet this are held against the group.
        scope_down: Option<Condition>,
        /// `OverrideAction: Count`: the group's terminating result is only counted.
        count_only: bool,
    },
}

/// A rule's action, and what it was before an override.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionInForce {
    /// What happens.
    pub action: Action,
    /// What would have happened, had the action not been overridden.
    pub overridden: Option<Action>,
}

impl From<Action> for ActionInForce {
    fn from(action: Action) -> Self {
        Self { action, overridden: None }
    }
}

/// A rule group as a policy refers to it, overrides applied.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Its identifier in decision records: an ARN, or `Vendor#Name` for managed groups.
    pub id: String,
    /// The group's own name.
    pub name: String,
    /// Whether a vendor manages it.
    pub managed: bool,
    /// What is shown of the requests it is held against.
    pub visibility: Visibility,
    /// Rules excluded in the old form (`ExcludedRules`): their names, for the record. They count.
    pub excluded: Vec<String>,
    /// Its rules in evaluation order; none is of kind [`RuleKind::Group`].
    pub rules: Vec<Rule>,
}

impl Group {
    /// The rules in phases that its members stand for, if they do: all of them share one.
    fn in_phases(&self) -> Option<&phased::PhasedGroup> {
        self.rules.iter().find_map(|rule| match &rule.kind {
            RuleKind::Match { when: Condition::Phased(test), .. } => Some(&*test.group),
            _ => None,
        })
    }
}
