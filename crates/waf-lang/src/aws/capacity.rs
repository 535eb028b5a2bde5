//! Web ACL capacity units (WCU): what AWS charges a rule, a group and a web ACL with.
//!
//! Each kind of statement says in its own file what it costs; [`Cost`] adds it up while the statement is lowered. A
//! text transformation costs ten units a component of the request: a rule, or a web ACL, that applies the same one to
//! the same component twice pays once. A group costs what its owner fixed when it was made, whatever is in it.
//!
//! Source: AWS WAF Developer Guide, "Web ACL capacity units (WCUs) in AWS WAF", "Using match rule statements in AWS
//! WAF", "Using rate-based rule statements in AWS WAF", "AWS WAF quotas".

use std::collections::BTreeSet;

use sekisho_model::{Diagnostic, Diagnostics, Span};
use sekisho_waf::ir::Field;

use super::resource::Resources;
use super::shape::{Members, integer};
use super::transformation;
use crate::document::Node;
use crate::report::{Report, quoted};

/// Capacity units a web ACL has before AWS charges for more.
pub const CAPACITY_INCLUDED: u64 = 1_500;
/// Capacity units of a web ACL, or of a group, at most.
pub const CAPACITY_MAX: u64 = 5_000;

/// A text transformation, each.
const TRANSFORMATION_WCU: u64 = 10;
/// The request component `AllQueryArguments`.
const ALL_QUERY_ARGUMENTS_WCU: u64 = 10;

/// What a web ACL takes of AWS's capacity, in web ACL capacity units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capacity {
    /// All of it. Less than the sum of [`Capacity::rules`] where rules share a transformation of a component.
    pub total: u64,
    /// What of it is a group's that AWS does not have: it is no part of what AWS charges for, or refuses.
    pub beyond_aws: u64,
    /// What the document's own `Capacity` says.
    pub declared: Option<u64>,
    /// Each rule alone, in evaluation order.
    pub rules: Vec<RuleCapacity>,
    /// The groups of one's own that the rules refer to, each once, by name.
    pub groups: Vec<GroupCapacity>,
    /// Where the web ACL says it, or the web ACL.
    pub(crate) place: Option<Span>,
}

/// What one rule takes, in capacity units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleCapacity {
    /// The rule's name.
    pub name: String,
    /// Its capacity units.
    pub wcu: u64,
}

/// What a rule group of one's own takes, in capacity units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupCapacity {
    /// The group's name.
    pub name: String,
    /// What its owner fixed when it was made: what it costs a web ACL.
    pub declared: Option<u64>,
    /// What its rules come to.
    pub computed: u64,
    /// Where the group says it, or the group.
    pub(crate) place: Option<Span>,
}

/// From which capacity on a web ACL is worth a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CapacityLimits {
    /// More is worth a warning.
    pub warn_above: u64,
    /// More is an error.
    pub error_above: u64,
}

impl Default for CapacityLimits {
    fn default() -> Self {
        Self { warn_above: CAPACITY_INCLUDED, error_above: CAPACITY_MAX }
    }
}

impl Capacity {
    /// More than the limits, without what AWS does not have: an error or a warning.
    #[must_use]
    pub fn beyond(&self, limits: CapacityLimits) -> Option<Diagnostic> {
        let total = self.total.saturating_sub(self.beyond_aws);
        let besides = if self.beyond_aws > 0 { " besides the Core Rule Set" } else { "" };
        let message = |limit| format!("the web ACL takes {total} capacity units{besides}, more than {limit}");
        let diagnostic = if total > limits.error_above {
            Diagnostic::error("capacity", message(limits.error_above))
        } else if total > limits.warn_above {
            Diagnostic::warning("capacity", message(limits.warn_above))
        } else {
            return None;
        };
        let help = if total > CAPACITY_MAX {
            "AWS accepts no web ACL of more than 5,000; here it only takes longer to evaluate"
        } else {
            "AWS charges for capacity above 1,500 by the request"
        };
        Some(self.at(diagnostic).help(help))
    }

    /// Where the documents say otherwise: a `Capacity` that is not what the rules come to, a group with more in it than
    /// its own `Capacity`.
    #[must_use]
    pub fn differences(&self) -> Diagnostics {
        let differing = self.declared.filter(|&declared| declared != self.total).map(|declared| {
            let message = format!("`Capacity` says {declared}, the rules come to {}", self.total);
            let help = "the rules have changed since it was exported, or the prices have";
            self.at(Diagnostic::warning("capacity-differs", message)).help(help)
        });
        differing.into_iter().chain(self.groups.iter().filter_map(GroupCapacity::difference)).collect()
    }

    fn at(&self, diagnostic: Diagnostic) -> Diagnostic {
        Diagnostic { span: self.place.clone(), ..diagnostic }
    }
}

