//! The journal against a real folder: what is pushed is found again, whole and once.

use std::io::Read as _;
use std::path::Path;

use flate2::read::GzDecoder;
use sekisho_model::{ManualClock, Timestamp};

use super::*;
use crate::record::Overflow;
use crate::record::segment::SegmentName;

const START: Timestamp = Timestamp::from_unix_ms(1_795_299_944_123);
const PATIENCE: Duration = Duration::from_secs(30);

fn settings(folder: &Path) -> JournalSettings {
    JournalSettings { flush_interval_ms: 50, ..JournalSettings::new(folder, "0", "local", "shop") }
}

fn start(settings: JournalSettings, metrics: &RecordMetrics) -> Journal {
    Journal::start(settings, Arc::new(ManualClock::new(START)), metrics.clone()).unwrap()
}

/// Pushes without a runtime: fine wherever the push does not wait.
fn push(outbox: &Outbox, line: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(outbox.push(format!("{line}\n").as_bytes(), 1));
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_str().unwrap().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// All lines of all archives.
fn archived(data: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    for path in files(&data.join("AWSLogs"), ".log.gz") {
        let mut text = String::new();
        GzDecoder::new(File::open(path).unwrap()).read_to_string(&mut text).unwrap();
        assert!(text.ends_with('\n'), "archives hold whole lines");
        lines.extend(text.lines().map(str::to_owned));
    }
    lines.sort();
    lines
}

fn plain(data: &Path) -> Vec<PathBuf> {
    files(&data.join("decisions").join("active"), ".log")
}

#[test]
fn closing_writes_and_archives_everything() {
    let data = tempfile::tempdir().unwrap();
    let metrics = RecordMetrics::default();
    let journal = start(settings(data.path()), &metrics);
    let (left, right) = (journal.outbox(), journal.outbox());
    push(&left, "a");
    push(&right, "b");
    drop(left);
    push(&right, "c");
    journal.close().unwrap();
    assert_eq!(archived(data.path()), ["a", "b", "c"]);
    assert!(plain(data.path()).is_empty());
    assert_eq!((metrics.written(), metrics.queue_bytes()), (3, 0));
    push(&right, "late");
    assert_eq!(metrics.dropped(DropReason::Closed).get(), 1, "a late record is counted");
    assert_eq!(metrics.queue_bytes(), 0);
}

#[test]
fn a_flush_makes_records_readable_at_once() {
    let data = tempfile::tempdir().unwrap();
    let journal = start(settings(data.path()), &RecordMetrics::default());
    push(&journal.outbox(), "a");
    journal.flush(PATIENCE).unwrap();
    let active = plain(data.path());
    assert_eq!(active.len(), 1);
    assert_eq!(fs::read_to_string(&active[0]).unwrap(), "a\n");
}

#[test]
fn a_segment_is_finished_by_size_and_by_age() {
    let data = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(START));
    let settings = JournalSettings { segment_bytes_max: 10, rotate_interval_s: 300, ..settings(data.path()) };
    let journal = Journal::start(settings, Arc::clone(&clock) as Arc<dyn Clock>, RecordMetrics::default()).unwrap();
    let outbox = journal.outbox();
    for line in ["1234", "5678", "by-size"] {
        push(&outbox, line);
        journal.flush(PATIENCE).unwrap();
    }
    clock.advance_ms(300_000);
    push(&outbox, "x");
    journal.flush(PATIENCE).unwrap();
    journal.close().unwrap();
    assert_eq!(archived(data.path()), ["1234", "5678", "by-size", "x"]);
    let names = files(&data.path().join("AWSLogs"), ".gz");
    assert_eq!(names.len(), 3);
    assert!(names[2].to_str().unwrap().contains("/2026/11/21/22/30/0_waflogs_local_shop_20261121T2230Z_"));
}

#[test]
fn a_full_queue_drops_and_counts() {
    let data = tempfile::tempdir().unwrap();
    let metrics = RecordMetrics::default();
    // No turn of the writer comes in between: the interval is long, and the queue smaller than what wakes it.
    let settings = JournalSettings { queue_bytes_max: 8, flush_interval_ms: 600_000, ..settings(data.path()) };
    let exchange = Arc::new(Exchange::new(settings.queue_bytes_max, settings.overflow, metrics.clone()));
    let outbox = Outbox::new(&exchange);
    for line in ["123", "567", "lost"] {
        push(&outbox, line);
    }
    assert_eq!(metrics.dropped(DropReason::Overflow).get(), 1);
    assert_eq!(metrics.queue_bytes(), 8);
    exchange.leave();
    assert_eq!(metrics.dropped(DropReason::Unwritten).get(), 2, "what nobody writes is counted");
    assert_eq!(metrics.queue_bytes(), 0);
}

