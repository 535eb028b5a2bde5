//! What a language of phases lowers into: rules that run in the order of their files, phase by phase, and change what the
//! rules after them see.
//!
//! ModSecurity's SecLang is the one language of this kind. Everything a loader can decide is decided here: default actions
//! are merged, updates and removals applied, files of phrases and addresses read. What is left depends on a transaction.
//!
//! Source: ModSecurity Reference Manual (v2.x and v3.x).

mod action;
mod group;
mod operator;
mod settings;
mod text;
mod variable;
mod xml_path;

use std::sync::Arc;

use crate::transform::Transform;

pub use action::{
    AllowScope, Change, Control, Disruptive, Effect, Flow, IdRange, Metadata, PartsChange, RuleSelection, Store,
};
pub use group::{PhasedGroup, PhasedMatch};
pub use operator::{PhasedOperator, TextTest};
pub use settings::{
    AuditEngine, AuditFormat, AuditParts, AuditSettings, AuditStorage, BodyProcessor, CollectionTimeouts, EngineMode,
    OverLimit, PhasedSettings, RequestBodySettings, ResponseBodySettings, SanitisedPart, XmlIntoArgs,
};
pub use text::{Piece, Text};
pub use variable::{Selector, Target, Variable, VariableKind};
pub use xml_path::{XML_PATH_STEPS_MAX, XmlName, XmlNode, XmlPath, XmlStep};

/// Rules and markers in the order of their files, and the settings they run under.
#[derive(Debug, Clone, Default)]
pub struct PhasedPolicy {
    /// In the order they run within their phase.
    pub items: Vec<Item>,
    /// What is set once for all.
    pub settings: PhasedSettings,
}

/// One thing in the order of rules.
#[derive(Debug, Clone)]
pub enum Item {
    /// A rule, its whole chain included.
    Rule(Box<PhasedRule>),
    /// A place to skip to.
    Marker(String),
}

/// When a rule runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// 1: the request's head is known.
    RequestHeaders,
    /// 2: the request's body is known.
    RequestBody,
    /// 3: the response's head is known.
    ResponseHeaders,
    /// 4: the response's body is known.
    ResponseBody,
    /// 5: all is over; nothing can be stopped any more.
    Logging,
}

impl Phase {
    /// All, in the order they run.
    pub const ALL: [Self; 5] =
        [Self::RequestHeaders, Self::RequestBody, Self::ResponseHeaders, Self::ResponseBody, Self::Logging];

    /// 1 to 5.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8 + 1
    }
}

/// A rule: one link, or a chain of links that must all match.
#[derive(Debug, Clone)]
pub struct PhasedRule {
    /// Its number, by which people know it. Unique in a policy.
    pub id: u64,
    /// When it runs.
    pub phase: Phase,
    /// Never empty; more than one is a chain.
    pub links: Vec<Link>,
    /// What becomes of the transaction if all links match.
    pub disruptive: Disruptive,
    /// The status of a refusal; 403 if not given.
    pub status: Option<u16>,
    /// Where the run goes on if all links match.
    pub flow: Flow,
    /// What logs say of it.
    pub metadata: Metadata,
    /// Whether a match goes to the error log.
    pub log: bool,
    /// Whether a match makes the transaction relevant to the audit log.
    pub audit_log: bool,
    /// Where it stands.
    pub place: Place,
}

/// Where something stands in a rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as it was named.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u32,
}

/// One link of a chain.
#[derive(Debug, Clone)]
pub struct Link {
    /// What must hold; `None` for `SecAction`, which always does.
    pub test: Option<PhasedTest>,
    /// What happens for each value that matches, whatever becomes of the rest of the chain.
    pub effects: Vec<Effect>,
    /// Whether the operator's groups go to `TX:0` to `TX:9`.
    pub capture: bool,
    /// Whether the operator sees the value after each transformation, not only after the last.
    pub multi_match: bool,
    /// What the error log quotes of a match.
    pub log_data: Option<Text>,
    /// What the error log says of a match of this link, if it says something of its own.
    pub message: Option<Text>,
}

/// Values held against an operator.
#[derive(Debug, Clone)]
pub struct PhasedTest {
    /// What is looked at, in order.
    pub targets: Vec<Target>,
    /// What of it is not.
    pub exclusions: Vec<Target>,
    /// The transformations, in the order they run.
    pub transforms: Vec<Transform>,
    /// What a value is held against.
    pub operator: PhasedOperator,
    /// Whether values match that the operator does not hold for.
    pub negated: bool,
}
