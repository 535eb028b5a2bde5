//! Real events of CloudTrail through all of it: every one is kept, valid, and none is masked by mistake.

#![expect(clippy::disallowed_methods, reason = "tests find the shared folder by the environment")]
#![expect(clippy::print_stderr, reason = "a test that is skipped says why")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::world::{World, feed, gzip};

/// The events, if they are there. Under CI they must be.
fn folder() -> Option<PathBuf> {
    let shared = std::env::var_os("SEKISHO_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = shared.join("data/cloudtrail");
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is missing", folder.display());
    eprintln!("skipped: {} is missing", folder.display());
    None
}

fn events(folder: &Path, to: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            events(&path, to, found);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            let content = fs::read(&path).unwrap();
            let whole: Value = serde_json::from_slice(&content).unwrap();
            let records = match &whole {
                Value::Object(object) => object.get("Records").and_then(Value::as_array).cloned(),
                Value::Array(records) => Some(records.clone()),
                _ => None,
            };
            found.extend(records.unwrap_or_else(|| vec![whole]).iter().map(Value::to_string));
            fs::write(to.join(format!("{}.json.gz", found.len())), gzip(&content)).unwrap();
        }
    }
}

#[tokio::test]
async fn every_real_event_is_kept_once() {
    let Some(folder) = folder() else { return };
    let packed = tempfile::tempdir().unwrap();
    let mut expected = Vec::new();
    events(&folder, packed.path(), &mut expected);
    assert!(expected.len() > 1_000, "{}", expected.len());
    let world = World::new();
    let feeds = [feed(json!({"from": "files", "source": "cloudtrail", "path": packed.path()}))];
    let gather = world.run(&feeds).await.unwrap();
    let counts = gather.counts()["cloudtrail"].clone();
    drop(gather);
    assert_eq!(counts.stored_records, expected.len() as u64);
    // Sessions have tokens; there is no card among the events.
    assert_eq!(counts.masked.get("card"), None, "{:?}", counts.masked);
    let mut unmasked = 0;
    let mut kept: Vec<String> = Vec::new();
    for raw in world.raws() {
        let event: Value = serde_json::from_str(&raw).unwrap();
        unmasked += usize::from(!raw.contains("REDACTED"));
        kept.push(event.to_string());
    }
    expected.sort();
    kept.sort();
    let same = kept.iter().filter(|event| expected.binary_search(event).is_ok()).count();
    assert_eq!(same, unmasked, "of {} events, and masked: {:?}", kept.len(), counts.masked);
    assert!(unmasked * 10 > kept.len() * 8, "{unmasked} of {}", kept.len());
}
