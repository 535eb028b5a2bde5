//! A cluster of real processes over real sockets: the same answers as in one process, with an executor killed meanwhile; and what it refuses.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::prelude::{CsvReadOptions, ParquetReadOptions, SessionContext};
use futures::TryStreamExt as _;
use sekisho_cluster::Cluster;
use sekisho_query::{Backend as _, QueryError, QuerySettings, Questions};
use sekisho_tables::{Location, TableName, Tables};

#[path = "support/processes.rs"]
mod processes;
#[path = "../../query/tests/support/small_lake.rs"]
mod small_lake;

use processes::Processes;

/// The queries that other engines are asked too.
const QUERIES: &str = include_str!("../../query/tests/engines/queries.sql");
/// Takes seconds in one process that is built for tests: pairs of 720 rows, each with 24 rows.
const SLOW: &str = "SELECT a.action, count(*), sum(length(a.raw)) FROM http_activity a, http_activity b, http_activity c \
                    WHERE a.record < b.record AND b.record < c.record AND c.duration_ms < 8 GROUP BY a.action ORDER BY a.action";
/// Takes minutes: triples of 720 rows.
const ENDLESS: &str = "SELECT count(*) FROM http_activity a, http_activity b, http_activity c \
                       WHERE a.record < b.record AND b.record < c.record AND length(repeat(a.raw, 3)) > length(c.raw)";

fn queries() -> Vec<&'static str> {
    let queries: Vec<_> = QUERIES.lines().collect();
    assert_eq!(queries.len(), 30);
    queries
}

async fn answer(questions: &Questions, sql: &str) -> Result<Vec<String>, QueryError> {
    let mut answer = questions.ask(sql).await?;
    let mut rows = Vec::new();
    while let Some(batch) = answer.next().await {
        rows.extend(processes::rows(&batch?));
    }
    rows.sort();
    Ok(rows)
}

fn settings(time_ms_max: u64) -> QuerySettings {
    QuerySettings { time_ms_max, countries: Some(processes::countries()), ..QuerySettings::default() }
}

fn embedded(tables: &Arc<Tables>) -> Questions {
    Questions::new(Arc::clone(tables), settings(LONG_MS)).unwrap()
}

fn on_cluster(tables: &Arc<Tables>, processes: &Processes, time_ms_max: u64) -> (Questions, Arc<Cluster>) {
    let cluster = Arc::new(Cluster::at(processes.address()));
    let questions = Questions::new(Arc::clone(tables), settings(time_ms_max)).unwrap();
    (questions.with_backend(Arc::clone(&cluster) as _), cluster)
}

/// Minutes that no test of these takes.
const LONG_MS: u64 = 600_000;

#[tokio::test]
async fn thirty_queries_have_the_same_rows_while_an_executor_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let tables = small_lake::tables(&folder.path().join("tables")).await;
    let here = embedded(&tables);
    let mut expected = Vec::new();
    for query in queries() {
        let rows = answer(&here, query).await.unwrap();
        assert!(!rows.is_empty(), "{query}");
        expected.push((query, rows));
    }
    let slow_expected = answer(&here, SLOW).await.unwrap();
    assert_eq!(slow_expected.len(), 2);

    let mut processes = Processes::start(folder.path(), 2);
    let (there, cluster) = on_cluster(&tables, &processes, LONG_MS);
    let there = Arc::new(there);
    for (query, rows) in &expected {
        assert_eq!(&answer(&there, query).await.unwrap(), rows, "two executors: {query}");
    }
    // Both have worked, and one ends in the middle of a task.
    assert!(processes.tasks_begun(0) > 0 && processes.tasks_begun(1) > 0);
    let before = processes.tasks_begun(1);
    let slow = tokio::spawn({
        let there = Arc::clone(&there);
        async move { answer(&there, SLOW).await }
    });
    let mut killed = None;
    for (at, (query, rows)) in expected.iter().enumerate() {
        if killed.is_none() && at >= 3 && processes.tasks_begun(1) > before && processes.tasks_running(1) > 0 {
            assert!(!slow.is_finished());
            processes.kill(1);
            killed = Some(at);
        }
        assert_eq!(&answer(&there, query).await.unwrap(), rows, "while an executor is killed: {query}");
    }
    assert!(killed.is_some(), "nothing ran on the executor that was to be killed");
    assert_eq!(slow.await.unwrap().unwrap(), slow_expected);
    processes.await_told("an executor is lost");
    for (query, rows) in &expected {
        assert_eq!(&answer(&there, query).await.unwrap(), rows, "one executor: {query}");
    }
    cluster.settled().await;
    processes.await_no_files(0);
}

