//! Other engines that read the same tables give the same answers: DuckDB, chDB and Spark, from `target/python`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]
#![expect(clippy::print_stderr, reason = "a test that is skipped says why")]
#![expect(clippy::disallowed_methods, reason = "whether this is CI stands in the environment")]

use std::fs;
use std::path::Path;
use std::process::Command;

use arrow::util::display::{ArrayFormatter, FormatOptions};
use sekisho_query::{QuerySettings, Questions};
use sekisho_tables::TableName;
use serde_json::json;

#[path = "support/small_lake.rs"]
mod small_lake;

const TABLES: [&str; 4] = ["http_activity", "api_activity", "network_activity", "quarantine"];

#[test]
fn duckdb_answers_alike() {
    compare("duckdb");
}

#[test]
fn chdb_answers_alike() {
    compare("chdb");
}

#[test]
fn spark_answers_alike() {
    compare("pyspark");
}

fn compare(engine: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("../../target/python/bin/python");
    if !python.exists() {
        assert!(std::env::var_os("CI").is_none(), "{} is missing", python.display());
        eprintln!("skipped: {} is missing", python.display());
        return;
    }
    let queries = fs::read_to_string(root.join("tests/engines/queries.sql")).unwrap();
    let queries: Vec<_> = queries.lines().collect();
    assert_eq!(queries.len(), 30);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (expected, asked) = runtime.block_on(async {
        let tables = small_lake::tables(folder.path()).await;
        let mut files = serde_json::Map::new();
        for name in TABLES {
            let snapshot = tables.snapshot(TableName::named(name).unwrap()).await.unwrap();
            let paths = snapshot.files().iter().map(|file| json!(format!("/{}", file.path)));
            files.insert(name.to_owned(), paths.collect());
        }
        let questions = Questions::new(tables, QuerySettings::default()).unwrap();
        let mut expected = Vec::new();
        for query in &queries {
            expected.push(answer(&questions, query).await);
        }
        (expected, json!({ "tables": files, "queries": queries }))
    });
    let file = folder.path().join("questions.json");
    fs::write(&file, asked.to_string()).unwrap();
    let output = Command::new(python).arg(root.join("tests/engines/ask.py")).arg(engine).arg(&file).output().unwrap();
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

async fn answer(questions: &Questions, sql: &str) -> Vec<Vec<String>> {
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
