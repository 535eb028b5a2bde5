//! Which decisions are recorded, and what their records leave out.

/// A logging configuration: filters decide which records are kept, redaction what they do not show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logging {
    /// Asked in turn: the first one that is met decides.
    pub filters: Vec<LogFilter>,
    /// What becomes of a record that meets no filter.
    pub default_behavior: LogBehavior,
    /// The parts that records do not show. Unlike [`super::Protection`], this concerns nothing but records.
    pub redacted: Vec<RedactedPart>,
}

impl Default for Logging {
    /// Everything is kept and shown.
    fn default() -> Self {
        Self { filters: Vec::new(), default_behavior: LogBehavior::Keep, redacted: Vec::new() }
    }
}

/// What becomes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogBehavior {
    /// It is kept.
    Keep,
    /// It is dropped.
    Drop,
}

/// One filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFilter {
    /// What becomes of records that meet it.
    pub behavior: LogBehavior,
    /// How many of the conditions must hold.
    pub requirement: LogRequirement,
    /// The conditions. Not empty.
    pub conditions: Vec<LogCondition>,
}

/// How many conditions of a filter must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogRequirement {
    /// All.
    All,
    /// At least one.
    Any,
}

/// What a record must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogCondition {
    /// An action.
    Action(LoggedAction),
    /// A label, fully qualified.
    Label(String),
}

/// An action as records hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoggedAction {
    /// The request was allowed.
    Allow,
    /// The request was blocked.
    Block,
    /// A rule counted it.
    Count,
    /// A CAPTCHA was asked for, whether or not that ended the evaluation.
    Captcha,
    /// A challenge was sent, whether or not that ended the evaluation.
    Challenge,
    /// A rule of a group that was excluded, or whose action was overridden by Count, matched.
    ExcludedAsCount,
    /// A payment was asked for, which never happens here.
    Monetize,
}

/// A part that records do not show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedactedPart {
    /// The method.
    Method,
    /// The path.
    UriPath,
    /// The query string.
    QueryString,
    /// The values of one header; the name is lowercase.
    Header(String),
}