#[tokio::test]
async fn an_executor_reads_the_tables_of_its_lake_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let tables = small_lake::tables(&folder.path().join("tables")).await;
    let snapshot = tables.snapshot(TableName::named("http_activity").unwrap()).await.unwrap();
    let inside = format!("/{}", snapshot.files()[0].path);
    let outside = folder.path().join("outside.parquet");
    std::fs::copy(&inside, &outside).unwrap();
    let csv = folder.path().join("outside.csv");
    std::fs::write(&csv, "a,b\n1,2\n").unwrap();
    let processes = Processes::start(folder.path(), 1);
    let (_, cluster) = on_cluster(&tables, &processes, LONG_MS);

    // What a plan of anyone's may hold, once it is handed in past all fences of the client.
    let context = SessionContext::new();
    let parquet = |path: String| {
        let context = context.clone();
        async move { context.read_parquet(path, ParquetReadOptions::default()).await.unwrap() }
    };
    let allowed = parquet(inside).await.select_columns(&["record"]).unwrap();
    let plan = allowed.create_physical_plan().await.unwrap();
    let batches = cluster.execute(plan, context.task_ctx()).unwrap().try_collect::<Vec<_>>().await.unwrap();
    assert!(batches.iter().map(|batch| batch.num_rows()).sum::<usize>() > 0);

    let other = parquet(outside.display().to_string()).await.create_physical_plan().await.unwrap();
    let other_format = context.read_csv(csv.display().to_string(), CsvReadOptions::new()).await.unwrap();
    let other_format = other_format.create_physical_plan().await.unwrap();
    for (plan, why) in [(other, "is no file of this lake"), (other_format, "read Parquet, not csv")] {
        let error = cluster.execute(plan, context.task_ctx()).unwrap().try_collect::<Vec<_>>().await.unwrap_err();
        assert!(error.to_string().contains(why), "{why}: {error}");
    }
}

#[tokio::test]
async fn a_query_that_takes_too_long_ends_on_the_cluster_too() {
    let folder = tempfile::tempdir().unwrap();
    let tables = small_lake::tables(&folder.path().join("tables")).await;
    let processes = Processes::start(folder.path(), 1);
    let (hasty, cluster) = on_cluster(&tables, &processes, 2_000);
    let error = answer(&hasty, ENDLESS).await.unwrap_err();
    assert!(matches!(error, QueryError::Time { seconds: 2 }), "{error}");
    assert!(processes.tasks_begun(0) > 0);
    cluster.settled().await;
    // What it had begun is stopped and cleared away long before it would have come to its end.
    let asked = Instant::now();
    processes.await_no_files(0);
    processes.await_idle(0);
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    let (there, _) = on_cluster(&tables, &processes, LONG_MS);
    assert_eq!(answer(&there, "SELECT count(*) FROM http_activity WHERE record >= 0").await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_missing_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let tables = small_lake::tables(&folder.path().join("tables")).await;
    let processes = Processes::start(folder.path(), 0);
    let (there, _) = on_cluster(&tables, &processes, LONG_MS);
    let query = "SELECT record FROM http_activity";
    let error = answer(&there, query).await.unwrap_err().to_string();
    assert!(error.contains("no executor has joined") && error.contains("sekisho cluster executor"), "{error}");
    // What needs no executor is answered all the same.
    assert!(!answer(&there, "SHOW TABLES").await.unwrap().is_empty());
    assert!(!answer(&there, &format!("EXPLAIN {query}")).await.unwrap().is_empty());
    drop(processes);
    let error = answer(&there, query).await.unwrap_err().to_string();
    assert!(error.contains("no scheduler answers at df://127.0.0.1:"), "{error}");
}

/// The tests above start this one as a process of its own, which is then told what to be and does not come back.
#[test]
fn a_process_is_nothing_unless_it_is_told_what() {
    assert!(!processes::run());
}

/// Joins whose pieces cannot tell each other what they have found, subqueries, windows, our own functions, and files without any row that fits.
#[tokio::test]
async fn what_is_hard_to_divide_has_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let tables = small_lake::tables(&folder.path().join("tables")).await;
    let processes = Processes::start(folder.path(), 2);
    let (there, _) = on_cluster(&tables, &processes, LONG_MS);
    let here = embedded(&tables);
    for query in HARD {
        let expected = answer(&here, query).await.unwrap();
        let found = answer(&there, query).await.unwrap_or_else(|error| panic!("{query}: {error}"));
        assert_eq!(found, expected, "{query}");
    }
}