impl GroupCapacity {
    /// What the group costs a web ACL.
    #[must_use]
    pub fn wcu(&self) -> u64 {
        self.declared.unwrap_or(self.computed)
    }

    fn difference(&self) -> Option<Diagnostic> {
        let declared = self.declared.filter(|&declared| declared < self.computed)?;
        let name = quoted(&self.name);
        let message = format!("the `Capacity` of {name} is {declared}, its rules come to {}", self.computed);
        let diagnostic = Diagnostic { span: self.place.clone(), ..Diagnostic::warning("capacity-differs", message) };
        Some(diagnostic.help("AWS keeps the rules of a group within the capacity it was made with"))
    }
}

/// What the statements of a rule, or of many, cost.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cost {
    wcu: u64,
    /// What of them is a group's that AWS does not have.
    beyond_aws: u64,
    transformations: BTreeSet<(Field, &'static str)>,
    /// A statement could not be read, or refers to a group nobody knows the price of.
    unknown: bool,
}

impl Cost {
    /// Adds capacity units.
    pub(crate) fn add(&mut self, wcu: u64) {
        self.wcu = self.wcu.saturating_add(wcu);
    }

    /// Adds capacity units of a group that AWS does not have.
    pub(crate) fn add_beyond_aws(&mut self, wcu: u64) {
        self.add(wcu);
        self.beyond_aws = self.beyond_aws.saturating_add(wcu);
    }

    /// Adds a statement that looks at a component of the request: its own cost, what the component makes of it, and
    /// the transformations that are not paid for yet.
    pub(crate) fn add_test(&mut self, base_wcu: u64, members: Members<'_>, field: &Field) {
        let component = members.get("FieldToMatch");
        let has = |name| component.is_some_and(|node| node.get(name).is_some());
        self.add(if has("JsonBody") { base_wcu.saturating_mul(2) } else { base_wcu });
        if has("AllQueryArguments") {
            self.add(ALL_QUERY_ARGUMENTS_WCU);
        }
        let applied = |name| members.get(name).and_then(Node::as_array).into_iter().flatten().filter_map(kind);
        // "Using pre-parse text transformations in AWS WAF": ten units to the statement, each.
        for _ in applied("PreParseTextTransformations").filter(|name| *name != "NONE") {
            self.add(TRANSFORMATION_WCU);
        }
        for name in applied("TextTransformations") {
            let known = transformation::names().find(|(known, transform)| *known == name && transform.is_some());
            self.transformations.extend(known.map(|(known, _)| (field.clone(), known)));
        }
    }

    /// Says that what is added so far is not all.
    pub(crate) fn set_unknown(&mut self) {
        self.unknown = true;
    }

    /// The cost of many rules together.
    pub(crate) fn sum<'c>(costs: impl IntoIterator<Item = &'c Self>) -> Self {
        let mut sum = Self::default();
        for cost in costs {
            sum.add(cost.wcu);
            sum.beyond_aws = sum.beyond_aws.saturating_add(cost.beyond_aws);
            sum.transformations.extend(cost.transformations.iter().cloned());
            sum.unknown |= cost.unknown;
        }
        sum
    }

    /// The sum, in capacity units, if all of it is known.
    pub(crate) fn wcu(&self) -> Option<u64> {
        let transformations = TRANSFORMATION_WCU.saturating_mul(self.transformations.len() as u64);
        (!self.unknown).then(|| self.wcu.saturating_add(transformations))
    }
}

/// Puts a web ACL's capacity together, if the price of each of its rules is known.
pub(crate) fn of_web_acl(
    members: Members<'_>,
    costs: &[(String, Cost)],
    resources: &Resources<'_>,
    report: &mut Report,
) -> Option<Capacity> {
    let (declared, place) = declared(members, report);
    let sum = Cost::sum(costs.iter().map(|(_, cost)| cost));
    let (total, beyond_aws) = (sum.wcu()?, sum.beyond_aws);
    let rules = costs.iter().map(|(name, cost)| Some(RuleCapacity { name: name.clone(), wcu: cost.wcu()? }));
    let rules = rules.collect::<Option<_>>()?;
    Some(Capacity { total, beyond_aws, declared, rules, groups: resources.group_capacities(), place: Some(place) })
}

/// Reads the `Capacity` of a web ACL or group, and where to point at it.
pub(crate) fn declared(members: Members<'_>, report: &mut Report) -> (Option<u64>, Span) {
    let node = members.get("Capacity");
    let declared = node.and_then(|node| integer(node, 0..=i64::from(u32::MAX), report)).map(i64::unsigned_abs);
    (declared, node.unwrap_or(members.node()).span())
}

/// The kind of a transformation, as written.
fn kind(node: Node<'_>) -> Option<&str> {
    node.get("Type")?.as_str()
}
