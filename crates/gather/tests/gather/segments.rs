//! Segments that somebody writes and hands over.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sekisho_disk::simulated::Plan;
use sekisho_gather::{Feed, Gather, GatherError, SegmentsFeed, Stopper, stop};
use tokio::task::JoinHandle;

use crate::world::{World, until};

/// A writer's folder and the reader's, as the journal of decisions has them.
struct Folders(tempfile::TempDir);

impl Folders {
    fn new() -> Self {
        let folders = Self(tempfile::tempdir().unwrap());
        fs::create_dir(folders.0.path().join("active")).unwrap();
        fs::create_dir(folders.followed()).unwrap();
        folders
    }

    fn followed(&self) -> PathBuf {
        self.0.path().join("followed")
    }

    fn active(&self, name: &str) -> PathBuf {
        self.0.path().join("active").join(name)
    }

    /// Begins a segment.
    fn begin(&self, name: &str) {
        fs::write(self.active(name), "").unwrap();
        fs::hard_link(self.active(name), self.followed().join(name)).unwrap();
    }

    fn write(&self, name: &str, text: &str) {
        OpenOptions::new().append(true).open(self.active(name)).unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Lets go of a segment.
    fn end(&self, name: &str) {
        fs::remove_file(self.active(name)).unwrap();
    }

    fn feed(&self) -> SegmentsFeed {
        SegmentsFeed { source: "aws-waf".to_owned(), folder: self.followed(), poll_ms: 5 }
    }

    fn left(&self) -> Vec<PathBuf> {
        fs::read_dir(self.followed()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

fn records(from: usize, to: usize) -> String {
    (from..to).map(|number| format!("{{\"n\":{number}}}\n")).collect()
}

fn expected(to: usize) -> Vec<String> {
    records(0, to).lines().map(str::to_owned).collect()
}

fn run(world: &World, folders: &Folders) -> (Arc<Gather>, Stopper, JoinHandle<Result<(), GatherError>>) {
    let gather = Arc::new(world.gather().unwrap());
    let (stopper, stopped) = stop();
    let (its, feed) = (Arc::clone(&gather), Feed::Segments(folders.feed()));
    (gather, stopper, tokio::spawn(async move { its.run(vec![feed], &stopped).await }))
}

fn stored(gather: &Gather) -> u64 {
    gather.counts().get("aws-waf").map_or(0, |counts| counts.stored_records)
}

#[tokio::test]
async fn segments_are_read_as_they_grow_and_go_once_they_are_let_go_of() {
    let (world, folders) = (World::new(), Folders::new());
    folders.begin("a");
    folders.write("a", &records(0, 10));
    folders.write("a", "{\"n\":1");
    let (gather, stopper, running) = run(&world, &folders);
    until("ten records", || stored(&gather) == 10).await;
    assert_eq!(gather.waiting_bytes(&folders.feed()).unwrap(), 6, "what is no record yet waits");
    folders.write("a", "0}\n");
    folders.begin("b");
    folders.write("b", &records(11, 12));
    until("two more", || stored(&gather) == 12).await;
    assert_eq!(folders.left().len(), 2, "their writer may add to them");
    folders.end("a");
    until("a to go", || folders.left() == [folders.followed().join("b")]).await;
    // What is written before the stop is read, and a segment that was let go of goes.
    folders.write("b", &records(12, 20));
    folders.end("b");
    stopper.stop();
    running.await.unwrap().unwrap();
    assert!(folders.left().is_empty());
    assert_eq!(gather.waiting_bytes(&folders.feed()).unwrap(), 0);
    drop(gather);
    assert_eq!(world.raws(), expected(20));
    // Nothing is remembered of what is gone.
    let (_, stopper, running) = run(&world, &folders);
    stopper.stop();
    running.await.unwrap().unwrap();
    assert_eq!(world.position_bytes(), 0);
}

#[tokio::test]
async fn a_reader_goes_on_where_it_was_and_a_folder_may_be_moved() {
    let (world, folders) = (World::new(), Folders::new());
    folders.begin("a");
    for round in 0..3 {
        folders.write("a", &records(round * 5, round * 5 + 5));
        let (_, stopper, running) = run(&world, &folders);
        stopper.stop();
        running.await.unwrap().unwrap();
    }
    let moved = Folders(tempfile::tempdir().unwrap());
    for part in ["active", "followed"] {
        fs::rename(folders.0.path().join(part), moved.0.path().join(part)).unwrap();
    }
    moved.write("a", &records(15, 17));
    moved.end("a");
    let (_, stopper, running) = run(&world, &moved);
    stopper.stop();
    running.await.unwrap().unwrap();
    assert_eq!(world.raws(), expected(17));
    assert!(moved.left().is_empty());
}

#[tokio::test]
async fn a_power_cut_at_any_operation_loses_and_doubles_nothing() {
    for operation in 1..40 {
        let folders = Folders::new();
        let mut world = World::with(Plan { crash_at: Some(operation), ..Plan::default() });
        for name in ["a", "b", "c"] {
            folders.begin(name);
        }
        folders.write("a", &records(0, 30));
        folders.write("b", &records(30, 60));
        folders.end("a");
        read_once(&world, &folders).await;
        world = world.crashed(Plan::default());
        folders.write("c", &records(60, 70));
        folders.end("b");
        folders.end("c");
        read_once(&world, &folders).await;
        let mut found = world.raws();
        found.sort_by_key(|raw| raw[5..raw.len() - 1].parse::<usize>().unwrap());
        assert_eq!(found, expected(70), "a cut at operation {operation}");
        assert!(folders.left().is_empty(), "a cut at operation {operation}");
    }
}

/// Reads what is there, unless the power fails.
async fn read_once(world: &World, folders: &Folders) {
    let Some(gather) = world.gather() else { return };
    let (stopper, stopped) = stop();
    stopper.stop();
    // Whether it failed is told by what is there afterwards.
    _ = gather.run(vec![Feed::Segments(folders.feed())], &stopped).await;
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_said() {
    let world = World::new();
    let feed = SegmentsFeed { folder: Path::new("/nowhere").to_owned(), ..Folders::new().feed() };
    let gather = world.gather().unwrap();
    let (_stopper, stopped) = stop();
    let error = gather.run(vec![Feed::Segments(feed)], &stopped).await.unwrap_err();
    assert!(error.to_string().contains("/nowhere"), "{error}");
}

#[tokio::test]
async fn a_disk_that_is_full_is_said_and_what_it_does_not_take_stays() {
    let (world, folders) = (World::with(Plan { bytes_max: Some(4096), ..Plan::default() }), Folders::new());
    folders.begin("a");
    folders.write("a", &records(0, 1_000));
    folders.end("a");
    let (gather, stopper, running) = run(&world, &folders);
    until("the disk to refuse", || gather.refused().is_some()).await;
    assert!(gather.waiting_bytes(&folders.feed()).unwrap() > 0);
    assert_eq!(folders.left().len(), 1);
    stopper.stop();
    assert!(running.await.unwrap().is_err(), "it was stopped with records in hand");
    assert_eq!(gather.refused(), None, "nobody waits any more");
    drop(gather);
    let larger = world.crashed(Plan::default());
    read_once(&larger, &folders).await;
    assert_eq!(larger.raws(), expected(1_000));
    assert!(folders.left().is_empty());
}
