//! What happens when a link matches, resolved.

use super::names::Slot;
use super::target::TargetPlan;
use super::text::TextPlan;
use crate::ir::phased::{Control, Store};

/// What happens for each value that matches.
#[derive(Debug)]
pub(in crate::transaction) enum EffectPlan {
    /// A `TX` variable whose name stands in the rule.
    SetSlot { slot: Slot, change: ChangePlan },
    /// A variable of any collection.
    Set { store: Store, name: TextPlan, change: ChangePlan },
    /// `expirevar`.
    Expire { store: Store, name: TextPlan, after_s: TextPlan },
    /// `deprecatevar`.
    Deprecate { store: Store, name: TextPlan, by: u64, every_s: u64 },
    /// `initcol` and its kin.
    Initialize { store: Store, key: TextPlan },
}

/// What a variable becomes.
#[derive(Debug)]
pub(in crate::transaction) enum ChangePlan {
    /// A number in its usual form.
    ToNumber(i64),
    To(TextPlan),
    /// Larger by so much times this: 1 or -1.
    Add(Addend, i64),
    Unset,
}

/// By how much a variable changes.
#[derive(Debug)]
pub(in crate::transaction) enum Addend {
    Number(i64),
    Text(TextPlan),
}

/// `ctl`: what happens once, when the whole rule matches.
#[derive(Debug)]
pub(in crate::transaction) enum ControlPlan {
    /// Needs nothing resolved.
    Plain(Control),
    /// These rules do not run: a number of [`Selection`].
    RemoveRules(usize),
    /// A number of [`TargetRemoval`].
    RemoveTarget(usize),
}

/// Rules, chosen when rules were loaded.
#[derive(Debug, Default)]
pub(in crate::transaction) struct Selection {
    /// By index of rule.
    pub(in crate::transaction) rules: RuleBits,
    /// Chosen by texts with macros, which are known only when the rule runs.
    pub(in crate::transaction) by_text: Vec<u32>,
    /// How such a text is chosen.
    pub(in crate::transaction) chosen: Option<ChosenText>,
}

impl Selection {
    /// Whether a rule is chosen if its texts, as they are when it runs, are.
    pub(in crate::transaction) fn may_choose_by_text(&self, rule: usize) -> bool {
        u32::try_from(rule).is_ok_and(|rule| self.by_text.binary_search(&rule).is_ok())
    }
}

/// How a text with macros is chosen.
#[derive(Debug)]
pub(in crate::transaction) struct ChosenText {
    pub(in crate::transaction) of: TextKind,
    pub(in crate::transaction) pattern: TextPattern,
}

/// Which of a rule's texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::transaction) enum TextKind {
    Tag,
    Message,
}

/// What a tag or message is held against: the whole of it, or an expression if it is written as one.
#[derive(Debug)]
pub(in crate::transaction) enum TextPattern {
    Exact(Box<[u8]>),
    Pattern(crate::transaction::Pattern),
}

/// A target that some rules leave out.
#[derive(Debug)]
pub(in crate::transaction) struct TargetRemoval {
    pub(in crate::transaction) selection: Selection,
    pub(in crate::transaction) target: TargetPlan,
}

/// A set of rules, by index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::transaction) struct RuleBits(Vec<u64>);

impl RuleBits {
    pub(in crate::transaction) fn clear(&mut self) {
        self.0.clear();
    }

    pub(in crate::transaction) fn insert(&mut self, rule: usize) {
        if self.0.len() <= rule / 64 {
            self.0.resize(rule / 64 + 1, 0);
        }
        self.0[rule / 64] |= 1 << (rule % 64);
    }

    pub(in crate::transaction) fn contains(&self, rule: usize) -> bool {
        self.0.get(rule / 64).is_some_and(|bits| bits & (1 << (rule % 64)) != 0)
    }

    pub(in crate::transaction) fn extend(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (bits, more) in self.0.iter_mut().zip(&other.0) {
            *bits |= more;
        }
    }
}
