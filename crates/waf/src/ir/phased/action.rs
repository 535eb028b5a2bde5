//! What happens when a rule matches.

use super::{AuditEngine, AuditParts, BodyProcessor, EngineMode, Target, Text, XmlIntoArgs};

/// What becomes of the transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disruptive {
    /// It goes on.
    Pass,
    /// It goes on, and rules are done with it.
    Allow(AllowScope),
    /// It is refused.
    Deny,
    /// Its connection is closed.
    Drop,
    /// The client is sent elsewhere.
    Redirect(Text),
}

/// How far `allow` reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllowScope {
    /// `allow`: all further phases but logging.
    Transaction,
    /// `allow:phase`: the current phase.
    Phase,
    /// `allow:request`: the phases of the request.
    Request,
}

/// Where the run goes on after a match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flow {
    /// With the next rule.
    Next,
    /// `skip`: this many rules (chains count as one) of the phase are left out.
    Skip(u32),
    /// `skipAfter`: after the marker, or the rule, of this name; at the end of the phase if there is none.
    After(String),
}

/// What logs say of a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// `msg`.
    pub message: Option<Text>,
    /// `severity`: 0 (emergency) to 7 (debug).
    pub severity: Option<u8>,
    /// `tag`.
    pub tags: Vec<Text>,
    /// `ver`.
    pub version: Option<String>,
    /// `rev`.
    pub revision: Option<String>,
    /// `maturity`: 1 to 9.
    pub maturity: Option<u8>,
    /// `accuracy`: 1 to 9.
    pub accuracy: Option<u8>,
}

/// A collection that rules write to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Store {
    /// `TX`: ends with the transaction.
    Tx,
    /// `ENV`: ends with the transaction.
    Env,
    /// `GLOBAL`.
    Global,
    /// `IP`.
    Ip,
    /// `SESSION`.
    Session,
    /// `USER`.
    User,
    /// `RESOURCE`.
    Resource,
}

/// What happens for each value that matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// `setvar`, `setenv`.
    Set {
        /// Where.
        store: Store,
        /// The name, looked up without regard to ASCII case.
        name: Text,
        /// What becomes of it.
        change: Change,
    },
    /// `expirevar`: the value goes away after this many seconds.
    Expire {
        /// Where.
        store: Store,
        /// The name.
        name: Text,
        /// Seconds.
        after_s: Text,
    },
    /// `deprecatevar`: the value shrinks by so much every so many seconds.
    Deprecate {
        /// Where.
        store: Store,
        /// The name.
        name: Text,
        /// By how much.
        by: u64,
        /// Every so many seconds.
        every_s: u64,
    },
    /// `initcol`, `setsid`, `setuid`, `setrsc`: from here on the collection is the one kept under this key.
    Initialize {
        /// Which; neither `Tx` nor `Env`.
        store: Store,
        /// The key.
        key: Text,
    },
    /// `ctl`.
    Control(Control),
}

/// What a variable becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// This.
    To(Text),
    /// Larger by so much; what is no number counts as 0.
    Add(Text),
    /// Smaller by so much.
    Subtract(Text),
    /// Nothing.
    Unset,
}

/// `ctl`: what changes for the rest of this transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// Whether it is written to the audit log.
    AuditEngine(AuditEngine),
    /// What of it is.
    AuditParts(PartsChange),
    /// Whether `REQUEST_BODY` is there for a body that no processor reads.
    ForceRequestBodyVariable(bool),
    /// Whether the request's body is looked at.
    RequestBodyAccess(bool),
    /// How much of it, in bytes.
    RequestBodyLimit(u64),
    /// What reads it.
    RequestBodyProcessor(BodyProcessor),
    /// Whether elements of XML are arguments.
    ParseXmlIntoArgs(XmlIntoArgs),
    /// Whether the response's body is looked at.
    ResponseBodyAccess(bool),
    /// How much of it, in bytes.
    ResponseBodyLimit(u64),
    /// Whether rules run, and whether they stop anything.
    RuleEngine(EngineMode),
    /// `ruleRemoveById`, `ruleRemoveByTag`, `ruleRemoveByMsg`: these rules do not run.
    RemoveRules(RuleSelection),
    /// `ruleRemoveTargetById`, …: these rules do not look at this.
    RemoveTarget {
        /// Which rules.
        rules: RuleSelection,
        /// What they leave out.
        target: Target,
    },
}

/// What becomes of the sections that are written to the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartsChange {
    /// These.
    To(AuditParts),
    /// These too.
    Add(AuditParts),
    /// All but these.
    Remove(AuditParts),
}

/// Which rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleSelection {
    /// By number.
    Ids(Vec<IdRange>),
    /// With a tag this expression matches.
    Tag(String),
    /// With a message this expression matches.
    Message(String),
}

/// Rules from one number to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdRange {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
}

impl IdRange {
    /// Whether `id` is one of them.
    #[must_use]
    pub const fn contains(self, id: u64) -> bool {
        self.first <= id && id <= self.last
    }
}
