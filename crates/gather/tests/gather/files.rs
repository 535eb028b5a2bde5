//! Files: once, watched, rotated, compressed, killed.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use sekisho_disk::simulated::Plan;
use sekisho_gather::{Feed, GatherError, stop};
use serde_json::json;

use crate::world::{World, feed, gzip, until};

fn once(source: &str, path: &Path) -> Vec<Feed> {
    vec![feed(json!({"from": "files", "source": source, "path": path}))]
}

fn watched(path: &Path) -> Vec<Feed> {
    vec![feed(json!({"from": "files", "source": "nginx", "path": path, "watch_ms": 20}))]
}

fn lines(from: usize, to: usize) -> String {
    (from..to).map(|number| format!("line {number} {}\n", "x".repeat(number % 50))).collect()
}

fn expected(to: usize) -> Vec<String> {
    lines(0, to).lines().map(str::to_owned).collect()
}

#[track_caller]
fn same(found: &[String], expected: &[String], what: &str) {
    let differ = found.iter().zip(expected).position(|(found, expected)| found != expected);
    let shown = |at: usize| [found, expected].map(|all| all[at].chars().take(20).collect::<String>());
    assert!(differ.is_none(), "{what}: record {} differs: {:?}", differ.unwrap(), shown(differ.unwrap()));
    assert_eq!(found.len(), expected.len(), "{what}");
}

fn append(path: &Path, text: &str) {
    OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

#[tokio::test]
async fn a_folder_is_read_once_and_later_only_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    fs::write(folder.path().join("in/a.log"), lines(0, 100)).unwrap();
    fs::write(folder.path().join("b.log.gz"), [gzip(b"one\n"), gzip(b"two\n")].concat()).unwrap();
    let world = World::new();
    let gather = world.run(&once("nginx", folder.path())).await.unwrap();
    let counts = &gather.counts()["nginx"];
    assert_eq!((counts.received_records, counts.stored_records), (102, 102));
    drop(gather);
    let mut all: Vec<_> = expected(100);
    all.extend(["one".to_owned(), "two".to_owned()]);
    let sorted = |mut raws: Vec<String>| {
        raws.sort();
        raws
    };
    assert_eq!(sorted(world.raws()), sorted(all.clone()));
    append(&folder.path().join("in/a.log"), "new\n");
    fs::write(folder.path().join("c.log"), "other\n").unwrap();
    drop(world.run(&once("nginx", folder.path())).await.unwrap());
    all.extend(["new".to_owned(), "other".to_owned()]);
    assert_eq!(sorted(world.raws()), sorted(all));
}

#[tokio::test]
async fn headers_are_found_again_after_a_stop() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flow.log");
    fs::write(&path, "version account-id\n2 1\n2 2\n").unwrap();
    let world = World::new();
    drop(world.run(&once("vpc-flow", &path)).await.unwrap());
    append(&path, "2 3\n");
    drop(world.run(&once("vpc-flow", &path)).await.unwrap());
    let kept = world.kept();
    assert_eq!(world.raws(), ["2 1", "2 2", "2 3"]);
    assert!(kept.iter().all(|kept| kept.header == "version account-id" && kept.source == "vpc-flow"), "{kept:?}");
}

