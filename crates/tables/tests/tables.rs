//! Tables as others see them: written, read, and written by two at once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::path::Path;
use std::sync::Arc;

use sekisho_event::{Class, Column, Event, Table};
use sekisho_tables::{Arrived, Gathering, Leased, Location, TableName, Tables};

const LOG: &str = "sekisho.example/lake";
const NOW_MS: i64 = 1_795_348_800_000;
const HTTP: TableName = TableName::Events(Table::Http);

fn tables(folder: &Path) -> Arc<Tables> {
    Tables::open(vec![Location::folder(folder).unwrap()])
}

/// Records `from..until`: every fifth is refused, the others are requests of two days.
fn gathered(log: &str, from: u64, until: u64) -> Gathering {
    let mut gathering = Gathering::new(log);
    for index in from..until {
        let raw = format!("record {index}");
        let record = Arrived { index, source: "test", header: "", received_ms: NOW_MS, raw: raw.as_bytes() };
        let mut event = Event::new(Class::HttpActivity);
        let time_us = NOW_MS * 1_000 - index.cast_signed() % 2 * 86_400_000_000 + index.cast_signed();
        event.time(Column::Time, Some(time_us));
        event.text(Column::SrcIp, Some("192.0.2.7"));
        let told = if index % 5 == 0 { Err("it has no form") } else { Ok(&event) };
        gathering.add(&record, told);
    }
    gathering
}