#[test]
fn under_wait_nothing_is_lost_however_small_the_queue() {
    let data = tempfile::tempdir().unwrap();
    let metrics = RecordMetrics::default();
    let settings = JournalSettings { queue_bytes_max: 64, overflow: Overflow::Wait, ..settings(data.path()) };
    let journal = start(settings, &metrics);
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let outbox = journal.outbox();
            scope.spawn(move || (0..200).for_each(|number| push(&outbox, &format!("{worker}-{number:03}"))));
        }
    });
    journal.close().unwrap();
    let lines = archived(data.path());
    assert_eq!(lines.len(), 800);
    assert!(lines.windows(2).all(|pair| pair[0] != pair[1]), "none twice");
    assert!(metrics.waits.get() > 0, "the queue was small enough to make workers wait");
}

#[test]
fn a_push_given_up_is_counted() {
    let metrics = RecordMetrics::default();
    let exchange = Arc::new(Exchange::new(4, Overflow::Wait, metrics.clone()));
    let outbox = Outbox::new(&exchange);
    push(&outbox, "123");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let given_up = tokio::time::timeout(Duration::from_millis(20), outbox.push(b"456\n", 1)).await;
        assert!(given_up.is_err());
    });
    assert_eq!(metrics.dropped(DropReason::Abandoned).get(), 1);
}

#[test]
fn one_data_folder_has_one_process() {
    let data = tempfile::tempdir().unwrap();
    let journal = start(settings(data.path()), &RecordMetrics::default());
    let clock = Arc::new(ManualClock::new(START));
    let second = Journal::start(settings(data.path()), clock, RecordMetrics::default());
    assert!(matches!(second, Err(JournalError::Locked { .. })), "{second:?}");
    journal.close().unwrap();
    start(settings(data.path()), &RecordMetrics::default()).close().unwrap();
}

#[test]
fn names_that_would_leave_the_folder_are_refused() {
    let data = tempfile::tempdir().unwrap();
    let bad = |change: fn(&mut JournalSettings)| {
        let mut settings = settings(data.path());
        change(&mut settings);
        matches!(settings.validate(), Err(JournalError::Name { .. }))
    };
    assert!(bad(|settings| settings.acl = "../x".to_owned()));
    assert!(bad(|settings| settings.account = String::new()));
    assert!(bad(|settings| settings.region = "a_b".to_owned()));
    assert!(bad(|settings| settings.acl = "x".repeat(129)));
    assert!(!bad(|_| ()));
}

/// Leaves a segment behind as a crash would, with settings of another time.
fn leave_behind(data: &Path, content: &str) -> SegmentName {
    fs::create_dir_all(active_folder(data)).unwrap();
    let settings = JournalSettings::new(data, "7", "earlier", "other_acl");
    let segment = Segment::create(&settings, START).unwrap();
    fs::write(segment.name.plain_path(data), content).unwrap();
    segment.name
}

#[test]
fn a_start_recovers_what_a_crash_left() {
    let data = tempfile::tempdir().unwrap();
    let segment = leave_behind(data.path(), "a\nb\n{\"torn");
    leave_behind(data.path(), "torn only");
    let metrics = RecordMetrics::default();
    start(settings(data.path()), &metrics).close().unwrap();
    assert_eq!(archived(data.path()), ["a", "b"]);
    assert!(segment.archive_path(data.path()).exists(), "where its own name says, not today's settings");
    assert!(plain(data.path()).is_empty());
    assert_eq!(metrics.torn_lines(), 2);
}

#[test]
fn a_crash_between_rename_and_remove_duplicates_nothing() {
    let data = tempfile::tempdir().unwrap();
    let segment = leave_behind(data.path(), "a\n");
    crate::record::archive::archive(data.path(), &segment).unwrap();
    fs::write(segment.plain_path(data.path()), "a\n").unwrap();
    start(settings(data.path()), &RecordMetrics::default()).close().unwrap();
    assert_eq!(archived(data.path()), ["a"]);
    assert!(plain(data.path()).is_empty());
}

