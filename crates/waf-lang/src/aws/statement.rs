//! Statements: one a file, one table.
//!
//! Most statements are a condition and nest in each other; a rate-based statement and the two that refer to a group
//! are what a whole rule does and never nest.
//!
//! Source: AWS WAF Developer Guide, "Using rule statements in AWS WAF".

pub(crate) mod and;
pub(crate) mod asn_match;
pub(crate) mod byte_match;
pub(crate) mod geo_match;
pub(crate) mod ip_set_reference;
pub(crate) mod label_match;
pub(crate) mod managed_rule_group;
pub(crate) mod not;
pub(crate) mod or;
pub(crate) mod rate_based;
pub(crate) mod regex_match;
pub(crate) mod regex_pattern_set_reference;
pub(crate) mod rule_group_reference;
pub(crate) mod size_constraint;
pub(crate) mod sqli_match;
mod test;
pub(crate) mod xss_match;

use sekisho_model::Diagnostics;
use sekisho_waf::ir::{Condition, Group, RateKey};

use super::capacity::Cost;
use super::rule::TopLevel;
use super::scope::Scope;
use super::shape::{Member, Members, Shape, optional};
use crate::document::Node;
use crate::report::Report;

/// Levels of statements below a rule's own. With that one they are 64, what the engine takes by default; each level
/// takes three of the document's, see [`crate::document::DEPTH_MAX`].
pub(crate) const DEPTH_MAX: usize = 63;

/// A kind of statement.
#[derive(Debug)]
pub(crate) struct StatementKind {
    pub(crate) shape: Shape,
    pub(crate) lower: Lower,
}

/// What a statement is lowered into.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lower {
    /// A condition; the statement nests.
    Condition(LowerCondition),
    /// Counting by rate; only as the whole of a rule.
    Rate(fn(Members<'_>, &mut Lowering<'_>) -> Option<Rate>),
    /// A group; only as the whole of a rule of a web ACL.
    Group(fn(Members<'_>, &TopLevel<'_>, &mut Lowering<'_>) -> Option<GroupUse>),
}

/// Lowers a statement that is a condition.
pub(crate) type LowerCondition = fn(Members<'_>, &mut Lowering<'_>) -> Option<Condition>;

/// A rate-based statement, read.
#[derive(Debug)]
pub(crate) struct Rate {
    pub(crate) limit: u64,
    pub(crate) window_s: u32,
    pub(crate) key: RateKey,
    pub(crate) scope_down: Option<Condition>,
}

/// A group as one rule uses it, read.
#[derive(Debug)]
pub(crate) struct GroupUse {
    pub(crate) group: Group,
    pub(crate) scope_down: Option<Condition>,
}

/// All kinds, in the order of the API model.
pub(crate) static KINDS: &[&StatementKind] = &[
    &byte_match::KIND,
    &sqli_match::KIND,
    &xss_match::KIND,
    &size_constraint::KIND,
    &geo_match::KIND,
    &rule_group_reference::KIND,
    &ip_set_reference::KIND,
    &regex_pattern_set_reference::KIND,
    &rate_based::KIND,
    &and::KIND,
    &or::KIND,
    &not::KIND,
    &managed_rule_group::KIND,
    &label_match::KIND,
    &regex_match::KIND,
    &asn_match::KIND,
];

/// The union of them.
pub(crate) static STATEMENT: Shape = Shape { name: "Statement", members: STATEMENT_MEMBERS };

const STATEMENT_MEMBERS: &[Member] = &[
    optional("ByteMatchStatement"),
    optional("SqliMatchStatement"),
    optional("XssMatchStatement"),
    optional("SizeConstraintStatement"),
    optional("GeoMatchStatement"),
    optional("RuleGroupReferenceStatement"),
    optional("IPSetReferenceStatement"),
    optional("RegexPatternSetReferenceStatement"),
    optional("RateBasedStatement"),
    optional("AndStatement"),
    optional("OrStatement"),
    optional("NotStatement"),
    optional("ManagedRuleGroupStatement"),
    optional("LabelMatchStatement"),
    optional("RegexMatchStatement"),
    optional("AsnMatchStatement"),
];

/// What a statement needs while it is lowered.
#[derive(Debug)]
pub(crate) struct Lowering<'a> {
    pub(crate) scope: &'a Scope<'a>,
    pub(crate) report: &'a mut Report,
    /// What the statements lowered so far cost.
    pub(crate) cost: &'a mut Cost,
    depth: usize,
}

