//! What happens when a value matches: variables change.
//!
//! Source: ModSecurity Reference Manual, `setvar`, `expirevar`, `deprecatevar`, `initcol`; numbers as in libmodsecurity
//! 3.0.9, where a variable that is not there counts as 0 and may fall below it.

use super::Run;
use crate::ir::phased::Store as Kept;
use crate::transaction::loaded::expiry;
use crate::transaction::plan::{ChangePlan, EffectPlan, LinkPlan, Slot, TextPlan};
use crate::transaction::state::{Scratch, State};
use crate::transaction::tx::{TxPlace, TxVariables};
use crate::transaction::view::View;
use crate::transaction::{ChangeKind, CollectionKey, TransactionLimits};

impl Run<'_> {
    /// Does what a link does for each value that matches.
    pub(super) fn act(&mut self, link: &LinkPlan) {
        for effect in &link.effects {
            match effect {
                EffectPlan::SetSlot { slot, change } => self.set_slot(link.rule, *slot, change),
                EffectPlan::Set { store, name, change } => {
                    self.write_name(link.rule, name);
                    self.set_named(link.rule, *store, change);
                }
                EffectPlan::Expire { store, name, after_s } => {
                    self.write_name(link.rule, name);
                    self.write_text(link.rule, after_s);
                    let State { changing, scratch: Scratch { name, text, .. }, .. } = &mut *self.state;
                    let kind = ChangeKind::Expire(expiry(self.context.now, text));
                    changing.collections.change(*store, name, kind, &self.rules.limits().transaction);
                }
                EffectPlan::Deprecate { store, name, by, every_s } => {
                    self.write_name(link.rule, name);
                    let State { changing, scratch: Scratch { name, .. }, .. } = &mut *self.state;
                    let limits = &self.rules.limits().transaction;
                    changing.collections.deprecate(*store, name, (*by, *every_s), self.context.now, limits);
                }
                EffectPlan::Initialize { store, key } => {
                    self.write_text(link.rule, key);
                    let State { changing, scratch: Scratch { text, .. }, .. } = &mut *self.state;
                    let key = CollectionKey { store: *store, key: text };
                    changing.collections.initialize(key, self.context.collections, self.context.now);
                }
            }
        }
    }

    /// Expands a text into [`Scratch::text`].
    pub(super) fn write_text(&mut self, rule: usize, text: &TextPlan) {
        let State { store, changing, transformed, operators, scratch, .. } = &mut *self.state;
        let view = View::new(self.rules, self.context.now, (store, changing, transformed), rule);
        scratch.text.clear();
        view.write_text(text, operators, &mut scratch.text);
    }

    /// Expands a name into [`Scratch::name`], and in lower case into [`Scratch::lower`].
    fn write_name(&mut self, rule: usize, name: &TextPlan) {
        self.write_text(rule, name);
        let Scratch { text, name, lower, .. } = &mut self.state.scratch;
        std::mem::swap(text, name);
        lower.clear();
        lower.extend(name.iter().map(u8::to_ascii_lowercase));
    }

    fn addend(&mut self, rule: usize, change: &ChangePlan) -> Option<i64> {
        let ChangePlan::Add(addend, sign) = change else { return None };
        let State { store, changing, transformed, operators, .. } = &mut *self.state;
        let view = View::new(self.rules, self.context.now, (store, changing, transformed), rule);
        Some(view.number(addend, operators).saturating_mul(*sign))
    }

    /// Writes what a change sets into [`Scratch::text`], unless it is a number or nothing.
    fn write_change(&mut self, rule: usize, change: &ChangePlan) {
        if let ChangePlan::To(text) = change {
            self.write_text(rule, text);
        }
    }

    fn set_slot(&mut self, rule: usize, slot: Slot, change: &ChangePlan) {
        let by = self.addend(rule, change);
        self.write_change(rule, change);
        let State { changing, scratch: Scratch { text, .. }, .. } = &mut *self.state;
        apply(&mut changing.tx, TxPlace::Slot(slot), change, (by, text), &self.rules.limits().transaction);
    }

    /// Changes the variable that [`Scratch::name`] names.
    fn set_named(&mut self, rule: usize, store: Kept, change: &ChangePlan) {
        let by = self.addend(rule, change);
        self.write_change(rule, change);
        let limits = self.limits();
        let names = (store == Kept::Tx).then(|| &self.rules.program().names);
        let State { changing, scratch: Scratch { name, lower, text, .. }, .. } = &mut *self.state;
        let variables = match store {
            Kept::Tx => &mut changing.tx,
            Kept::Env => &mut changing.env,
            _ => {
                let kind = match change {
                    ChangePlan::ToNumber(number) => ChangeKind::Set(number.to_string().into_bytes()),
                    ChangePlan::To(_) => ChangeKind::Set(text.clone()),
                    ChangePlan::Add(..) => ChangeKind::Add(by.unwrap_or(0)),
                    ChangePlan::Unset => ChangeKind::Unset,
                };
                return changing.collections.change(store, name, kind, limits);
            }
        };
        let place = match change {
            ChangePlan::Unset => variables.find(names, lower),
            _ => variables.place(names, name, lower, limits),
        };
        if let Some(place) = place {
            apply(variables, place, change, (by, text), limits);
        }
    }
}

fn apply(
    variables: &mut TxVariables,
    place: TxPlace,
    change: &ChangePlan,
    (by, text): (Option<i64>, &[u8]),
    limits: &TransactionLimits,
) {
    match change {
        ChangePlan::ToNumber(number) => variables.set_number(place, *number),
        ChangePlan::To(TextPlan::Slot(_) | TextPlan::Literal(_) | TextPlan::Pieces(_)) => {
            match crate::transaction::number::exact_number(text) {
                Some(number) => variables.set_number(place, number),
                None => variables.set_text(place, text, limits),
            }
        }
        ChangePlan::Add(..) => variables.add(place, by.unwrap_or(0)),
        ChangePlan::Unset => variables.unset(place),
    }
}
