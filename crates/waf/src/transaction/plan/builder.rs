//! Resolves a policy.

use std::sync::OnceLock;

use super::chain::Chains;
use super::effect::{Addend, ChangePlan, ControlPlan, EffectPlan, Selection, TargetRemoval};
use super::gate::Gate;
use super::names::Names;
use super::target::{PlacePlan, SelectorPlan, TargetPlan, concerns, label};
use super::text::{PiecePlan, TextPlan};
use super::{LinkPlan, NumberTest, Prefilter, Program, RulePlan, TestPlan, order, selection};
use crate::Limits;
use crate::ir::phased::{
    Change, Control, Disruptive, Effect, Item, Link, PhasedOperator, PhasedPolicy, PhasedRule, PhasedTest, Piece,
    RuleSelection, Selector, Store, Target, Text, Variable, XmlPath,
};
use crate::transaction::body::chosen_name;
use crate::transaction::number::exact_number;
use crate::transaction::{OperatorCompiler, OperatorError, PhasedCompileError, Source};
use crate::transform::UnicodeMap;

/// Resolves a policy.
pub(in crate::transaction) fn compile(policy: &PhasedPolicy, limits: &Limits) -> Result<Program, PhasedCompileError> {
    let mut builder = Builder::new(policy, limits);
    builder.name_what_is_set();
    let limits_exceeded = builder.names.intern("MSC_PCRE_LIMITS_EXCEEDED");
    let mut rules = Vec::new();
    for (item, kind) in policy.items.iter().enumerate() {
        if let Item::Rule(rule) = kind {
            let plan = builder.rule(item, rules.len(), rule)?;
            rules.push(plan);
        }
    }
    let mut links = builder.links;
    if builder.looks_back {
        links.iter_mut().for_each(|link| link.keeps_matched = true);
    }
    let prefilter = Prefilter::new(policy, &rules, &links, &builder.chains);
    let gate = |rule: usize| Gate::of(&rules[rule], &links, &prefilter);
    Ok(Program {
        phases: order::phases(policy, gate),
        prefilter,
        names: builder.names,
        chains: builder.chains,
        rules: rules.into(),
        links: links.into(),
        selections: builder.selections,
        removals: builder.removals,
        limits_exceeded,
        full_request: builder.full_request,
        xml_paths: builder.xml_paths,
    })
}

struct Builder<'p> {
    policy: &'p PhasedPolicy,
    names: Names,
    chains: Chains,
    operators: OperatorCompiler,
    links: Vec<LinkPlan>,
    selections: Vec<Selection>,
    removals: Vec<TargetRemoval>,
    full_request: bool,
    xml_paths: Vec<XmlPath>,
    /// Whether the rule at hand looks at all values that matched.
    looks_at_matched: bool,
    /// Whether any rule does so in its first link: at what another rule matched.
    looks_back: bool,
}

impl<'p> Builder<'p> {
    fn new(policy: &'p PhasedPolicy, limits: &Limits) -> Self {
        Self {
            policy,
            names: Names::new(),
            chains: Chains::new(UnicodeMap::new(&policy.settings.unicode_map)),
            operators: OperatorCompiler::backtracking(limits, policy.settings.backtracking_steps_max),
            links: Vec::new(),
            selections: Vec::new(),
            removals: Vec::new(),
            full_request: false,
            xml_paths: Vec::new(),
            looks_at_matched: false,
            looks_back: false,
        }
    }

    /// Numbers the variables that rules set before those they only look at, so that they are called what they were called
    /// when they were set.
    fn name_what_is_set(&mut self) {
        let rules = self.policy.items.iter().filter_map(|item| match item {
            Item::Rule(rule) => Some(rule),
            Item::Marker(_) => None,
        });
        for effect in rules.flat_map(|rule| &rule.links).flat_map(|link| &link.effects) {
            if let Effect::Set { store: Store::Tx, name, .. } = effect
                && let Some(name) = name.as_literal()
            {
                self.names.intern(name);
            }
        }
    }

    fn rule(&mut self, item: usize, index: usize, rule: &PhasedRule) -> Result<RulePlan, PhasedCompileError> {
        let failed = |source| PhasedCompileError::Operator { rule: rule.id, source: Box::new(source) };
        if rule.links.is_empty() {
            return Err(PhasedCompileError::NoLinks { rule: rule.id });
        }
        self.looks_at_matched = false;
        let first = self.links.len();
        for (position, link) in rule.links.iter().enumerate() {
            let plan = self.link(index, link).map_err(failed)?;
            self.links.push(plan);
            let looks_back = |test: &PhasedTest| test.targets.iter().any(|target| is_matched(target.variable));
            self.looks_back |= position == 0 && link.test.as_ref().is_some_and(looks_back);
        }
        let mut controls = Vec::new();
        for link in rule.links.iter().rev() {
            for effect in &link.effects {
                if let Effect::Control(control) = effect {
                    controls.push(self.control(control).map_err(failed)?);
                }
            }
        }
        let plan = self.texts(item, first, controls, rule).map_err(failed)?;
        for link in &mut self.links[first..] {
            link.keeps_matched = self.looks_at_matched;
        }
        Ok(plan)
    }

