//! What a test looks at, resolved.

use std::sync::OnceLock;

use super::names::Slot;
use crate::ir::phased::{Selector, Target, Variable, VariableKind};
use crate::transaction::{Pattern, Source};

/// A target of a test.
#[derive(Debug)]
pub(in crate::transaction) struct TargetPlan {
    pub(in crate::transaction) variable: Variable,
    /// `&`.
    pub(in crate::transaction) count: bool,
    pub(in crate::transaction) place: PlacePlan,
    pub(in crate::transaction) selector: SelectorPlan,
    /// Members of the same variable that the test leaves out.
    pub(in crate::transaction) exclusions: Box<[SelectorPlan]>,
    /// What logs call it, without the name of a member that is looked at: `ARGS`, `XML:/*`; of a count all of it, `ARGS:q`.
    pub(in crate::transaction) label: Box<str>,
    /// Of the `TX` variables that rules name, those the selector chooses: found out when they are first looked at.
    pub(in crate::transaction) slots: OnceLock<Box<[Slot]>>,
}

/// Where values come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::transaction) enum PlacePlan {
    /// The store, which does not change within a phase.
    Store(Source),
    /// One `TX` variable.
    Slot(Slot),
    /// What rules change while they run.
    Changing,
}

/// Which members.
#[derive(Debug)]
pub(in crate::transaction) enum SelectorPlan {
    All,
    /// In any ASCII case.
    Name(Box<[u8]>),
    /// In any case.
    Pattern(Box<Pattern>),
}

impl TargetPlan {
    /// Whether its members have names.
    pub(in crate::transaction) fn is_collection(&self) -> bool {
        self.variable.kind() == VariableKind::Collection && self.variable != Variable::Xml
    }
}

/// What logs call a target.
pub(super) fn label(target: &Target) -> Box<str> {
    let name = target.variable.name();
    match &target.selector {
        Some(Selector::XmlText) => format!("{name}:/*"),
        Some(Selector::XmlAttributes) => format!("{name}://@*"),
        Some(Selector::XmlPath(path)) => format!("{name}:{}", path.written),
        Some(Selector::Name(member)) if target.count => format!("{name}:{member}"),
        _ => name.to_owned(),
    }
    .into()
}

/// Whether an exclusion has to do with a target at all.
pub(super) fn concerns(exclusion: &Target, target: &Target) -> bool {
    exclusion.variable == target.variable
        && !target.count
        && (target.variable != Variable::Xml || exclusion.selector.is_none() || exclusion.selector == target.selector)
}