#[tokio::test]
async fn secrets_are_masked_before_they_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.json");
    fs::write(&path, r#"[{"password":"hunter2","pan":4111111111111111}]"#).unwrap();
    let world = World::new();
    let gather = world.run(&once("json", &path)).await.unwrap();
    let counts = gather.counts();
    assert_eq!(
        counts["json"].masked.iter().map(|(kind, n)| (&kind[..], *n)).collect::<Vec<_>>(),
        [("card", 1), ("password", 1)]
    );
    drop(gather);
    assert_eq!(world.raws(), [r#"{"password":"REDACTED","pan":"************1111"}"#]);
}

#[tokio::test]
async fn a_damaged_file_is_named_and_what_comes_before_the_damage_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let whole = gzip(lines(0, 20_000).as_bytes());
    fs::write(folder.path().join("a.gz"), &whole[..whole.len() / 2]).unwrap();
    fs::write(folder.path().join("b.log"), "fine\n").unwrap();
    let world = World::new();
    let Err(GatherError::Unread(named)) = world.run(&once("nginx", folder.path())).await else {
        panic!("it is damaged")
    };
    assert!(named.len() == 1 && named[0].contains("a.gz"), "{named:?}");
    let before = world.raws();
    assert!(before.len() > 1_000 && before.contains(&"fine".to_owned()));
    // The rest comes, and only the rest.
    fs::write(folder.path().join("a.gz"), &whole).unwrap();
    drop(world.run(&once("nginx", folder.path())).await.unwrap());
    let mut after = world.raws();
    after.retain(|raw| raw != "fine");
    assert_eq!(after, expected(20_000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watched_files_grow_are_renamed_truncated_copied_and_compressed() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let world = World::new();
    let (stopper, stopped) = stop();
    let gather = world.gather().unwrap();
    let feeds = watched(folder.path());
    let running = gather.run(feeds, &stopped);
    let drive = async {
        let stored = |count: u64| gather.counts().get("nginx").is_some_and(|counts| counts.stored_records >= count);
        append(&path("a.log"), &lines(0, 500));
        until("the first lines", || stored(500)).await;
        // A part of a line waits for the rest.
        append(&path("a.log"), "line 500 ");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        append(&path("a.log"), &lines(500, 600)["line 500 ".len()..]);
        until("a line in two parts", || stored(600)).await;
        // Rotation by renaming.
        fs::rename(path("a.log"), path("a.log.1")).unwrap();
        append(&path("a.log.1"), &lines(600, 610));
        append(&path("a.log"), &lines(610, 1_000));
        until("lines after the renaming", || stored(1_000)).await;
        // Rotation by copying and truncating.
        fs::copy(path("a.log"), path("a.log.2")).unwrap();
        fs::write(path("a.log"), "").unwrap();
        append(&path("a.log"), &lines(1_000, 1_300));
        until("lines after the copy", || stored(1_300)).await;
        // Compression of what is known, and of a file with some lines that are not.
        let compressed = gzip(&fs::read(path("a.log.2")).unwrap());
        fs::write(path("a.log.2.gz"), &compressed).unwrap();
        fs::remove_file(path("a.log.2")).unwrap();
        append(&path("a.log"), &lines(1_300, 1_400));
        until("lines after the compression", || stored(1_400)).await;
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        stopper.stop();
    };
    let (ended, ()) = tokio::join!(running, drive);
    ended.unwrap();
    drop(gather);
    // Files that changed at the same moment come in the order of their names.
    let in_order = |mut raws: Vec<String>| {
        raws.sort_by_key(|raw| raw.split(' ').nth(1).and_then(|number| number.parse::<u32>().ok()));
        raws
    };
    same(&in_order(world.raws()), &expected(1_400), "watched");
    // After a new start, too.
    append(&path("a.log"), &lines(1_400, 1_450));
    drop(world.run(&once("nginx", folder.path())).await.unwrap());
    same(&in_order(world.raws()), &expected(1_450), "later");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_anywhere_each_record_is_kept_once() {
    let folder = tempfile::tempdir().unwrap();
    // Records of several sets of batches; a document whose records are more than a batch; a header that changes.
    let objects: Vec<String> = (0..600).map(|n| format!("{{\"n\":{n},\"x\":\"{}\"}}", "y".repeat(9_000))).collect();
    let document = format!("{{\"Records\":[{}]}}", objects.join(","));
    fs::write(folder.path().join("trail.json.gz"), gzip(document.as_bytes())).unwrap();
    fs::write(folder.path().join("small.json"), "{\"Records\":[{\"small\":1}]}").unwrap();
    let heads = folder.path().join("heads");
    let rows = |n: usize| (0..40).map(|row| format!("{n}.{row}\t{}\n", "z".repeat(4_000))).collect::<String>();
    let sections: String = (0..60).map(|n| format!("#Version: 1.0\n#Fields: date x-f{n}\n{}", rows(n))).collect();
    fs::write(&heads, &sections).unwrap();
    let feeds: Vec<Feed> = vec![
        feed(json!({"from": "files", "source": "cloudtrail", "path": folder.path().join("trail.json.gz")})),
        feed(json!({"from": "files", "source": "cloudtrail", "path": folder.path().join("small.json")})),
        feed(json!({"from": "files", "source": "cloudfront", "path": &heads})),
    ];
    let mut kills = 0;
    for at in 3..24 {
        let mut world = World::with(Plan { crash_at: Some(at), ..Plan::default() });
        let mut starts = 0;
        while let Err(error) = world.run(&feeds).await.map(drop) {
            starts += 1;
            kills += 1;
            assert!(starts < 20, "killed at {at}: {error:?}");
            world = world.crashed(Plan { crash_at: (starts < 3).then_some(at / 2 + starts), ..Plan::default() });
        }
        let world = world.crashed(Plan::default());
        let of = |source: &str| world.kept().into_iter().filter(|kept| kept.source == source).collect::<Vec<_>>();
        let mut trail: Vec<_> = of("cloudtrail").into_iter().map(|kept| kept.raw).collect();
        trail.retain(|raw| raw != "{\"small\":1}");
        same(&trail, &objects, &format!("killed at {at}"));
        let front: Vec<_> = of("cloudfront")
            .into_iter()
            .map(|kept| (kept.header, kept.raw.split('\t').next().unwrap().to_owned()))
            .collect();
        let rows =
            (0..60).flat_map(|n| (0..40).map(move |row| (format!("#Fields: date x-f{n}"), format!("{n}.{row}"))));
        assert!(front == rows.collect::<Vec<_>>(), "killed at {at}");
    }
    assert!(kills > 15, "{kills}");
}

#[tokio::test]
async fn what_cannot_be_is_explained() {
    let world = World::new();
    let error = world.run(&once("nothing", Path::new("/"))).await.err().unwrap();
    assert!(error.to_string().contains("aws-waf"), "{error}");
    let error = world.run(&once("nginx", Path::new("/nowhere/at/all"))).await.err().unwrap();
    assert!(matches!(error, GatherError::File { .. }), "{error}");
    let unknown = json!({"from": "files", "source": "nginx", "path": "/", "wach_ms": 20});
    assert!(serde_json::from_value::<Feed>(unknown).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_holds_feeds_up_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.log"), lines(0, 5_000)).unwrap();
    let world = World::with(Plan { bytes_max: Some(1_000), ..Plan::default() });
    let gather = world.gather().unwrap();
    let (_stopper, stopped) = stop();
    let running = gather.run(once("nginx", folder.path()), &stopped);
    let drive = async {
        until("a refusal", || gather.counts().get("nginx").is_some_and(|counts| counts.refused_sets > 0)).await;
        world.disk.set_plan(Plan::default());
    };
    let (ended, ()) = tokio::join!(running, drive);
    ended.unwrap();
    drop(gather);
    assert_eq!(world.raws(), expected(5_000));
}