    fn texts(
        &mut self,
        item: usize,
        first: usize,
        controls: Vec<ControlPlan>,
        rule: &PhasedRule,
    ) -> Result<RulePlan, OperatorError> {
        let tags: Vec<_> = rule.metadata.tags.iter().map(|tag| self.text(tag)).collect::<Result<_, _>>()?;
        let tags = (!tags.iter().all(TextPlan::is_literal)).then(|| tags.into());
        let message = rule.metadata.message.as_ref().map(|text| self.text(text)).transpose()?;
        let redirect = match &rule.disruptive {
            Disruptive::Redirect(text) => Some(self.text(text)?),
            _ => None,
        };
        let has_text_macros = tags.is_some() || message.as_ref().is_some_and(|text| !text.is_literal());
        let links = first..self.links.len();
        Ok(RulePlan { item, links, controls: controls.into(), redirect, message, tags, has_text_macros })
    }

    fn link(&mut self, rule: usize, link: &Link) -> Result<LinkPlan, OperatorError> {
        let test = link.test.as_ref().map(|test| self.test(test)).transpose()?;
        let mut effects = Vec::new();
        for effect in &link.effects {
            effects.extend(self.effect(effect)?);
        }
        Ok(LinkPlan {
            rule,
            test,
            effects: effects.into(),
            capture: link.capture && link.test.as_ref().is_some_and(|test| !test.negated),
            multi_match: link.multi_match,
            log_data: link.log_data.as_ref().map(|text| self.text(text)).transpose()?,
            message: link.message.as_ref().map(|text| self.text(text)).transpose()?,
            keeps_matched: false,
        })
    }

    fn test(&mut self, test: &PhasedTest) -> Result<TestPlan, OperatorError> {
        let targets = test.targets.iter().map(|target| self.target(target, &test.exclusions));
        let targets = targets.collect::<Result<Vec<_>, _>>()?.into();
        let operator = self.operators.compile(&test.operator)?;
        let operand = operator.text().cloned().map(|text| match operator.is_expression() {
            true => self.expression(&text),
            false => self.text(&text),
        });
        let operand = operand.transpose()?;
        let number = match &test.operator {
            PhasedOperator::Number { comparison, than } if test.transforms.is_empty() => {
                Some(NumberTest { comparison: *comparison, than: self.addend(than)? })
            }
            _ => None,
        };
        let chain = self.chains.add(&test.transforms);
        let locates = matches!(test.operator, PhasedOperator::GeoLookup) && !test.negated;
        Ok(TestPlan { targets, chain, operator, operand, number, negated: test.negated, locates })
    }

    fn target(&mut self, target: &Target, exclusions: &[Target]) -> Result<TargetPlan, OperatorError> {
        self.looks_at_matched |= is_matched(target.variable);
        self.full_request |= matches!(target.variable, Variable::FullRequest | Variable::FullRequestLength);
        let place = match (target.variable, &target.selector) {
            (Variable::Tx, Some(Selector::Name(name))) => PlacePlan::Slot(self.names.intern(name)),
            (variable, selector) => match Source::of(variable, selector.as_ref()) {
                Some(source) => PlacePlan::Store(source),
                None => PlacePlan::Changing,
            },
        };
        let excluded = exclusions.iter().filter(|exclusion| concerns(exclusion, target));
        let exclusions = excluded.map(|exclusion| self.selector(exclusion.selector.as_ref()));
        Ok(TargetPlan {
            variable: target.variable,
            count: target.count,
            place,
            exclusions: exclusions.collect::<Result<_, _>>()?,
            selector: self.selector(target.selector.as_ref())?,
            label: label(target),
            slots: OnceLock::new(),
        })
    }

    fn selector(&mut self, selector: Option<&Selector>) -> Result<SelectorPlan, OperatorError> {
        Ok(match selector {
            Some(Selector::Name(name)) => SelectorPlan::Name(name.as_bytes().into()),
            Some(Selector::Regex(pattern)) => {
                SelectorPlan::Pattern(Box::new(self.operators.pattern(&format!("(?i){pattern}"))?))
            }
            Some(Selector::XmlPath(path)) => SelectorPlan::Name(chosen_name(self.xml_path(path))),
            None | Some(Selector::XmlText | Selector::XmlAttributes) => SelectorPlan::All,
        })
    }

