//! Problems of rule files as JSON, and what a command ends with that finds them.

use sekisho_model::{Diagnostic, Diagnostics, Severity};
use serde_json::{Value, json};

/// What a command ends with whose input is unusable, as [`super::Failure::Unusable`] does.
pub(super) const UNUSABLE: u8 = 2;

/// The problems in the order of their places.
pub(super) fn as_json(mut problems: Diagnostics) -> Vec<Value> {
    problems.sort_by_place();
    problems.iter().map(one).collect()
}

fn one(problem: &Diagnostic) -> Value {
    let severity = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut json = json!({"severity": severity, "code": problem.code, "message": problem.message});
    if let Some(span) = &problem.span {
        let (line, column) = span.file.line_column(span.range.start);
        json["file"] = span.file.name().into();
        json["line"] = line.into();
        json["column"] = column.into();
    }
    if let Some(help) = &problem.help {
        json["help"] = help.as_str().into();
    }
    json
}
