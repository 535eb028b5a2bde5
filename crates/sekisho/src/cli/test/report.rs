//! Results of tests, for people and as JSON.

use std::fmt::Write as _;

use sekisho_acl_test::{Case, CaseResult, Difference, Failure, TestFile};
use serde_json::{Value, json};

use super::paint::Paint;

/// The results of all cases, in order.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) cases: Vec<CaseReport>,
}

/// The result of one case.
#[derive(Debug)]
pub(super) struct CaseReport {
    file: String,
    line: usize,
    name: String,
    source: Option<String>,
    result: CaseResult,
}

impl CaseReport {
    pub(super) fn new(file: &TestFile, case: &Case, result: CaseResult) -> Self {
        let (name, source) = (case.name.clone(), case.source.clone());
        Self { file: file.source.name().to_owned(), line: case.line, name, source, result }
    }

    fn passed(&self) -> bool {
        self.result.failures.is_empty()
    }
}

impl Report {
    /// How many cases failed.
    pub(super) fn failed(&self) -> usize {
        self.cases.iter().filter(|case| !case.passed()).count()
    }

    /// The failures and a summary.
    pub(super) fn text(&self, color: bool) -> String {
        let paint = Paint { color };
        let mut text = String::new();
        for case in self.cases.iter().filter(|case| !case.passed()) {
            let place = paint.dim(&format!("{}:{}", case.file, case.line));
            let _ = writeln!(text, "{} {}  {place}", paint.red("FAIL"), paint.bold(&case.name));
            if let Some(source) = &case.source {
                let _ = writeln!(text, "  {}", paint.dim(source));
            }
            for failure in &case.result.failures {
                write_failure(&mut text, failure, &paint);
            }
            text.push('\n');
        }
        let failed = self.failed();
        let requests: u64 = self.cases.iter().map(|case| case.result.requests).sum();
        let passed = format!("{} passed", self.cases.len() - failed);
        let (passed, failed) = match failed {
            0 => (paint.green(&passed), "0 failed".to_owned()),
            failed => (passed, paint.red(&format!("{failed} failed"))),
        };
        let plural = if requests == 1 { "" } else { "s" };
        let _ = writeln!(text, "{passed}, {failed} ({requests} request{plural})");
        text
    }

    /// The results as one JSON object.
    pub(super) fn json(&self) -> Value {
        let case = |case: &CaseReport| {
            json!({
                "file": case.file,
                "line": case.line,
                "name": case.name,
                "source": case.source,
                "requests": case.result.requests,
                "passed": case.passed(),
                "failures": case.result.failures.iter().map(failure_json).collect::<Vec<_>>(),
            })
        };
        json!({
            "passed": self.cases.len() - self.failed(),
            "failed": self.failed(),
            "cases": self.cases.iter().map(case).collect::<Vec<_>>(),
        })
    }
}

fn write_failure(text: &mut String, failure: &Failure, paint: &Paint) {
    match failure {
        Failure::Rules { expected, got } => {
            let _ = writeln!(text, "  expected  {}", paint.green(expected));
            if got.is_empty() {
                let _ = writeln!(text, "  got       {}", paint.red("rules without any problem"));
            } else {
                let _ = writeln!(text, "  got\n{}", indented(&got.render(paint.color), "    "));
            }
        }
        Failure::Capacity { expected, got } => {
            let _ = writeln!(text, "  capacity\n    expected  {}", paint.green(expected));
            let _ = writeln!(text, "    got       {}", paint.red(got));
        }
        Failure::Request { line, request, turn, differences, explanation } => {
            let turn = if *turn > 1 { format!(", turn {turn}") } else { String::new() };
            let _ = writeln!(text, "  {request}  {}", paint.dim(&format!("(line {line}{turn})")));
            for difference in differences {
                write_difference(text, difference, paint);
            }
            let _ = writeln!(text, "  {}", paint.dim("why"));
            let _ = writeln!(text, "{}", indented(explanation, "    "));
        }
        Failure::Disagreement { line, request } => {
            let _ = writeln!(text, "  {request}  {}", paint.dim(&format!("(line {line})")));
            let told = "the two evaluators disagree on this request; please report it with the request";
            let _ = writeln!(text, "  {}", paint.red(told));
        }
    }
}

fn write_difference(text: &mut String, difference: &Difference, paint: &Paint) {
    match difference {
        Difference::Value { what, expected, got } => {
            let shown = |value: &str| if value.is_empty() { "nothing".to_owned() } else { plain(value) };
            let _ = writeln!(text, "  {what}");
            let _ = writeln!(text, "    expected  {}", paint.green(&shown(expected)));
            let _ = writeln!(text, "    got       {}", paint.red(&shown(got)));
        }
        Difference::Names { what, missing, unexpected, got } => {
            let _ = writeln!(text, "  {what}");
            for name in missing {
                let _ = writeln!(text, "    {}  {}", paint.green(&format!("- {}", plain(name))), paint.dim("missing"));
            }
            for name in got {
                let name = plain(name);
                if unexpected.contains(&name) {
                    let _ = writeln!(text, "    {}  {}", paint.red(&format!("+ {name}")), paint.dim("not expected"));
                } else {
                    let _ = writeln!(text, "      {name}");
                }
            }
        }
    }
}

fn failure_json(failure: &Failure) -> Value {
    match failure {
        Failure::Rules { expected, got } => {
            json!({"expected": expected, "got": got.iter().map(ToString::to_string).collect::<Vec<_>>()})
        }
        Failure::Capacity { expected, got } => json!({"what": "capacity", "expected": expected, "got": got}),
        Failure::Request { line, request, turn, differences, .. } => json!({
            "line": line,
            "request": request,
            "turn": turn,
            "differences": differences.iter().map(difference_json).collect::<Vec<_>>(),
        }),
        Failure::Disagreement { line, request } => {
            json!({"line": line, "request": request, "disagreement": "the two evaluators disagree"})
        }
    }
}

fn difference_json(difference: &Difference) -> Value {
    match difference {
        Difference::Value { what, expected, got } => json!({"what": what, "expected": expected, "got": got}),
        Difference::Names { what, missing, unexpected, got } => {
            json!({"what": what, "missing": missing, "unexpected": unexpected, "got": got})
        }
    }
}

/// Text on one line, without anything that drives a terminal.
fn plain(text: &str) -> String {
    text.chars().flat_map(|one| if one.is_control() { one.escape_default().collect() } else { vec![one] }).collect()
}

fn indented(text: &str, indent: &str) -> String {
    text.trim_end().lines().map(|line| format!("{indent}{line}")).collect::<Vec<_>>().join("\n")
}
