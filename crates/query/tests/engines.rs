//! Other engines that read the same tables give the same answers: DuckDB, chDB and Spark, from `target/python`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use sekisho_query::{QuerySettings, Questions};
use sekisho_tables::TableName;
use serde_json::json;

#[path = "support/asked.rs"]
mod asked;
#[path = "support/small_lake.rs"]
mod small_lake;

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
    if !asked::has_python() {
        return;
    }
    let queries = asked::queries();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (expected, asked) = runtime.block_on(async {
        let tables = small_lake::tables(folder.path()).await;
        let mut files = serde_json::Map::new();
        for name in asked::TABLES {
            let snapshot = tables.snapshot(TableName::named(name).unwrap()).await.unwrap();
            let paths = snapshot.files().iter().map(|file| json!(format!("/{}", file.path)));
            files.insert(name.to_owned(), paths.collect());
        }
        let questions = Questions::new(tables, QuerySettings::default()).unwrap();
        let mut expected = Vec::new();
        for query in &queries {
            expected.push(asked::answer(&questions, query).await);
        }
        (expected, json!({ "tables": files, "queries": queries }))
    });
    asked::compare(engine, folder.path(), &asked, &queries, expected);
}
