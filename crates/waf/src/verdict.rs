//! What came out of holding a request against a rule set, and why.
//!
//! A verdict refers to rules by position, so that a reused one costs no allocation on the benign path. Names are looked
//! up in the [`crate::ir::Policy`] it was made with.

use crate::ir::{Action, Field, Group, HeaderInsert, Policy, Rule, RuleKind, TokenAction, TokenKind};
use crate::{LabelText, LimitedKey, TokenResult};

/// The outcome of one evaluation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The rule that ended evaluation; none when the default action applied.
    ///
    /// When a rule within a group ended it, `member` names it.
    pub terminating: Option<RuleRef>,
    /// What was decided.
    pub decision: Decision,
    /// The rules that matched without ending evaluation, in order; members of groups included.
    pub non_terminating: Vec<RuleMatch>,
    /// The groups that were evaluated, in order.
    pub groups: Vec<GroupOutcome>,
    /// The rate-based rules whose limit this request's key is over, in order.
    pub rate_hits: Vec<RateHit>,
    /// What came of asking for proof of a solved puzzle, the last time a rule did.
    pub captcha: Option<TokenResult>,
    /// What came of asking for proof of a met challenge, the last time a rule did.
    pub challenge: Option<TokenResult>,
    /// The labels on the request, in the order added, each once.
    pub labels: Vec<Label>,
    /// Which parts were larger than is inspected, of those that rules looked at.
    pub oversize: OversizeFields,
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Decision {
    /// The request goes on.
    #[default]
    Allow,
    /// The client gets the response of the deciding action.
    Block,
    /// The client is asked to solve a puzzle.
    Captcha,
    /// The client's browser is asked to meet a silent challenge.
    Challenge,
}

impl Decision {
    /// Whether the request goes on.
    #[must_use]
    pub const fn allows(self) -> bool {
        matches!(self, Self::Allow)
    }
}

/// A rule's position: in the policy, and within its group if it belongs to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleRef {
    /// Index into [`Policy::rules`].
    pub rule: u32,
    /// Index into [`Group::rules`] of that rule's group.
    pub member: Option<u32>,
}

impl RuleRef {
    /// A rule of the policy itself.
    #[must_use]
    pub const fn top(rule: u32) -> Self {
        Self { rule, member: None }
    }

    /// The rule this refers to: the member, if it names one.
    ///
    /// # Panics
    ///
    /// If the reference was made with another policy.
    #[must_use]
    pub fn resolve(self, policy: &Policy) -> &Rule {
        let top = self.top_rule(policy);
        match (self.member, &top.kind) {
            (Some(member), RuleKind::Group { group, .. }) => &group.rules[member as usize],
            _ => top,
        }
    }

    /// The policy's own rule: the one that refers to the group, for a member.
    ///
    /// # Panics
    ///
    /// If the reference was made with another policy.
    #[must_use]
    pub fn top_rule(self, policy: &Policy) -> &Rule {
        &policy.rules[self.rule as usize]
    }

    /// The group this rule belongs to or refers to.
    #[must_use]
    pub fn group(self, policy: &Policy) -> Option<&Group> {
        match &self.top_rule(policy).kind {
            RuleKind::Group { group, .. } => Some(group),
            _ => None,
        }
    }
}

/// A rule that matched and let evaluation go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleMatch {
    /// The rule. A policy's group rule without member: the group's result was only counted.
    pub rule: RuleRef,
}

/// What came out of one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupOutcome {
    /// The policy's rule that refers to the group.
    pub rule: u32,
    /// The member that ended the group's evaluation, even where the policy only counts that.
    pub terminated_by: Option<u32>,
}

/// A rate-based rule whose limit was exceeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateHit {
    /// The rule.
    pub rule: RuleRef,
    /// What the request counted under.
    pub key: LimitedKey,
    /// Requests counted in the window, this one included.
    pub count: u64,
}