impl<'a> Lowering<'a> {
    pub(crate) fn new(scope: &'a Scope<'a>, cost: &'a mut Cost, report: &'a mut Report) -> Self {
        Self { scope, report, cost, depth: 0 }
    }

    /// Finds out what a statement is and opens it.
    pub(crate) fn open<'d>(&mut self, node: Node<'d>) -> Option<(&'static StatementKind, Members<'d>)> {
        if !self.scope.take_statement() {
            let message = format!("more than {} statements", Scope::statements_max());
            self.report.push(node.error("too-many-statements", message));
            return None;
        }
        let (member, value) = STATEMENT.open_union(node, self.report)?;
        let kind =
            KINDS.iter().copied().find(|kind| kind.shape.name == member.name).expect("every member has its kind");
        Some((kind, kind.shape_in(self.scope).open(value, self.report)?))
    }

    /// Lowers a statement that stands within another.
    pub(crate) fn nested(&mut self, node: Node<'_>) -> Option<Condition> {
        let Some((lower, members)) = self.open_nested(node) else {
            self.cost.set_unknown();
            return None;
        };
        self.depth += 1;
        let condition = lower(members, self);
        self.depth -= 1;
        condition
    }

    fn open_nested<'d>(&mut self, node: Node<'d>) -> Option<(LowerCondition, Members<'d>)> {
        if self.depth == DEPTH_MAX {
            let message = format!("statements are nested deeper than {DEPTH_MAX} levels");
            self.report.push(node.error("nested-too-deep", message));
            return None;
        }
        let (kind, members) = self.open(node)?;
        let Lower::Condition(lower) = kind.lower else {
            let message = format!("a {} must not stand within another statement", kind.shape.name);
            self.report.push(node.error("not-nestable", message).help("give it a rule of its own"));
            return None;
        };
        Some((lower, members))
    }

    /// Lowers the statements of And or Or: two at least.
    fn list(&mut self, members: Members<'_>) -> Option<Vec<Condition>> {
        let items = members.get("Statements").and_then(|node| super::shape::items(node, 2..usize::MAX, self.report));
        let Some(items) = items else {
            self.cost.set_unknown();
            return None;
        };
        let conditions: Vec<_> = items.into_iter().map(|item| self.nested(item)).collect();
        conditions.into_iter().collect()
    }
}

impl StatementKind {
    /// The statement's shape: rules that ship refer to sets by `Name` instead of `ARN`.
    fn shape_in(&'static self, scope: &Scope<'_>) -> &'static Shape {
        match self.shape.name {
            "IPSetReferenceStatement" if scope.is_content() => &ip_set_reference::CONTENT_SHAPE,
            "RegexPatternSetReferenceStatement" if scope.is_content() => &regex_pattern_set_reference::CONTENT_SHAPE,
            _ => &self.shape,
        }
    }
}

/// Lowers one statement that is a condition.
///
/// The condition is there only if no error was found in it.
#[must_use]
pub fn lower_statement(node: Node<'_>, scope: &Scope<'_>) -> (Option<Condition>, Diagnostics) {
    let mut report = Report::new();
    let condition = Lowering::new(scope, &mut Cost::default(), &mut report).nested(node);
    let diagnostics = report.into_diagnostics();
    (condition.filter(|_| !diagnostics.has_errors()), diagnostics)
}