    /// The number of an expression that chooses a part of XML.
    fn xml_path(&mut self, path: &XmlPath) -> usize {
        let known = self.xml_paths.iter().position(|known| known.steps == path.steps);
        known.unwrap_or_else(|| {
            self.xml_paths.push(path.clone());
            self.xml_paths.len() - 1
        })
    }

    /// Text that is a regular expression: what rules set is a part of it, what comes of the request is taken literally.
    fn expression(&mut self, text: &Text) -> Result<TextPlan, OperatorError> {
        let pieces = match self.text(text)? {
            TextPlan::Literal(literal) => return Ok(TextPlan::Literal(literal)),
            TextPlan::Slot(slot) => Box::new([PiecePlan::Slot(slot)]),
            TextPlan::Pieces(pieces) => pieces,
        };
        let literally =
            |piece: PiecePlan| if piece.is_set_by_rules() { piece } else { PiecePlan::Literally(Box::new(piece)) };
        Ok(TextPlan::Pieces(pieces.into_iter().map(literally).collect()))
    }

    fn text(&mut self, text: &Text) -> Result<TextPlan, OperatorError> {
        if let Some(literal) = text.as_literal() {
            return Ok(TextPlan::Literal(literal.as_bytes().into()));
        }
        let mut pieces = Vec::with_capacity(text.0.len());
        for piece in &text.0 {
            pieces.push(match piece {
                Piece::Literal(literal) => PiecePlan::Literal(literal.as_bytes().into()),
                Piece::Value(target) => {
                    let target = self.target(target, &[])?;
                    match target.place {
                        PlacePlan::Slot(slot) if !target.count => PiecePlan::Slot(slot),
                        _ => PiecePlan::Value(Box::new(target)),
                    }
                }
            });
        }
        Ok(match pieces.as_slice() {
            [PiecePlan::Slot(slot)] => TextPlan::Slot(*slot),
            _ => TextPlan::Pieces(pieces.into()),
        })
    }

    fn addend(&mut self, text: &Text) -> Result<Addend, OperatorError> {
        Ok(match self.text(text)? {
            TextPlan::Literal(literal) => Addend::Number(crate::operator::number::parse(&literal)),
            text => Addend::Text(text),
        })
    }

    /// None for what happens only when the whole rule matches.
    fn effect(&mut self, effect: &Effect) -> Result<Option<EffectPlan>, OperatorError> {
        Ok(Some(match effect {
            Effect::Set { store, name, change } => {
                let change = self.change(change)?;
                match (store, name.as_literal()) {
                    (Store::Tx, Some(name)) => EffectPlan::SetSlot { slot: self.names.intern(name), change },
                    _ => EffectPlan::Set { store: *store, name: self.text(name)?, change },
                }
            }
            Effect::Expire { store, name, after_s } => {
                EffectPlan::Expire { store: *store, name: self.text(name)?, after_s: self.text(after_s)? }
            }
            Effect::Deprecate { store, name, by, every_s } => {
                EffectPlan::Deprecate { store: *store, name: self.text(name)?, by: *by, every_s: *every_s }
            }
            Effect::Initialize { store, key } => EffectPlan::Initialize { store: *store, key: self.text(key)? },
            Effect::Control(_) => return Ok(None),
        }))
    }

    fn change(&mut self, change: &Change) -> Result<ChangePlan, OperatorError> {
        Ok(match change {
            Change::To(text) => match self.text(text)? {
                TextPlan::Literal(literal) => match exact_number(&literal) {
                    Some(number) => ChangePlan::ToNumber(number),
                    None => ChangePlan::To(TextPlan::Literal(literal)),
                },
                text => ChangePlan::To(text),
            },
            Change::Add(text) => ChangePlan::Add(self.addend(text)?, 1),
            Change::Subtract(text) => ChangePlan::Add(self.addend(text)?, -1),
            Change::Unset => ChangePlan::Unset,
        })
    }

    fn control(&mut self, control: &Control) -> Result<ControlPlan, OperatorError> {
        Ok(match control {
            Control::RemoveRules(rules) => {
                let selection = self.select(rules)?;
                self.selections.push(selection);
                ControlPlan::RemoveRules(self.selections.len() - 1)
            }
            Control::RemoveTarget { rules, target } => {
                let (selection, target) = (self.select(rules)?, self.target(target, &[])?);
                self.removals.push(TargetRemoval { selection, target });
                ControlPlan::RemoveTarget(self.removals.len() - 1)
            }
            plain => ControlPlan::Plain(plain.clone()),
        })
    }

    fn select(&mut self, rules: &RuleSelection) -> Result<Selection, OperatorError> {
        selection::select(self.policy, rules, &mut self.operators)
    }
}

fn is_matched(variable: Variable) -> bool {
    matches!(variable, Variable::MatchedVars | Variable::MatchedVarsNames)
}
