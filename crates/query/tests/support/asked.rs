//! Thirty queries, asked the embedded engine and others.

#![expect(clippy::print_stderr, reason = "a test that is skipped says why")]
#![expect(clippy::disallowed_methods, reason = "whether this is CI stands in the environment")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use arrow::util::display::{ArrayFormatter, FormatOptions};
use sekisho_query::Questions;
use serde_json::Value;

/// Tables that are asked about.
pub(crate) const TABLES: [&str; 4] = ["http_activity", "api_activity", "network_activity", "quarantine"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn python() -> PathBuf {
    root().join("../../target/python/bin/python")
}

/// Whether the others are there; says so if not.
pub(crate) fn has_python() -> bool {
    let is_there = python().exists();
    assert!(is_there || std::env::var_os("CI").is_none(), "{} is missing", python().display());
    if !is_there {
        eprintln!("skipped: {} is missing", python().display());
    }
    is_there
}

pub(crate) fn queries() -> Vec<String> {
    let queries = fs::read_to_string(root().join("tests/engines/queries.sql")).unwrap();
    let queries: Vec<_> = queries.lines().map(str::to_owned).collect();
    assert_eq!(queries.len(), 30);
    queries
}

/// Asks another engine, and holds its answers against those that are expected.
pub(crate) fn compare(engine: &str, folder: &Path, asked: &Value, queries: &[String], expected: Vec<Vec<Vec<String>>>) {
    let file = folder.join("questions.json");
    fs::write(&file, asked.to_string()).unwrap();
    let mut command = Command::new(python());
    let output = command.arg(root().join("tests/engines/ask.py")).arg(engine).arg(&file).current_dir(folder).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Vec<Vec<Vec<String>>> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found.len(), queries.len());
    for ((query, mut expected), mut found) in queries.iter().zip(expected).zip(found) {
        expected.sort();
        found.sort();
        assert!(!expected.is_empty(), "{query}");
        assert_eq!(found, expected, "{engine}: {query}");
    }
}

pub(crate) async fn answer(questions: &Questions, sql: &str) -> Vec<Vec<String>> {
    let options = FormatOptions::new().with_null("NULL");
    let mut answer = questions.ask(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let mut rows = Vec::new();
    while let Some(batch) = answer.next().await {
        let batch = batch.unwrap();
        let columns: Vec<_> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        for row in 0..batch.num_rows() {
            let cells = columns.iter().map(|column| plain(column.value(row).to_string()));
            rows.push(cells.collect());
        }
    }
    rows
}

/// Numbers with a fraction as all engines are made to write them.
fn plain(cell: String) -> String {
    match cell.parse::<f64>() {
        Ok(number) if cell.contains('.') && number.fract() == 0.0 => format!("{number:.0}"),
        Ok(number) if cell.contains('.') => format!("{number:.6}"),
        _ => cell,
    }
}
