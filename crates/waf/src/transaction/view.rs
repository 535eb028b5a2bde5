//! What rules see of a transaction besides its store: variables that rules change while they run, and texts made of them.

use std::io::Write as _;

use sekisho_model::Timestamp;

use super::clock_variables::write_time;
use super::loaded::Loaded;
use super::matched_values::MatchedValues;
use super::number::write_number;
use super::operator::write_literally;
use super::plan::{Addend, PiecePlan, PlacePlan, Program, SelectorPlan, Slot, TargetPlan, TextPlan};
use super::transformed::Transformed;
use super::tx::TxVariables;
use super::{OperatorMemory, PhasedRules, Store};
use crate::PlaceSource;
use crate::ir::phased::{PhasedPolicy, Store as Kept, Variable, VariableKind};
use crate::operator::number::parse;

/// What rules change while they run.
#[derive(Debug, Default)]
pub(super) struct Changing {
    pub(super) tx: TxVariables,
    pub(super) env: TxVariables,
    pub(super) collections: Loaded,
    pub(super) matched: MatchedValues,
    pub(super) geo: Geo,
    /// The most severe of the rules that matched: the lowest number.
    pub(super) highest_severity: Option<u8>,
    /// When the transaction began.
    pub(super) began: Timestamp,
    /// Whether a search for an expression was given up.
    pub(super) gave_up: bool,
}

/// `GEO`: where the last address looked up is.
#[derive(Debug, Default)]
pub(super) struct Geo {
    pub(super) country: String,
    pub(super) region: String,
}

/// What rules see of a transaction, as one rule sees it.
#[derive(Clone, Copy)]
pub(super) struct View<'v> {
    pub(super) program: &'v Program,
    pub(super) policy: &'v PhasedPolicy,
    pub(super) store: &'v Store,
    pub(super) changing: &'v Changing,
    pub(super) transformed: &'v Transformed,
    pub(super) now: Timestamp,
    /// The rule that looks.
    pub(super) rule: usize,
}

impl SelectorPlan {
    /// Whether a member of this name is chosen.
    pub(super) fn chooses(&self, name: &[u8], memory: &mut OperatorMemory) -> bool {
        match self {
            Self::All => true,
            Self::Name(chosen) => chosen.eq_ignore_ascii_case(name),
            Self::Pattern(pattern) => pattern.is_match(name, memory),
        }
    }
}

impl Geo {
    /// Fills it with what is known of an address.
    pub(super) fn locate(&mut self, address: &[u8], places: &dyn PlaceSource) {
        self.country.clear();
        self.region.clear();
        let place = crate::operator::text::address(address).and_then(|address| places.place(address));
        if let Some(place) = place {
            self.country.push_str(place.country);
            self.region.push_str(place.region.unwrap_or_default());
        }
    }
}