#[tokio::test]
async fn what_was_committed_is_listed_with_days_times_and_records() {
    let folder = tempfile::tempdir().unwrap();
    let tables = tables(folder.path());
    let nothing = tables.snapshot(HTTP).await.unwrap();
    assert_eq!((nothing.files().len(), nothing.versions()), (0, [None].as_slice()));
    assert_eq!(tables.progress(HTTP, LOG).await.unwrap(), None);

    let written = gathered(LOG, 0, 100).write(&tables, NOW_MS).await.unwrap();
    assert_eq!((written.files().len(), tables.snapshot(HTTP).await.unwrap().rows()), (3, 0));
    written.commit(&tables, 100).await.unwrap();
    let http = tables.snapshot(HTTP).await.unwrap();
    let quarantine = tables.snapshot(TableName::Quarantine).await.unwrap();
    assert_eq!((http.rows(), quarantine.rows()), (80, 20));
    assert_eq!(http.files().iter().map(|file| file.day).collect::<Vec<_>>(), [20_778, 20_779]);
    let file = &http.files()[1];
    assert_eq!((&*file.log, file.records.clone()), (LOG, 2..=98));
    assert_eq!(file.time_us, Some(NOW_MS * 1_000..=(NOW_MS + 1) * 1_000));
    assert!(file.name().starts_with("day=2026-11-22/") && file.words.as_ref().contains("_words/day=2026-11-22/"));
    assert_eq!(quarantine.files()[0].time_us, None);
    assert_eq!(tables.progress(HTTP, LOG).await.unwrap(), Some(100));
    assert_eq!(tables.held(LOG, 0).await.unwrap(), (0..100).collect::<Vec<_>>());
    assert_eq!(tables.held(LOG, 97).await.unwrap(), [97, 98, 99]);
    assert!(tables.held("other", 0).await.unwrap().is_empty());

    // Someone else who opens the tables sees the same.
    let again = self::tables(folder.path()).snapshot(HTTP).await.unwrap();
    assert_eq!((again.files(), again.versions()), (http.files(), http.versions()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_writers_append_at_once_over_many_checkpoints() {
    let folder = tempfile::tempdir().unwrap();
    let writers = ["one", "two"].map(|log| {
        let tables = tables(folder.path());
        tokio::spawn(async move {
            for round in 0..35 {
                let (from, until) = (round * 10, round * 10 + 10);
                let written = gathered(log, from, until).write(&tables, NOW_MS).await.unwrap();
                written.commit(&tables, until).await.unwrap();
            }
        })
    });
    for writer in writers {
        writer.await.unwrap();
    }
    let tables = tables(folder.path());
    for log in ["one", "two"] {
        assert_eq!(tables.held(log, 0).await.unwrap(), (0..350).collect::<Vec<_>>());
        assert_eq!(tables.progress(HTTP, log).await.unwrap(), Some(350));
    }
    let checkpoints = std::fs::read_dir(folder.path().join("http_activity/_delta_log")).unwrap();
    let checkpoints = checkpoints
        .filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().contains("checkpoint.parquet"));
    assert_eq!(checkpoints.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_files_become_one_and_go_after_their_time() {
    let folder = tempfile::tempdir().unwrap();
    let tables = tables(folder.path());
    for round in 0..10 {
        let written = gathered(LOG, round * 10, round * 10 + 10).write(&tables, NOW_MS).await.unwrap();
        written.commit(&tables, round * 10 + 10).await.unwrap();
    }
    let before = tables.snapshot(HTTP).await.unwrap();
    assert_eq!(before.files().len(), 20);
    let plans = tables.mergeable(HTTP, LOG, 20_779).await.unwrap();
    assert_eq!(plans.iter().map(|plan| plan.files().len()).collect::<Vec<_>>(), [10, 10]);
    assert!(tables.mergeable(HTTP, "other", 20_779).await.unwrap().is_empty());
    let Leased::Held(lease) = tables.lease("test", NOW_MS).await.unwrap() else { panic!("nobody else is here") };
    for plan in &plans {
        let merged = tables.merge(plan, NOW_MS).await.unwrap();
        assert_eq!(tables.snapshot(HTTP).await.unwrap().rows(), before.rows());
        merged.commit(&tables, &lease).await.unwrap();
    }
    let after = tables.snapshot(HTTP).await.unwrap();
    assert_eq!((after.files().len(), after.rows()), (2, before.rows()));
    assert_eq!(tables.held(LOG, 0).await.unwrap(), (0..100).collect::<Vec<_>>());
    for (file, day) in after.files().iter().zip([20_778, 20_779]) {
        let of_day = |file: &&sekisho_tables::DataFile| file.day == day;
        let least = before.files().iter().filter(of_day).map(|file| *file.records.start()).min();
        let times = before
            .files()
            .iter()
            .filter(of_day)
            .filter_map(|file| file.time_us.as_ref())
            .map(|times| *times.end())
            .max();
        assert_eq!((Some(*file.records.start()), file.time_us.as_ref().map(|times| *times.end())), (least, times));
    }
    assert!(tables.mergeable(HTTP, LOG, 20_779).await.unwrap().is_empty());
    // Merged again by someone who still has the old list: refused.
    assert!(tables.merge(&plans[0], NOW_MS).await.unwrap().commit(&tables, &lease).await.is_err());

    let hour = 3_600_000;
    assert_eq!(tables.vacuum(NOW_MS + hour - 1, hour).await.unwrap(), 0);
    // Twenty files and their filters. What was refused goes too once nobody can be about to commit it any more.
    let removed = tables.vacuum(NOW_MS + hour, hour).await.unwrap();
    assert!([40, 42].contains(&removed), "{removed}");
    assert_eq!(tables.held(LOG, 0).await.unwrap(), (0..100).collect::<Vec<_>>());
}

/// Two who merge the same files at the same time: one of them does it, however their commits meet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_replaced_once_by_many_who_try_at_once() {
    for round in 0..8 {
        let folder = tempfile::tempdir().unwrap();
        let first = tables(folder.path());
        for part in 0..8 {
            let written = gathered(LOG, part * 10, part * 10 + 10).write(&first, NOW_MS).await.unwrap();
            written.commit(&first, part * 10 + 10).await.unwrap();
        }
        let merging = (0..4).map(|_| {
            let tables = tables(folder.path());
            tokio::spawn(async move {
                let plans = tables.mergeable(HTTP, LOG, 20_779).await.unwrap();
                let merged = tables.merge(&plans[0], NOW_MS).await.unwrap();
                let Leased::Held(lease) = tables.lease("test", NOW_MS).await.unwrap() else { panic!("it is a folder") };
                merged.commit(&tables, &lease).await.is_ok()
            })
        });
        let merging: Vec<_> = merging.collect();
        let mut committed = 0;
        for merging in merging {
            committed += usize::from(merging.await.unwrap());
        }
        assert_eq!(committed, 1, "round {round}");
        assert_eq!(first.held(LOG, 0).await.unwrap(), (0..80).collect::<Vec<_>>(), "round {round}");
    }
}
