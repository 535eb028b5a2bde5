//! Requests and answers that are lost.

use std::time::Duration;

use object_store::path::Path;
use object_store::{Error, ObjectStoreExt as _, PutMode, PutOptions};

use crate::moto::Moto;
use crate::way::{FATES, Fate, Way};
use crate::world::{bring, check, finish, open, place, settle};

const LOG: &str = "lake.example/faults";

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// A file that must not be there yet is written once, whatever is lost on the way; another's stays.
pub(crate) fn a_file_is_written_first_by_one() {
    let (moto, runtime) = (Moto::start(), runtime());
    let way = runtime.block_on(Way::open(moto.at, 2));
    let location = crate::world::location(way.at, "files");
    let store = location.store();
    runtime.block_on(async {
        for (number, fate) in FATES.into_iter().enumerate() {
            let path = Path::from(format!("files/{number}"));
            let create = |bytes: String| {
                let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
                store.put_opts(&path, bytes.into(), options)
            };
            way.fail_next(fate);
            create(format!("ours, {fate:?}")).await.unwrap_or_else(|error| panic!("{fate:?}: {error}"));
            assert!(way.has_failed());
            // The same again is the same; other bytes of the same length are another's.
            create(format!("ours, {fate:?}")).await.unwrap();
            for other in [format!("yours {fate:?}"), "short".to_owned()] {
                way.fail_next(fate);
                let refused = create(other).await;
                assert!(matches!(refused, Err(Error::AlreadyExists { .. })), "{fate:?}: {refused:?}");
            }
            let found = store.get(&path).await.unwrap().bytes().await.unwrap();
            assert_eq!(found, format!("ours, {fate:?}"));
        }
    });
}

pub(crate) fn a_commit_whose_answer_is_lost_is_made_once() {
    let (moto, runtime, folder) = (Moto::start(), runtime(), tempfile::tempdir().unwrap());
    let way = runtime.block_on(Way::open(moto.at, 1));
    let place = place(folder.path(), way.at, "lake");
    let lake = open(&place, LOG).unwrap();
    let mut brought = 0;
    // The first that comes makes a table, those after it add to tables.
    for _ in 0..2 {
        for fate in FATES.into_iter().filter(|fate| *fate != Fate::Slow) {
            let commits = way.conditional();
            way.fail_next(fate);
            bring(&lake, brought, brought + 10);
            brought += 10;
            settle(&lake, lake.status().unwrap().durable);
            assert!(way.has_failed() && way.conditional() > commits, "{fate:?}");
        }
    }
    assert_eq!(lake.status().unwrap().trouble, None);
    finish(lake, &place, LOG);
    check(&place, LOG, brought);
}

pub(crate) fn everything_goes_wrong() {
    let mut seen = [0; FATES.len()];
    for seed in 1..=2 {
        let (moto, runtime, folder) = (Moto::start(), runtime(), tempfile::tempdir().unwrap());
        let way = runtime.block_on(Way::open(moto.at, seed));
        let place = place(folder.path(), way.at, "lake");
        let lake = open(&place, LOG).unwrap();
        way.fail(5 + seed);
        let mut brought = 0;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..6 {
                    // It may fail, and goes on next time.
                    _ = lake.compact(Duration::ZERO);
                    std::thread::sleep(Duration::from_millis(500));
                }
            });
            for _ in 0..60 {
                bring(&lake, brought, brought + 12);
                brought += 12;
                std::thread::sleep(Duration::from_millis(60));
            }
        });
        way.fail(0);
        finish(lake, &place, LOG);
        check(&place, LOG, brought);
        for (seen, (_, count)) in seen.iter_mut().zip(way.counts()) {
            *seen += count;
        }
        println!("  seed {seed}: {brought} records, {:?}", way.counts());
    }
    let hung = FATES.into_iter().zip(seen).filter(|(fate, _)| matches!(fate, Fate::Swallowed | Fate::LateAfter));
    assert!(hung.map(|(_, count)| count).sum::<u64>() > 0, "{seen:?}");
    let others = FATES.into_iter().zip(seen).filter(|(fate, _)| !matches!(fate, Fate::Swallowed | Fate::LateAfter));
    assert!(others.into_iter().all(|(_, count)| count > 0), "{seen:?}");
}
