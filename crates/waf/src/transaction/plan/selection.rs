//! Rules that `ctl` names, chosen when rules are loaded.

use super::effect::{ChosenText, RuleBits, Selection, TextKind, TextPattern};
use crate::ir::phased::{Item, PhasedPolicy, PhasedRule, RuleSelection, Text};
use crate::transaction::{OperatorCompiler, OperatorError, OperatorMemory};

/// What an expression is written with.
const EXPRESSION_SIGNS: &[char] = &['\\', '^', '$', '.', '|', '?', '*', '+', '(', ')', '[', ']', '{', '}'];

/// Chooses rules.
///
/// ModSecurity 3 takes the tag or message for the whole text, ModSecurity 2 for an expression. Here it is an expression if
/// it is written as one, and the whole text in any case.
pub(super) fn select(
    policy: &PhasedPolicy,
    selection: &RuleSelection,
    operators: &mut OperatorCompiler,
) -> Result<Selection, OperatorError> {
    let rules = policy.items.iter().filter_map(|item| match item {
        Item::Rule(rule) => Some(&**rule),
        Item::Marker(_) => None,
    });
    let (of, text) = match selection {
        RuleSelection::Ids(ranges) => {
            let mut chosen = Selection::default();
            for (index, rule) in rules.enumerate() {
                if ranges.iter().any(|range| range.contains(rule.id)) {
                    chosen.rules.insert(index);
                }
            }
            return Ok(chosen);
        }
        RuleSelection::Tag(text) => (TextKind::Tag, text),
        RuleSelection::Message(text) => (TextKind::Message, text),
    };
    let pattern = TextPattern::new(text, operators)?;
    let mut memory = OperatorMemory::default();
    let mut bits = RuleBits::default();
    let mut by_text = Vec::new();
    for (index, rule) in rules.enumerate() {
        let mut texts = texts(rule, of);
        if texts.any(|text| text.as_literal().is_some_and(|text| pattern.chooses(text.as_bytes(), &mut memory))) {
            bits.insert(index);
        } else if self::texts(rule, of).any(|text| text.as_literal().is_none()) {
            by_text.push(u32::try_from(index).expect("fewer rules than bytes of rules"));
        }
    }
    Ok(Selection { rules: bits, by_text, chosen: Some(ChosenText { of, pattern }) })
}

fn texts(rule: &PhasedRule, of: TextKind) -> impl Iterator<Item = &Text> {
    let (tags, message) = match of {
        TextKind::Tag => (rule.metadata.tags.as_slice(), None),
        TextKind::Message => (&[][..], rule.metadata.message.as_ref()),
    };
    tags.iter().chain(message)
}

impl TextPattern {
    fn new(text: &str, operators: &mut OperatorCompiler) -> Result<Self, OperatorError> {
        Ok(if text.contains(EXPRESSION_SIGNS) {
            Self::Pattern(operators.pattern(&format!("(?i){text}"))?)
        } else {
            Self::Exact(text.as_bytes().into())
        })
    }

    /// Whether it chooses this tag or message.
    pub(in crate::transaction) fn chooses(&self, text: &[u8], memory: &mut OperatorMemory) -> bool {
        match self {
            Self::Exact(exact) => **exact == *text,
            Self::Pattern(pattern) => pattern.is_match(text, memory),
        }
    }
}