#[test]
fn a_half_written_archive_is_written_anew() {
    let data = tempfile::tempdir().unwrap();
    let segment = leave_behind(data.path(), "a\n");
    let archive = segment.archive_path(data.path());
    fs::create_dir_all(archive.parent().unwrap()).unwrap();
    let temporary = format!(".{}.tmp", archive.file_name().unwrap().to_str().unwrap());
    fs::write(archive.with_file_name(temporary), "half of it").unwrap();
    start(settings(data.path()), &RecordMetrics::default()).close().unwrap();
    assert_eq!(archived(data.path()), ["a"]);
    assert!(files(data.path(), ".tmp").is_empty());
}

#[test]
fn a_foreign_file_is_left_alone() {
    let data = tempfile::tempdir().unwrap();
    fs::create_dir_all(active_folder(data.path())).unwrap();
    let foreign = active_folder(data.path()).join("notes.log");
    fs::write(&foreign, "mine").unwrap();
    start(settings(data.path()), &RecordMetrics::default()).close().unwrap();
    assert_eq!(fs::read_to_string(foreign).unwrap(), "mine");
}

#[test]
fn records_wait_while_the_disk_refuses_and_none_is_lost() {
    let data = tempfile::tempdir().unwrap();
    let metrics = RecordMetrics::default();
    let journal = start(settings(data.path()), &metrics);
    // A segment cannot be created while its folder is a file.
    let active = active_folder(data.path());
    fs::remove_dir(&active).unwrap();
    fs::write(&active, "").unwrap();
    let outbox = journal.outbox();
    push(&outbox, "a");
    assert!(journal.flush(PATIENCE).is_err());
    push(&outbox, "b");
    assert!(metrics.write_errors.get() > 0);
    assert_eq!(metrics.written(), 0);
    fs::remove_file(&active).unwrap();
    fs::create_dir(&active).unwrap();
    let deadline = Instant::now() + PATIENCE;
    while journal.flush(PATIENCE).is_err() {
        assert!(Instant::now() < deadline);
    }
    journal.close().unwrap();
    assert_eq!(archived(data.path()), ["a", "b"]);
}

#[test]
fn what_cannot_be_written_by_the_end_is_counted() {
    let data = tempfile::tempdir().unwrap();
    let metrics = RecordMetrics::default();
    let journal = start(settings(data.path()), &metrics);
    let active = active_folder(data.path());
    fs::remove_dir(&active).unwrap();
    fs::write(&active, "").unwrap();
    push(&journal.outbox(), "a");
    let closed = journal.close();
    assert!(matches!(closed, Err(JournalError::Unwritten { records: 1 })), "{closed:?}");
    assert_eq!(metrics.dropped(DropReason::Unwritten).get(), 1);
}

#[test]
fn a_removed_segment_is_followed_by_a_new_one() {
    let data = tempfile::tempdir().unwrap();
    let journal = start(settings(data.path()), &RecordMetrics::default());
    let outbox = journal.outbox();
    push(&outbox, "gone");
    journal.flush(PATIENCE).unwrap();
    fs::remove_file(&plain(data.path())[0]).unwrap();
    push(&outbox, "kept");
    journal.flush(PATIENCE).unwrap();
    journal.close().unwrap();
    assert_eq!(archived(data.path()), ["kept"]);
}

#[test]
fn a_segment_that_is_followed_keeps_its_second_name_when_it_is_archived() {
    let data = tempfile::tempdir().unwrap();
    let followed = || files(&JournalSettings::followed_folder(data.path()), ".log");
    let settings = JournalSettings { followed: true, ..settings(data.path()) };
    let journal = start(settings.clone(), &RecordMetrics::default());
    let outbox = journal.outbox();
    push(&outbox, "a");
    journal.flush(PATIENCE).unwrap();
    assert_eq!(fs::read_to_string(&followed()[0]).unwrap(), "a\n");
    // Who removes the second name is no better than who removes the first.
    fs::remove_file(&followed()[0]).unwrap();
    push(&outbox, "b");
    journal.close().unwrap();
    assert_eq!(archived(data.path()), ["b"]);
    assert_eq!(fs::read_to_string(&followed()[0]).unwrap(), "b\n", "it is for whoever reads along to remove");
    // The other stays for the next start.
    start(settings, &RecordMetrics::default()).close().unwrap();
    assert_eq!(archived(data.path()), ["a", "b"]);
}
