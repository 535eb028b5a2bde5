//! Where tables are, without anything going wrong on the way.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use sekisho_lake::{Lake, LakeError, Place, Policy};
use sekisho_model::{ManualClock, Timestamp};
use sekisho_tables::TablesError;

use crate::moto::Moto;
use crate::world::{NOW_MS, agreed, bring, check, clock, location, open, place, settings, settle, verified};

const LOG: &str = "lake.example/bucket";

pub(crate) fn a_bucket_is_the_only_place() {
    let moto = Moto::start();
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path(), moto.at, "some/where");
    for round in 0..3 {
        let lake = open(&place, LOG).unwrap();
        assert_eq!(crate::world::position(&lake), round * 100);
        for part in 0..5 {
            bring(&lake, round * 100 + part * 20, round * 100 + part * 20 + 20);
            settle(&lake, lake.status().unwrap().durable);
        }
        assert_eq!(lake.close(), None);
    }
    check(&place, LOG, 300);
    let files = verified(&place).files;
    let lake = open(&place, LOG).unwrap();
    assert!(lake.compact(Duration::ZERO).unwrap() > 0);
    assert_eq!(lake.close(), None);
    drop(lake);
    check(&place, LOG, 300);
    assert!(verified(&place).files < files / 2, "{files}");
    both_verifiers_find_what_is_done_to_the_bucket(&place, &moto);
}

/// Keys of data and filters in the bucket that have these parts.
fn keys(moto: &Moto, parts: [&str; 2]) -> Vec<String> {
    let listed = String::from_utf8(moto.ask("GET", "lake?list-type=2", b"")).unwrap();
    let keys = listed.split("<Key>").skip(1).filter_map(|rest| Some(rest.split_once("</Key>")?.0.to_owned()));
    keys.filter(|key| !key.contains("_delta_log") && parts.iter().all(|part| key.contains(part))).collect()
}

fn both_verifiers_find_what_is_done_to_the_bucket(place: &Place, moto: &Moto) {
    let storage = "tables = \"s3://lake/some/where\"";
    assert!(agreed(place, moto.at, storage));
    for parts in [["/api_activity/", ".parquet"], ["/api_activity/", ".words"], ["/quarantine/", ".parquet"]] {
        let key = keys(moto, parts).pop().expect("there is such an object");
        let path = format!("lake/{}", key.replace('=', "%3D"));
        let bytes = moto.ask("GET", &path, b"");
        let mut altered = bytes.clone();
        let middle = altered.len() / 2;
        altered[middle] ^= 1;
        moto.ask("PUT", &path, &altered);
        assert!(!agreed(place, moto.at, storage), "{key} was altered");
        moto.ask("DELETE", &path, b"");
        assert!(!agreed(place, moto.at, storage), "{key} is gone");
        moto.ask("PUT", &path, &bytes);
        assert!(agreed(place, moto.at, storage), "{key} is back");
    }
}

/// Opens a lake, days after now.
fn open_at(place: &Place, days: u64) -> Lake {
    let clock = Arc::new(ManualClock::new(Timestamp::from_unix_ms(NOW_MS + days * 86_400_000)));
    Lake::open(place, clock, &settings(LOG)).unwrap()
}

pub(crate) fn older_days_move_to_a_bucket_and_go() {
    let moto = Moto::start();
    let folder = tempfile::tempdir().unwrap();
    let mut place = Place::folder(folder.path()).unwrap();
    place.tables.push(location(moto.at, "cold"));
    let policy = Policy { hot_days: 7, keep_days: 30 };
    let lake = open_at(&place, 0);
    bring(&lake, 0, 200);
    assert_eq!(lake.close(), None);
    drop(lake);
    let lake = open_at(&place, 10);
    assert!(lake.retain(policy).unwrap().moved > 0);
    assert_eq!(lake.retain(policy).unwrap().moved, 0);
    lake.compact(Duration::ZERO).unwrap();
    assert_eq!(lake.close(), None);
    drop(lake);
    check(&place, LOG, 200);
    let storage = "cold = \"s3://lake/cold\"";
    assert!(agreed(&place, moto.at, storage));
    let lake = open_at(&place, 40);
    lake.hold("case 7").unwrap();
    assert_eq!(lake.retain(policy).unwrap().deleted, 0);
    lake.release("case 7 is closed").unwrap();
    let deleted = lake.retain(policy).unwrap();
    assert!(deleted.records >= 200, "{deleted:?}");
    lake.compact(Duration::ZERO).unwrap();
    assert_eq!(lake.close(), None);
    drop(lake);
    let report = verified(&place);
    assert!(report.is_good() && report.deleted >= 200, "{report:#?}");
    assert!(agreed(&place, moto.at, storage));
    let left = crate::world::wait(sekisho_tables::Tables::open(place.tables.clone()).vacuum(i64::MAX, 0)).unwrap();
    assert_eq!(left, 0, "files that were deleted are gone");
}