impl<'v> View<'v> {
    pub(super) fn new(
        rules: &'v PhasedRules,
        now: Timestamp,
        (store, changing, transformed): (&'v Store, &'v Changing, &'v Transformed),
        rule: usize,
    ) -> Self {
        Self { program: rules.program(), policy: rules.policy(), store, changing, transformed, now, rule }
    }

    /// Appends a text.
    pub(super) fn write_text(&self, text: &TextPlan, memory: &mut OperatorMemory, out: &mut Vec<u8>) {
        match text {
            TextPlan::Literal(literal) => out.extend_from_slice(literal),
            TextPlan::Slot(slot) => self.changing.tx.slot(*slot).write(out),
            TextPlan::Pieces(pieces) => pieces.iter().for_each(|piece| self.write_piece(piece, memory, out)),
        }
    }

    fn write_piece(&self, piece: &PiecePlan, memory: &mut OperatorMemory, out: &mut Vec<u8>) {
        match piece {
            PiecePlan::Literal(literal) => out.extend_from_slice(literal),
            PiecePlan::Slot(slot) => self.changing.tx.slot(*slot).write(out),
            PiecePlan::Value(target) => self.write_first(target, memory, out),
            PiecePlan::Literally(piece) => {
                let mut value = Vec::new();
                self.write_piece(piece, memory, &mut value);
                write_literally(&value, out);
            }
        }
    }

    /// The number a text begins with.
    pub(super) fn number(&self, addend: &Addend, memory: &mut OperatorMemory) -> i64 {
        match addend {
            Addend::Number(number) => *number,
            Addend::Text(TextPlan::Slot(slot)) => self.changing.tx.slot(*slot).number().unwrap_or(0),
            Addend::Text(text) => {
                let mut written = Vec::new();
                self.write_text(text, memory, &mut written);
                parse(&written)
            }
        }
    }

    /// Appends the first value of a target, or how many there are.
    fn write_first(&self, target: &TargetPlan, memory: &mut OperatorMemory, out: &mut Vec<u8>) {
        if target.count {
            return write_number(self.count(target, memory), out);
        }
        if target.place == PlacePlan::Changing && target.variable.kind() == VariableKind::Scalar {
            self.write_scalar(target.variable, out);
            return;
        }
        self.each(target, memory, &mut |_, value| {
            out.extend_from_slice(value);
            false
        });
    }

    /// How many values a target has.
    pub(super) fn count(&self, target: &TargetPlan, memory: &mut OperatorMemory) -> i64 {
        if let (PlacePlan::Store(source), SelectorPlan::All) = (target.place, &target.selector) {
            return source
                .lists
                .iter()
                .map(|list| i64::try_from(self.store.list(*list).len()).unwrap_or(i64::MAX))
                .sum();
        }
        let mut count = 0;
        self.each(target, memory, &mut |_, _| {
            count += 1;
            true
        });
        count
    }

    /// Calls `each` for the values of a target, with the names of members, until it says to stop. Exclusions are not looked
    /// at.
    pub(super) fn each(
        &self,
        target: &TargetPlan,
        memory: &mut OperatorMemory,
        each: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) {
        match target.place {
            PlacePlan::Store(source) => {
                for value in self.store.of(source) {
                    let name = self.store.name(value);
                    if target.selector.chooses(name, memory) && !each(name, self.store.value(value)) {
                        return;
                    }
                }
            }
            PlacePlan::Slot(slot) => {
                let value = self.changing.tx.slot(slot);
                if value.is_set() {
                    value.lend(|text| each(self.program.names.name(slot), text));
                }
            }
            PlacePlan::Changing => self.each_changing(target, memory, each),
        }
    }

    fn each_changing(
        &self,
        target: &TargetPlan,
        memory: &mut OperatorMemory,
        each: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) {
        if target.variable == Variable::Tx {
            return self.each_of_tx(target, memory, each);
        }
        let mut chosen = |name: &[u8], value: &[u8]| !target.selector.chooses(name, memory) || each(name, value);
        let kept = |store, each: &mut dyn FnMut(&[u8], &[u8]) -> bool| {
            let special = match &target.selector {
                SelectorPlan::Name(name) => Some(&**name),
                _ => None,
            };
            self.changing.collections.each(store, special, self.now, each);
        };
        match target.variable {
            Variable::Env => {
                for (name, value) in self.changing.env.named() {
                    if !value.lend(|text| chosen(name, text)) {
                        return;
                    }
                }
            }
            Variable::Global => kept(Kept::Global, &mut chosen),
            Variable::Ip => kept(Kept::Ip, &mut chosen),
            Variable::Session => kept(Kept::Session, &mut chosen),
            Variable::User => kept(Kept::User, &mut chosen),
            Variable::Resource => kept(Kept::Resource, &mut chosen),
            Variable::MatchedVars | Variable::MatchedVarsNames => {
                let names = target.variable == Variable::MatchedVarsNames;
                self.each_matched(names, &mut chosen);
            }
            Variable::Geo => {
                let Geo { country, region } = &self.changing.geo;
                for (name, value) in [("COUNTRY_CODE", country), ("REGION", region)] {
                    if !value.is_empty() && !chosen(name.as_bytes(), value.as_bytes()) {
                        return;
                    }
                }
            }
            Variable::Rule => self.each_of_rule(&mut chosen),
            variable => {
                let mut text = Vec::new();
                if self.write_scalar(variable, &mut text) {
                    chosen(b"", &text);
                }
            }
        }
    }

    fn each_of_tx(&self, target: &TargetPlan, memory: &mut OperatorMemory, each: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        let (names, tx) = (&self.program.names, &self.changing.tx);
        let is_chosen = |slot: &Slot| target.selector.chooses(names.name(*slot), memory);
        let chosen = target.slots.get_or_init(|| names.slots().filter(is_chosen).collect());
        for slot in chosen {
            let value = tx.slot(*slot);
            if value.is_set() && !value.lend(|text| each(names.name(*slot), text)) {
                return;
            }
        }
        for (name, value) in tx.named() {
            if target.selector.chooses(name, memory) && !value.lend(|text| each(name, text)) {
                return;
            }
        }
    }

    fn each_matched(&self, names: bool, each: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        let matched = &self.changing.matched;
        let mut name = Vec::new();
        for seen in matched.all() {
            name.clear();
            matched.write_name(seen, self.program, self.store, &mut name);
            let value = if names { &name } else { matched.value(seen, self.store, self.transformed) };
            if !each(&name, value) {
                return;
            }
        }
    }

    /// `RULE`: the rule that looks.
    fn each_of_rule(&self, each: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        let rule = self.program.rule(self.policy, self.rule);
        let metadata = &rule.metadata;
        let (id, severity) = (rule.id.to_string(), metadata.severity.map(|severity| severity.to_string()));
        let mut memory = OperatorMemory::default();
        let mut expanded = |text: Option<&TextPlan>| {
            text.map(|text| {
                let mut out = Vec::new();
                self.write_text(text, &mut memory, &mut out);
                out
            })
        };
        let plan = &self.program.rules[self.rule];
        // A message that quotes its own rule's message would never end.
        let message = expanded(plan.message.as_ref().filter(|text| text.is_literal()));
        let log_data = self.program.links[plan.links.start].log_data.as_ref().filter(|text| text.is_literal());
        let log_data = expanded(log_data);
        let members = [
            ("id", Some(id.as_bytes())),
            ("rev", metadata.revision.as_deref().map(str::as_bytes)),
            ("ver", metadata.version.as_deref().map(str::as_bytes)),
            ("severity", severity.as_deref().map(str::as_bytes)),
            ("msg", message.as_deref()),
            ("logdata", log_data.as_deref()),
        ];
        for (name, value) in members {
            if let Some(value) = value
                && !each(name.as_bytes(), value)
            {
                return;
            }
        }
    }

    /// Appends a variable of one value; whether there is one. As in libmodsecurity 3.0.9, what nothing set yet is there, and
    /// empty.
    fn write_scalar(&self, variable: Variable, out: &mut Vec<u8>) -> bool {
        let matched = &self.changing.matched;
        let key = |store| self.changing.collections.key(store).unwrap_or_default();
        match variable {
            Variable::MatchedVar | Variable::MatchedVarName => {
                match matched.last() {
                    Some(seen) if variable == Variable::MatchedVar => {
                        out.extend_from_slice(matched.value(seen, self.store, self.transformed));
                    }
                    Some(seen) => matched.write_name(seen, self.program, self.store, out),
                    None => {}
                }
                true
            }
            Variable::HighestSeverity => {
                write_number(self.changing.highest_severity.map_or(255, i64::from), out);
                true
            }
            Variable::Duration => {
                let microseconds = self.now.since_ms(self.changing.began).saturating_mul(1_000);
                write!(out, "{microseconds}").expect("memory takes whatever is written");
                true
            }
            Variable::ModsecBuild => {
                out.extend_from_slice(MODSEC_BUILD);
                true
            }
            Variable::SessionId => {
                out.extend_from_slice(key(Kept::Session));
                true
            }
            Variable::UserId => {
                out.extend_from_slice(key(Kept::User));
                true
            }
            Variable::WebAppId => {
                out.extend_from_slice(self.policy.settings.web_app_id.as_deref().unwrap_or_default().as_bytes());
                true
            }
            Variable::MscPcreLimitsExceeded => {
                if self.changing.gave_up {
                    out.push(b'1');
                }
                self.changing.gave_up
            }
            variable => write_time(variable, self.now, out),
        }
    }
}

/// `MODSEC_BUILD`: the version of ModSecurity whose behaviour rules may count on, 3.0.9, as ModSecurity writes it.
const MODSEC_BUILD: &[u8] = b"030009100";
