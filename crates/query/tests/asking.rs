//! What asking does beside answering: it leaves files out, tells how far it is, stops, and stays within its bounds.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::time::Duration;

use sekisho_query::{Export, ExportFormat, FormatName, Progress, QueryError, QuerySettings, Questions, Search};
use sekisho_tables::TableName;

#[path = "support/small_lake.rs"]
mod small_lake;

use small_lake::{BEGIN_MS, DAY_MS};

async fn lake(settings: QuerySettings) -> (tempfile::TempDir, Questions) {
    let folder = tempfile::tempdir().unwrap();
    let questions = Questions::new(small_lake::tables(folder.path()).await, settings).unwrap();
    (folder, questions)
}

async fn written(questions: &Questions, sql: &str, format: FormatName, width: Option<usize>) -> String {
    let mut answer = questions.ask(sql).await.unwrap();
    let mut out = Vec::new();
    let schema = answer.schema().clone();
    answer.write(format.writer(&schema, &mut out, width).unwrap()).await.unwrap();
    String::from_utf8(out).unwrap()
}

async fn read(questions: &Questions, sql: &str) -> Progress {
    let mut answer = questions.ask(sql).await.unwrap();
    while let Some(batch) = answer.next().await {
        batch.unwrap();
    }
    answer.progress()
}

#[tokio::test]
async fn files_are_left_out_by_day_time_record_and_words() {
    let (_folder, questions) = lake(QuerySettings::default()).await;
    // A filter takes about one word in a hundred for another; these it does not.
    let whole = read(&questions, "SELECT count(raw) FROM http").await;
    assert_eq!((whole.files, whole.files_in_range, whole.files_to_read, whole.rows_read), (3, 3, 3, 720));
    for (sql, in_range, to_read) in [
        ("SELECT raw FROM http WHERE day = DATE '2026-11-21'", 1, 1),
        ("SELECT raw FROM http WHERE time >= TIMESTAMP '2026-11-22T00:00:00Z'", 1, 1),
        ("SELECT raw FROM http WHERE record < 10", 1, 1),
        ("SELECT raw FROM http WHERE src_ip = '192.0.2.200'", 3, 0),
        ("SELECT raw FROM http WHERE src_ip = '203.0.113.7'", 3, 3),
        ("SELECT raw FROM http WHERE cidr_contains('192.0.2.200/32', src_ip)", 3, 0),
        ("SELECT raw FROM http WHERE contains_words(raw, 'req-0')", 3, 1),
        ("SELECT raw FROM http WHERE raw LIKE '%\"req-0\"%'", 3, 1),
        ("SELECT raw FROM http WHERE raw LIKE '%req-0%'", 3, 3),
        ("SELECT raw FROM http WHERE lower(src_ip) = '192.0.2.200' OR host = '192.0.2.200'", 3, 0),
        ("SELECT raw FROM http WHERE src_ip <> '192.0.2.200'", 3, 3),
        ("SELECT raw FROM http WHERE array_has(labels, 'nosuchlabel')", 3, 0),
        ("SELECT \"event.original\" FROM ecs_http WHERE \"source.ip\" = '192.0.2.200'", 3, 0),
    ] {
        let progress = read(&questions, sql).await;
        assert_eq!((progress.files_in_range, progress.files_to_read), (in_range, to_read), "{sql}");
    }
    let mut taken_for_others = 0;
    for last in 0..40 {
        let sql = format!("SELECT raw FROM http WHERE src_ip IN ('192.0.2.{last}', '192.0.3.{last}')");
        taken_for_others += read(&questions, &sql).await.files_to_read;
    }
    assert!(taken_for_others <= 12, "{taken_for_others} of 120");
}

#[tokio::test]
async fn counts_need_no_file() {
    let (_folder, questions) = lake(QuerySettings::default()).await;
    let progress = read(&questions, "SELECT count(*), min(record), max(record), min(day) FROM http").await;
    assert_eq!((progress.rows_read, progress.bytes_read), (0, 0));
}

#[tokio::test]
async fn a_question_stops_at_its_time() {
    let settings = QuerySettings { time_ms_max: 300, ..QuerySettings::default() };
    let (_folder, questions) = lake(settings).await;
    let mut answer = questions.ask("SELECT count(*) FROM generate_series(1, 100000000000)").await.unwrap();
    let error = answer.next().await.unwrap().unwrap_err();
    assert!(matches!(error, QueryError::Time { seconds: 1 }), "{error}");
    assert!(answer.next().await.is_none());
}

#[tokio::test]
async fn a_question_that_is_dropped_stops() {
    let (_folder, questions) = lake(QuerySettings::default()).await;
    let answer = questions.ask("SELECT count(*) FROM generate_series(1, 100000000000)").await.unwrap();
    drop(answer);
    // With both threads still counting, this would not be answered.
    let next = tokio::time::timeout(Duration::from_secs(20), read(&questions, "SELECT count(action) FROM http"));
    assert_eq!(next.await.unwrap().rows_read, 720);
}