const HARD: &[&str] = &[
    "SELECT count(*), count(n.record) FROM api_activity a LEFT JOIN network_activity n ON a.record < n.record AND n.bytes > 1070",
    "SELECT count(*), count(a.record) FROM api_activity a RIGHT JOIN network_activity n ON a.record > n.record + 1300",
    "SELECT count(*), count(a.record), count(n.record) FROM api_activity a FULL JOIN network_activity n ON a.record > n.record + 1300",
    "SELECT count(*) FROM api_activity a WHERE EXISTS (SELECT 1 FROM network_activity n WHERE n.record > a.record + 1200)",
    "SELECT count(*) FROM api_activity a WHERE NOT EXISTS (SELECT 1 FROM network_activity n WHERE n.record > a.record + 1200)",
    "SELECT count(*) FROM http_activity WHERE src_ip NOT IN (SELECT src_ip FROM network_activity)",
    "SELECT count(*) FROM http_activity WHERE duration_ms > (SELECT avg(duration_ms) FROM http_activity)",
    "SELECT record, row_number() OVER (PARTITION BY action ORDER BY record DESC) FROM http_activity WHERE duration_ms < 12",
    "SELECT record, lag(record) OVER (ORDER BY record) FROM api_activity WHERE operation = 'DeleteBucket'",
    "SELECT time_bucket('1 hour', time), count(*) FROM http_activity GROUP BY 1",
    "SELECT count(*) FROM http_activity WHERE cidr_contains('203.0.113.0/24', src_ip)",
    "SELECT ip_country(src_ip), count(*) FROM http_activity GROUP BY 1",
    "SELECT count(*) FROM http_activity WHERE contains_words(raw, 'UNION SELECT')",
    "SELECT label, count(*) FROM (SELECT unnest(labels) AS label FROM http_activity) GROUP BY label",
    "SELECT count(*) FROM api_activity WHERE array_has(resources, 'arn:aws:s3:::b')",
    "SELECT approx_distinct(src_ip) > 40, array_length(array_agg(DISTINCT action)) FROM http_activity",
    "SELECT record FROM http_activity WHERE src_ip = '192.0.2.1'",
    "SELECT raw_bytes FROM quarantine ORDER BY record",
    "SELECT action, host, count(*) FROM http_activity GROUP BY ROLLUP (action, host)",
    "SELECT record FROM http_activity ORDER BY duration_ms, record LIMIT 7 OFFSET 3",
    "SELECT src_ip FROM http_activity WHERE action = 'BLOCK' UNION SELECT src_ip FROM network_activity EXCEPT SELECT '10.0.6.1'",
    "SELECT * FROM http WHERE record = 100",
    "SELECT 1 + 1",
    "SELECT day, count(*) FROM http_activity WHERE day > '2026-11-20' GROUP BY day",
];

#[tokio::test]
async fn a_place_of_a_lake_is_all_a_process_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let settings = processes::executor_settings(folder.path(), "df://127.0.0.1:1".parse().unwrap());
    let executor = sekisho_cluster::Executor::new(&settings).unwrap();
    let work = executor.work().to_owned();
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&work).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o700);
    assert!(work.starts_with(folder.path()));
    drop(executor);
    assert!(!work.exists());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = sekisho_cluster::ExecutorSettings { listen: taken.local_addr().unwrap(), ..settings.clone() };
    drop(sekisho_cluster::Executor::new(&taken));
    let open = sekisho_cluster::ExecutorSettings { listen: "0.0.0.0:50051".parse().unwrap(), ..settings };
    let error = sekisho_cluster::Executor::new(&open).unwrap_err().to_string();
    assert!(error.contains("--advertise"), "{error}");
    assert!(Location::folder(folder.path()).is_ok());
}
