//! Tables in S3, as moto's server plays it: the same answers as from a folder, from this engine and from others.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

#[path = "support/asked.rs"]
mod asked;
#[path = "../../lake/tests/s3/moto.rs"]
mod moto;
#[path = "support/small_lake.rs"]
mod small_lake;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use object_store::ObjectStoreExt as _;
use sekisho_query::{Export, ExportFormat, QuerySettings, Questions, Search};
use sekisho_tables::{Location, Patience, TableName, Tables};
use serde_json::{Map, json};

const KEY: [&str; 2] = ["key", "hidden-well"];

async fn in_a_bucket(moto: &moto::Moto) -> Arc<Tables> {
    let options = [
        ("aws_endpoint", format!("http://{}", moto.at)),
        ("aws_region", "us-east-1".to_owned()),
        ("aws_access_key_id", KEY[0].to_owned()),
        ("aws_secret_access_key", KEY[1].to_owned()),
    ];
    let options = options.map(|(key, value)| (key.to_owned(), value));
    small_lake::tables_at(Location::s3("s3://lake/small", &options, Patience::default()).unwrap()).await
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

async fn answers(questions: &Questions, queries: &[String]) -> Vec<Vec<Vec<String>>> {
    let mut answers = Vec::new();
    for query in queries {
        let mut rows = asked::answer(questions, query).await;
        rows.sort();
        answers.push(rows);
    }
    answers
}

#[test]
fn queries_searches_and_exports_are_those_of_a_folder() {
    if !asked::has_python() {
        return;
    }
    let (moto, folder, queries) = (moto::Moto::start(), tempfile::tempdir().unwrap(), asked::queries());
    runtime().block_on(async {
        let settings = QuerySettings::default();
        let here = Questions::new(small_lake::tables(folder.path()).await, settings.clone()).unwrap();
        let there = Questions::new(in_a_bucket(&moto).await, settings).unwrap();
        assert_eq!(answers(&there, &queries).await, answers(&here, &queries).await);
        let wanted = Search { words: "union select".to_owned(), since_us: None, until_us: None, rows_max: 1_000 };
        let (mut found, mut expected) = (there.search(&wanted).await.unwrap(), here.search(&wanted).await.unwrap());
        let mut count = 0;
        while let Some(row) = expected.next().await {
            assert_eq!(found.next().await.unwrap().unwrap(), row.unwrap());
            count += 1;
        }
        assert!(count > 10 && found.next().await.is_none(), "{count}");
        let to = folder.path().join("exported");
        let days = ("1970-01-01".parse().unwrap(), "9999-12-30".parse().unwrap());
        let export = Export { tables: Vec::new(), days, format: ExportFormat::Parquet, folder: to.clone() };
        let rows = there.export(&export).await.unwrap();
        assert!(rows > 900 && to.join("api_activity").is_dir(), "{rows}");
    });
}

/// ClickHouse's engine reads the Delta tables where they are.
#[test]
fn chdb_answers_alike_from_the_bucket() {
    if !asked::has_python() {
        return;
    }
    let (moto, folder, queries) = (moto::Moto::start(), tempfile::tempdir().unwrap(), asked::queries());
    let expected = runtime().block_on(async {
        let questions = Questions::new(in_a_bucket(&moto).await, QuerySettings::default()).unwrap();
        answers(&questions, &queries).await
    });
    let table =
        |name: &str| (name.to_owned(), json!([format!("http://{}/lake/small/{name}/", moto.at), KEY[0], KEY[1]]));
    let tables: Map<_, _> = asked::TABLES.into_iter().map(table).collect();
    let questions = json!({ "tables": tables, "queries": queries });
    asked::compare("chdb_delta", folder.path(), &questions, &queries, expected);
}

/// Copies what tables have now, as they have it.
async fn copy(tables: &Tables, to: &Path) {
    for name in asked::TABLES {
        let snapshot = tables.snapshot(TableName::named(name).unwrap()).await.unwrap();
        for file in snapshot.files() {
            let path = to.join(name).join(file.name());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let store = tables.locations()[file.tier].store();
            fs::write(path, store.get(&file.path).await.unwrap().bytes().await.unwrap()).unwrap();
        }
    }
}

#[test]
fn spark_answers_alike_from_tables_it_was_told_of_in_sql() {
    if !asked::has_python() {
        return;
    }
    let (moto, folder, queries) = (moto::Moto::start(), tempfile::tempdir().unwrap(), asked::queries());
    let expected = runtime().block_on(async {
        let tables = in_a_bucket(&moto).await;
        copy(&tables, folder.path()).await;
        let questions = Questions::new(tables, QuerySettings::default()).unwrap();
        answers(&questions, &queries).await
    });
    let table = |name: &str| (name.to_owned(), json!([folder.path().join(name)]));
    let tables: Map<_, _> = asked::TABLES.into_iter().map(table).collect();
    let questions = json!({ "tables": tables, "queries": queries });
    asked::compare("pyspark_ddl", folder.path(), &questions, &queries, expected);
}