pub(crate) fn a_name_is_one_lakes() {
    let moto = Moto::start();
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [one, two] = [0, 1].map(|number: usize| place(folders[number].path(), moto.at, "shared"));
    drop(open(&one, LOG).unwrap());
    let error = open(&two, LOG).unwrap_err();
    assert!(matches!(&error, LakeError::Tables(TablesError::Claimed { log, .. }) if log == LOG), "{error:?}");
    drop(open(&one, LOG).unwrap());
}

/// As whoever runs it is told.
fn told(error: LakeError) -> String {
    let LakeError::Tables(TablesError::Store { source, .. }) = error else { panic!("{error:?}") };
    std::error::Error::source(&source).unwrap().to_string()
}

pub(crate) fn errors_say_where_and_what_helps() {
    let moto = Moto::start();
    let folder = tempfile::tempdir().unwrap();
    let mut place = Place::folder(folder.path()).unwrap();
    let options = [("aws_endpoint", format!("http://{}", moto.at)), ("aws_region", "us-east-1".to_owned())];
    let secret = [("aws_access_key_id", "key".to_owned()), ("aws_secret_access_key", "hidden-well".to_owned())];
    let options: Vec<_> = options.into_iter().chain(secret).map(|(key, value)| (key.to_owned(), value)).collect();
    let nowhere = sekisho_tables::Location::s3("s3://nowhere/lake", &options, crate::world::patience());
    place.tables = vec![nowhere.unwrap()];
    let error = told(Lake::open(&place, clock(), &settings(LOG)).unwrap_err());
    for part in ["s3://nowhere/lake/_writers/", "NoSuchBucket", "404", "make the bucket", "storage.toml"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert!(!error.contains("hidden-well") && error.len() < 500, "{error}");
}

pub(crate) fn a_bucket_out_of_reach_holds_nobody_up() {
    for is_cold in [false, true] {
        out_of_reach(is_cold);
    }
}

/// `is_cold`: whether only older days are in the bucket.
fn out_of_reach(is_cold: bool) {
    let folder = tempfile::tempdir().unwrap();
    let at = |at| {
        let mut place = place(folder.path(), at, "lake");
        if is_cold {
            place.tables.splice(0..0, Place::folder(folder.path()).unwrap().tables);
        }
        place
    };
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let away = at(nobody);
    let lake = open(&away, LOG).unwrap();
    bring(&lake, 0, 30);
    let trouble = lake.close().unwrap();
    assert!(trouble.contains("s3://lake/lake/") && trouble.contains("cannot be reached"), "{trouble}");
    drop(lake);
    let moto = Moto::start();
    let here = at(moto.at);
    let lake = open(&here, LOG).unwrap();
    bring(&lake, 30, 50);
    assert_eq!(lake.close(), None);
    drop(lake);
    check(&here, LOG, 50);
}

pub(crate) fn a_store_without_conditions_is_refused() {
    let (moto, folder) = (Moto::start(), tempfile::tempdir().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let way = runtime.block_on(crate::way::Way::open(moto.at, 1));
    let place = place(folder.path(), way.at, "lake");
    way.take_off_conditions();
    for _ in 0..2 {
        let error = open(&place, LOG).unwrap_err();
        assert!(matches!(&error, LakeError::Tables(TablesError::Unconditional { .. })), "{error:?}");
    }
}
