//! Several who write to the same tables, and who of them compacts.

use std::sync::Arc;
use std::time::Duration;

use sekisho_lake::{Lake, LakeError};
use sekisho_tables::{LEASE_MS, Leased, TableName, Tables, TablesError};

use crate::moto::Moto;
use crate::way::{FATES, Fate, Way};
use crate::world::{NOW_MS, agreed, bring, check, clock, finish, open, place, settings, settle, verified, wait};

const LOGS: [&str; 2] = ["lake.example/one", "lake.example/two"];
/// Days since 1970-01-01 of the day after the records came in.
const TOMORROW: i32 = 20_780;

pub(crate) fn two_write_and_both_compact() {
    let (moto, folders) = (Moto::start(), [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()]);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let way = runtime.block_on(Way::open(moto.at, 3));
    way.fail(12);
    let mut places = [0, 1].map(|number: usize| place(folders[number].path(), way.at, "shared"));
    let [compacted, refused] = [0, 1].map(|_| std::sync::atomic::AtomicU64::new(0));
    let count = |count: &std::sync::atomic::AtomicU64, more| count.fetch_add(more, std::sync::atomic::Ordering::SeqCst);
    std::thread::scope(|scope| {
        for (place, log) in places.iter().zip(LOGS) {
            let (compacted, refused, count) = (&compacted, &refused, &count);
            scope.spawn(move || {
                let time = clock();
                let lake = Lake::open(place, Arc::clone(&time) as _, &settings(log)).unwrap();
                std::thread::scope(|scope| {
                    scope.spawn(|| {
                        for _ in 0..15 {
                            match lake.compact(Duration::ZERO) {
                                Ok(made) => count(compacted, made),
                                Err(LakeError::Compacting { .. }) => {
                                    // A clock that is ahead: the lease seems to have ended, though its holder works on.
                                    time.advance_ms(LEASE_MS.unsigned_abs() / 3);
                                    count(refused, 1)
                                }
                                Err(_) => 0,
                            };
                            std::thread::sleep(Duration::from_millis(200));
                        }
                    });
                    for part in 0..60 {
                        bring(&lake, part * 10, part * 10 + 10);
                        std::thread::sleep(Duration::from_millis(50));
                    }
                });
                finish(lake, place, log);
            });
        }
    });
    way.fail(0);
    for (place, log) in places.iter().zip(LOGS) {
        // Long after any lease that was not let go of.
        let time = clock();
        time.advance_ms(100 * LEASE_MS.unsigned_abs());
        let lake = Lake::open(place, time, &settings(log)).unwrap();
        count(&compacted, lake.compact(Duration::ZERO).unwrap());
        assert_eq!(lake.close(), None);
    }
    for (number, log) in LOGS.into_iter().enumerate() {
        // Whoever does not know of the other takes its records for inserted.
        assert!(!verified(&places[number]).is_good());
        places[number].writers = vec![LOGS[1 - number].to_owned()];
        check(&places[number], log, 600);
        let others = verified(&places[number]).others;
        assert!(others.len() == 1 && others[LOGS[1 - number]] >= 600, "{others:?}");
        let tables = "tables = \"s3://lake/shared\"";
        let storage = format!("{tables}\nwriters = [\"{}\"]", LOGS[1 - number]);
        assert!(agreed(&places[number], moto.at, &storage));
        places[number].writers.clear();
        assert!(!agreed(&places[number], moto.at, tables));
    }
    let (compacted, refused) = (compacted.into_inner(), refused.into_inner());
    println!("  {compacted} files made of smaller ones, {refused} times the other had the lease, {:?}", way.counts());
    assert!(compacted > 0);
}

/// Brings records in many small files.
fn brought(lake: &Lake) {
    for part in 0..4 {
        bring(lake, part * 40, part * 40 + 40);
        settle(lake, lake.status().unwrap().durable);
    }
}

