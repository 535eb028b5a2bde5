//! The events of CloudTrail in the shared folder.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]
#![expect(clippy::disallowed_methods, reason = "tests find the shared folder by the environment")]

use std::fs;
use std::path::{Path, PathBuf};

/// Each event as its JSON text; `None` if the folder is not there.
pub(crate) fn events() -> Option<Vec<Vec<u8>>> {
    let shared = std::env::var_os("SEKISHO_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = shared.join("data/cloudtrail");
    if !folder.is_dir() {
        return None;
    }
    let mut events = Vec::new();
    gather(&folder, &mut events);
    Some(events)
}

fn gather(folder: &Path, events: &mut Vec<Vec<u8>>) {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            gather(&path, events);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            let text = fs::read(&path).unwrap();
            let json: serde_json::Value = serde_json::from_slice(&text).unwrap();
            let records = json.get("Records").unwrap_or(&json).as_array().cloned().unwrap_or_default();
            events.extend(records.iter().map(|record| serde_json::to_vec(record).unwrap()));
        }
    }
}
