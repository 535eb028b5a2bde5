//! Rules as written, before defaults, updates and removals.

use sekisho_model::{Diagnostic, Span};
use sekisho_waf::ir::phased::{IdRange, Phase, Piece, Place, Text};

use super::action::{Actions, Placed};
use super::operator::Test;
use super::target::Targets;

/// A rule or a marker, in the order of files.
#[derive(Debug)]
pub(super) enum Draft {
    Rule(Box<DraftRule>),
    Marker(String),
}

/// A rule and its chain.
#[derive(Debug)]
pub(super) struct DraftRule {
    /// Never empty.
    pub(super) links: Vec<DraftLink>,
    pub(super) place: Place,
    /// What the engine cannot honour in it: no matter if the rule is removed.
    pub(super) unhonoured: Vec<Diagnostic>,
}

impl DraftRule {
    pub(super) fn id(&self) -> Option<u64> {
        self.starter().and_then(|actions| actions.id.as_ref()).map(|id| id.value)
    }

    /// The phase it runs in: the second if it names none.
    pub(super) fn phase(&self) -> Phase {
        self.starter().and_then(|actions| actions.phase.as_ref()).map_or(Phase::RequestBody, |phase| phase.value)
    }

    pub(super) fn starter(&self) -> Option<&Actions> {
        self.links.first().map(|link| &link.actions)
    }
}

/// One link as written.
#[derive(Debug)]
pub(super) struct DraftLink {
    /// `None` for `SecAction`.
    pub(super) test: Option<DraftTest>,
    pub(super) actions: Actions,
}

/// Values held against an operator, as written.
#[derive(Debug)]
pub(super) struct DraftTest {
    pub(super) targets: Targets,
    pub(super) test: Test,
}

/// Which rules an update or a removal is for.
#[derive(Debug)]
pub(super) enum Chosen {
    /// By number; and which link of the chain, from 0.
    Ids(Vec<(IdRange, Span)>, usize),
    Tag(Naming),
    Message(Naming),
}

/// How a tag or a message is named: ModSecurity 3 takes the text as a whole, ModSecurity 2 as an expression. It is an
/// expression here if it is written as one, and the whole text in any case.
#[derive(Debug)]
pub(super) struct Naming {
    pub(super) text: String,
    pub(super) expression: Option<regex::Regex>,
}

impl Naming {
    fn holds(&self, text: &str) -> bool {
        self.text == text || self.expression.as_ref().is_some_and(|expression| expression.is_match(text))
    }
}

impl Chosen {
    pub(super) fn holds(&self, rule: &DraftRule) -> bool {
        match self {
            Self::Ids(ranges, _) => rule.id().is_some_and(|id| ranges.iter().any(|(range, _)| range.contains(id))),
            Self::Tag(naming) => {
                rule.links.iter().flat_map(|link| &link.actions.tags).any(|tag| naming.holds(&as_written(&tag.value)))
            }
            Self::Message(naming) => {
                let messages = rule.links.iter().filter_map(|link| link.actions.message.as_ref());
                messages.map(|Placed { value, .. }| value).any(|message| naming.holds(&as_written(message)))
            }
        }
    }

    /// Which link of a chain is meant.
    pub(super) fn link(&self) -> usize {
        match self {
            Self::Ids(_, link) => *link,
            _ => 0,
        }
    }
}

/// A text with its macros as a rule writes them.
pub(super) fn as_written(text: &Text) -> String {
    let mut written = String::new();
    for piece in &text.0 {
        match piece {
            Piece::Literal(literal) => written.push_str(literal),
            Piece::Value(target) => {
                written.push_str("%{");
                written.push_str(target.variable.name());
                if let Some(sekisho_waf::ir::phased::Selector::Name(name)) = &target.selector {
                    written.push('.');
                    written.push_str(name);
                }
                written.push('}');
            }
        }
    }
    written
}

/// A change of rules that stand elsewhere. It holds for all rules of a load, whether they stand before it or after it.
#[derive(Debug)]
pub(super) enum Amendment {
    Remove(Chosen),
    Targets {
        chosen: Chosen,
        targets: Targets,
        /// What is taken away, if the targets come in its place.
        replaced: Option<Targets>,
    },
    Actions {
        chosen: Chosen,
        actions: Box<Actions>,
    },
}