pub(crate) fn one_has_the_lease_and_the_next_takes_over() {
    let (moto, folder) = (Moto::start(), tempfile::tempdir().unwrap());
    let place = place(folder.path(), moto.at, "shared");
    let time = clock();
    let lake = Lake::open(&place, Arc::clone(&time) as _, &settings(LOGS[0])).unwrap();
    brought(&lake);
    let tables = Tables::open(place.tables.clone());
    let now = i64::try_from(NOW_MS).unwrap();
    let Leased::Held(_) = wait(tables.lease("somebody else", now)).unwrap() else { panic!("nobody has it") };
    match lake.compact(Duration::ZERO) {
        Err(LakeError::Compacting { holder, seconds }) => {
            assert_eq!((holder.as_str(), seconds), ("somebody else", LEASE_MS / 1_000 + 1));
        }
        other => panic!("{other:?}"),
    }
    // It is not renewed any more: its holder has died.
    time.advance_ms(u64::try_from(LEASE_MS).unwrap());
    let before = verified(&place).files;
    lake.compact(Duration::ZERO).unwrap();
    // Let go of at once: whoever is next need not wait.
    lake.compact(Duration::ZERO).unwrap();
    assert_eq!(lake.close(), None);
    drop(lake);
    assert!(verified(&place).files <= before);
    check(&place, LOGS[0], 160);
}

pub(crate) fn who_lost_the_lease_cannot_commit() {
    let (moto, folder) = (Moto::start(), tempfile::tempdir().unwrap());
    let place = place(folder.path(), moto.at, "shared");
    let lake = open(&place, LOGS[0]).unwrap();
    brought(&lake);
    assert_eq!(lake.close(), None);
    drop(lake);
    let [first, second] = [0, 1].map(|_| Tables::open(place.tables.clone()));
    let now = i64::try_from(NOW_MS).unwrap();
    let table = TableName::named("api_activity").unwrap();
    wait(async {
        let Leased::Held(old) = first.lease("first", now).await.unwrap() else { panic!("nobody has it") };
        let plans = first.mergeable(table, LOGS[0], TOMORROW).await.unwrap();
        assert_eq!(plans.len(), 2, "two days");
        // It sleeps for long, with a file of each day written and not committed.
        let other_day = first.merge(&plans[0], now).await.unwrap();
        let same_day = first.merge(&plans[1], now).await.unwrap();
        let later = now + LEASE_MS;
        let Leased::Held(new) = second.lease("second", later).await.unwrap() else { panic!("it has ended") };
        assert!(new.number() > old.number());
        let again = second.mergeable(table, LOGS[0], TOMORROW).await.unwrap();
        second.merge(&again[1], later).await.unwrap().commit(&second, &new).await.unwrap();
        // Neither what was replaced meanwhile nor what was not: the table knows the number of the one that followed.
        for merged in [other_day, same_day] {
            assert!(matches!(merged.commit(&first, &old).await, Err(TablesError::LeaseLost)));
        }
        assert!(matches!(old.check(later), Err(TablesError::LeaseLost)));
        assert!(matches!(old.renew(later).await, Err(TablesError::LeaseLost)));
        // Somebody removes the lease: the tables remember how far its numbers were.
        let store = place.tables[0].store();
        object_store::ObjectStoreExt::delete(store, &"shared/_compactor".into()).await.unwrap();
        let Leased::Held(newest) = second.lease("third", later).await.unwrap() else { panic!("there is none") };
        assert!(newest.number() > new.number());
        second.merge(&again[0], later).await.unwrap().commit(&second, &newest).await.unwrap();
    });
    crate::world::check_records(&place, LOGS[0], 160);
}

pub(crate) fn a_lease_whose_answers_are_lost() {
    let moto = Moto::start();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let way = runtime.block_on(Way::open(moto.at, 5));
    let tables = Tables::open(vec![crate::world::location(way.at, "leased")]);
    let mut now = i64::try_from(NOW_MS).unwrap();
    let effective = FATES.into_iter().filter(|fate| !matches!(fate, Fate::Slow));
    wait(async {
        for (fate, number) in effective.zip(1..) {
            // Taken, renewed and let go of: each time the answer is lost, or the request.
            way.fail_next(fate);
            let lease = match tables.lease("one", now).await.unwrap() {
                Leased::Held(lease) => lease,
                other => panic!("{fate:?}: {other:?}"),
            };
            assert_eq!(lease.number(), Some(number), "{fate:?}");
            way.fail_next(fate);
            now += LEASE_MS / 2;
            lease.renew(now).await.unwrap_or_else(|error| panic!("{fate:?}: {error:?}"));
            assert!(matches!(tables.lease("two", now + LEASE_MS - 1).await.unwrap(), Leased::By { .. }), "{fate:?}");
            way.fail_next(fate);
            lease.release().await.unwrap_or_else(|error| panic!("{fate:?}: {error:?}"));
        }
    });
}
