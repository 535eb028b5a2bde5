//! A broken rule of the house: where, what, and what to do about it.

/// One broken rule.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// The file, relative to the repository.
    pub(super) path: String,
    /// The line, from 1.
    pub(super) line: usize,
    /// What is wrong.
    pub(super) message: String,
    /// What to do about it.
    pub(super) help: String,
}

impl Finding {
    pub(super) fn new(
        path: impl Into<String>,
        line: usize,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self { path: path.into(), line, message: message.into(), help: help.into() }
    }

    /// The finding as printed: `file:line: [rule] message`, and a line of help.
    pub(super) fn shown(&self, rule: &str) -> String {
        let Self { path, line, message, help } = self;
        format!("{path}:{line}: [{rule}] {message}\n  help: {help}")
    }
}