#[tokio::test]
async fn memory_is_bounded_and_nothing_is_spilled_unasked() {
    let settings = QuerySettings { memory_bytes_max: 8 << 20, ..QuerySettings::default() };
    let (_folder, questions) = lake(settings).await;
    // Not in the order of the series, which would be grouped as it comes.
    let sql = "SELECT (value * 7919) % 5000011, count(*) FROM generate_series(1, 5000000) GROUP BY 1 ORDER BY 2, 1";
    let mut answer = questions.ask(sql).await.unwrap();
    let error = loop {
        match answer.next().await.unwrap() {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert!(matches!(error, QueryError::Memory { megabytes: 8, .. }), "{error}");
}

#[tokio::test]
async fn deep_queries_do_not_overflow_the_stack() {
    let (_folder, questions) = lake(QuerySettings::default()).await;
    for sql in [
        format!("SELECT 1{}", " + 1".repeat(1_900)),
        format!("SELECT count(*) FROM http WHERE {} src_ip = 'x'", "src_ip = 'a' OR ".repeat(900)),
        format!("SELECT {}1{}", "(".repeat(40), ")".repeat(40)),
        format!("SELECT {}true", "NOT ".repeat(45)),
        format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(300)),
    ] {
        let shown: String = sql.chars().take(60).collect();
        match questions.ask(&sql).await {
            Ok(mut answer) => {
                while let Some(batch) = answer.next().await {
                    batch.unwrap_or_else(|error| panic!("{shown}: {error}"));
                }
            }
            Err(error) => panic!("{shown}: {error}"),
        }
    }
}

#[tokio::test]
async fn answers_are_written_in_every_format() {
    let (_folder, questions) = lake(QuerySettings::default()).await;
    let sql = "SELECT time, src_ip, http_status, labels, '=1+1' AS formula, NULL AS nothing FROM http WHERE src_ip = '203.0.113.7' ORDER BY time LIMIT 1";
    let table = written(&questions, sql, FormatName::Table, Some(80)).await;
    assert!(table.lines().all(|line| line.chars().count() <= 80) && table.ends_with("(1 row)\n"), "{table}");
    let csv = written(&questions, sql, FormatName::Csv, None).await;
    assert_eq!(
        csv,
        "time,src_ip,http_status,labels,formula,nothing\n\
         2026-11-20T10:00:00.000000Z,203.0.113.7,403,\"[awswaf:sqli, test]\",=1+1,\n"
    );
    let json = written(&questions, sql, FormatName::JsonLines, None).await;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["src_ip"], &json["labels"][1]), (&"203.0.113.7".into(), &"test".into()));
    let escapes = "SELECT chr(27) || '[2J' AS x";
    assert!(written(&questions, escapes, FormatName::Table, None).await.contains("\\u{1b}[2J"));
    let empty = written(&questions, "SELECT src_ip FROM http WHERE src_ip = 'x'", FormatName::Table, None).await;
    assert_eq!(empty, "src_ip\n──────\n(0 rows)\n");
}

#[tokio::test]
async fn a_search_finds_words_in_all_tables_newest_first() {
    let (_folder, questions) = lake(QuerySettings::default()).await;
    let search = |words: &str, rows_max| Search { words: words.to_owned(), since_us: None, until_us: None, rows_max };
    let found = |search: Search| {
        let questions = &questions;
        async move {
            let mut finding = questions.search(&search).await.unwrap();
            let mut rows = Vec::new();
            while let Some(row) = finding.next().await {
                rows.push(row.unwrap());
            }
            (rows, finding.progress())
        }
    };
    let (rows, _) = found(search("123837392027", 1_000)).await;
    assert_eq!(rows.len(), 3 * (60 + 40));
    assert!(rows.windows(2).all(|pair| pair[0].time_us >= pair[1].time_us));
    let tables: std::collections::BTreeSet<_> = rows.iter().map(|row| row.table).collect();
    assert_eq!(tables.into_iter().collect::<Vec<_>>(), ["api_activity", "network_activity"]);

    let (rows, progress) = found(search("req-0", 10)).await;
    assert_eq!((rows.len(), rows[0].record, progress.files_to_read), (1, 0, 1));
    // A word that only a column has: the service's name is nowhere in the record.
    assert_eq!(found(search("shop.example.com 203.0.113.7", 10)).await.0.len(), 3);
    assert_eq!(found(search("half line", 10)).await.0.len(), 3);
    assert_eq!(found(search("\"union select\"", 7)).await.0.len(), 7);
    assert_eq!(found(search("nosuchword", 7)).await.1.files_to_read, 0);

    let second_day_us = (BEGIN_MS + DAY_MS) * 1_000;
    let bounded = Search {
        since_us: Some(second_day_us),
        until_us: Some(second_day_us + DAY_MS * 1_000),
        ..search("東京", 1_000)
    };
    assert_eq!(found(bounded).await.0.len(), 216);
    assert!(matches!(questions.search(&search("--", 1)).await.err(), Some(QueryError::Wanted(_))));
}

#[tokio::test]
async fn exports_are_files_for_others() {
    let (_folder, questions) = lake(QuerySettings::default()).await;
    let to = tempfile::tempdir().unwrap();
    let days = ("2026-11-20".parse().unwrap(), "2026-11-21".parse().unwrap());
    let export = |format| Export {
        tables: vec![TableName::named("api_activity").unwrap()],
        days,
        format,
        folder: to.path().to_owned(),
    };
    assert_eq!(questions.export(&export(ExportFormat::Parquet)).await.unwrap(), 120);
    assert!(to.path().join("api_activity/day=2026-11-20.parquet").is_file());
    assert_eq!(questions.export(&export(ExportFormat::Ocsf)).await.unwrap(), 120);
    let file = "ext/cloudtrail/region=eu-west-1/accountId=123837392027/eventDay=20261121/api_activity.ndjson";
    let text = std::fs::read_to_string(to.path().join(file)).unwrap();
    let event: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(text.lines().count(), 60);
    assert_eq!(event["resources"][1]["uid"], "arn:aws:s3:::b");
    assert_eq!(event["src_endpoint"]["ip"], "2001:db8::1");
    assert_eq!(event["type_uid"], 600_302);
    assert_eq!(event["category_uid"], 6);
    assert_eq!(event["cloud"]["provider"], "AWS");
    assert!(event["unmapped"]["sekisho"]["record_uid"].is_u64());
}