/// A label on a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Label {
    /// The `index`-th label of a rule.
    OfRule {
        /// The rule.
        rule: RuleRef,
        /// Index into [`Rule::labels`].
        index: u32,
    },
    /// A label made from the request, such as its country.
    Made(LabelText),
}

impl Label {
    /// The fully qualified label.
    #[must_use]
    pub fn text<'a>(&'a self, policy: &'a Policy) -> &'a str {
        match self {
            Self::OfRule { rule, index } => &rule.resolve(policy).labels[*index as usize],
            Self::Made(text) => text.as_str(),
        }
    }
}

/// Parts larger than is inspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OversizeFields {
    /// The body, as text.
    pub body: bool,
    /// The body, as JSON.
    pub json_body: bool,
    /// All headers together.
    pub headers: bool,
    /// All cookies together.
    pub cookies: bool,
}

impl OversizeFields {
    /// Adds what `field` is a part of.
    pub(crate) fn add(&mut self, field: &Field) {
        match field {
            Field::Body | Field::BodyValues => self.body = true,
            Field::JsonBody(_) => self.json_body = true,
            Field::Headers(_) | Field::HeaderOrder => self.headers = true,
            Field::Cookies(_) => self.cookies = true,
            _ => {}
        }
    }
}

impl Verdict {
    /// Makes the verdict ready for another request, keeping its memory.
    pub fn clear(&mut self) {
        let Self { terminating, decision, non_terminating, groups, rate_hits, captcha, challenge, labels, oversize } =
            self;
        *terminating = None;
        *decision = Decision::Allow;
        non_terminating.clear();
        groups.clear();
        rate_hits.clear();
        *captcha = None;
        *challenge = None;
        labels.clear();
        *oversize = OversizeFields::default();
    }

    /// What came of asking for a token of `kind`, the last time a rule did.
    #[must_use]
    pub fn token(&self, kind: TokenKind) -> Option<TokenResult> {
        match kind {
            TokenKind::Captcha => self.captcha,
            TokenKind::Challenge => self.challenge,
        }
    }

    pub(crate) fn token_mut(&mut self, kind: TokenKind) -> &mut Option<TokenResult> {
        match kind {
            TokenKind::Captcha => &mut self.captcha,
            TokenKind::Challenge => &mut self.challenge,
        }
    }

    /// The action that decided: the terminating rule's in force, or the policy's default.
    #[must_use]
    pub fn deciding_action<'p>(&self, policy: &'p Policy) -> &'p Action {
        match self.terminating.map(|rule| &rule.resolve(policy).kind) {
            Some(RuleKind::Match { action, .. } | RuleKind::Rate { action, .. }) => &action.action,
            Some(RuleKind::Group { .. }) | None => &policy.default_action,
        }
    }

    /// The headers to add to the request, if it goes on: those of rules that counted, then those of the deciding action. Of
    /// several of one name only the last is added.
    ///
    /// Source: AWS WAF Developer Guide, "Inserting custom request headers for non-blocking actions".
    pub fn inserted_headers<'p>(&'p self, policy: &'p Policy) -> impl Iterator<Item = &'p HeaderInsert> {
        let allowed = self.decision == Decision::Allow;
        let counted = self.non_terminating.iter().filter_map(|matched| match &matched.rule.resolve(policy).kind {
            RuleKind::Match { action, .. } | RuleKind::Rate { action, .. } => Some(&action.action),
            RuleKind::Group { .. } => None,
        });
        let actions = counted.chain([self.deciding_action(policy)]).filter(move |_| allowed);
        let headers = actions.flat_map(|action| match action {
            Action::Allow { insert }
            | Action::Count { insert }
            | Action::Captcha(TokenAction { insert, .. })
            | Action::Challenge(TokenAction { insert, .. }) => insert.as_slice(),
            Action::Block(_) => &[],
        });
        headers.clone().enumerate().filter_map(move |(index, header)| {
            let later = headers.clone().skip(index + 1).any(|other| other.name.eq_ignore_ascii_case(&header.name));
            (!later).then_some(header)
        })
    }
}
