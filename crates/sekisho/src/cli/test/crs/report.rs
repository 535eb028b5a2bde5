//! Results of tests of the Core Rule Set, for people and as JSON.

use std::fmt::Write as _;

use sekisho_crs_test::{Test, TestResult};
use sekisho_model::SourceFile;
use serde_json::{Value, json};

use super::super::paint::Paint;

/// More rules that matched are not listed: what differs stands above them.
const RULES_LISTED_MAX: usize = 40;

/// The results of all tests, in order.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) tests: Vec<TestReport>,
    /// Whether tests whose requests HTTP refuses are listed.
    pub(super) lists_refused: bool,
}

/// The result of one test.
#[derive(Debug)]
pub(super) struct TestReport {
    file: String,
    line: usize,
    id: String,
    description: Option<String>,
    result: TestResult,
}

impl TestReport {
    pub(super) fn new(file: &SourceFile, test: &Test, result: TestResult) -> Self {
        let (id, description) = (test.id.clone(), test.description.clone());
        Self { file: file.name().to_owned(), line: test.line, id, description, result }
    }

    fn passed(&self) -> bool {
        self.result.failures.is_empty()
    }
}

impl Report {
    /// How many tests failed.
    pub(super) fn failed(&self) -> usize {
        self.tests.iter().filter(|test| !test.passed()).count()
    }

    /// The failures and a summary.
    pub(super) fn text(&self, color: bool) -> String {
        let paint = Paint { color };
        let mut text = String::new();
        for test in self.tests.iter().filter(|test| !test.passed()) {
            write_failed(&mut text, test, &paint);
        }
        if self.lists_refused {
            for test in &self.tests {
                if let Some(reason) = &test.result.refused {
                    let _ = writeln!(text, "refused by HTTP: {}  {}", test.id, paint.dim(reason));
                }
            }
        }
        let failed = self.failed();
        let passed = format!("{} passed", self.tests.len() - failed);
        let (passed, failed) = match failed {
            0 => (paint.green(&passed), "0 failed".to_owned()),
            failed => (passed, paint.red(&format!("{failed} failed"))),
        };
        let _ = writeln!(text, "{passed}, {failed}");
        text
    }

    /// The results as one JSON object.
    pub(super) fn json(&self) -> Value {
        let test = |test: &TestReport| {
            let failures = test.result.failures.iter().map(|failure| {
                json!({
                    "stage": failure.stage,
                    "request": failure.request,
                    "differences": failure.differences.iter().map(ToString::to_string).collect::<Vec<_>>(),
                    "rules": failure.rules,
                })
            });
            json!({
                "file": test.file,
                "line": test.line,
                "id": test.id,
                "description": test.description,
                "passed": test.passed(),
                "refused_by_http": test.result.refused,
                "failures": failures.collect::<Vec<_>>(),
            })
        };
        json!({
            "passed": self.tests.len() - self.failed(),
            "failed": self.failed(),
            "tests": self.tests.iter().map(test).collect::<Vec<_>>(),
        })
    }
}

fn write_failed(text: &mut String, test: &TestReport, paint: &Paint) {
    let place = paint.dim(&format!("{}:{}", test.file, test.line));
    let _ = writeln!(text, "{} {}  {place}", paint.red("FAIL"), paint.bold(&test.id));
    if let Some(line) = test.description.as_deref().and_then(|description| description.lines().next()) {
        let _ = writeln!(text, "  {}", paint.dim(line));
    }
    for failure in &test.result.failures {
        let _ = writeln!(text, "  {}", failure.request);
        for difference in &failure.differences {
            let _ = writeln!(text, "    {}", paint.red(&difference.to_string()));
        }
        let mut rules: Vec<_> = failure.rules.iter().take(RULES_LISTED_MAX).map(u64::to_string).collect();
        if failure.rules.len() > RULES_LISTED_MAX {
            rules.push(format!("and {} more", failure.rules.len() - RULES_LISTED_MAX));
        }
        let rules = if rules.is_empty() { "none".to_owned() } else { rules.join(", ") };
        let _ = writeln!(text, "    rules that matched: {rules}");
    }
    if let Some(reason) = &test.result.refused {
        let _ = writeln!(text, "    refused by HTTP: {reason}");
    }
    text.push('\n');
}
