//! Real events of CloudTrail: all of them are told, none is lost.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]
#![expect(clippy::disallowed_methods, reason = "tests find the shared folder by the environment")]
#![expect(clippy::print_stderr, reason = "a test that is skipped says why")]

use std::fs;
use std::path::{Path, PathBuf};

use sekisho_collect::{Context, Source, Splitter};
use sekisho_event::{Column, Value};

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

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
}

#[test]
fn every_real_event_is_told() {
    let Some(folder) = folder() else { return };
    let source = Source::named("cloudtrail").unwrap();
    let mut found = Vec::new();
    files(&folder, &mut found);
    let (mut told, mut written) = (0, 0);
    for path in found {
        let bytes = fs::read(&path).unwrap();
        written += bytes.windows(14).filter(|window| window == b"\"eventVersion\"").count();
        let mut splitter = Splitter::new(source);
        let mut give = |piece: sekisho_collect::Piece<'_>| {
            let context = Context { header: piece.header, received_ms: 0 };
            let event = source.parse(piece.raw, context).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
            assert!(matches!(event.get(Column::Time), Some(Value::Time(_))));
            assert!(matches!(event.get(Column::Operation), Some(Value::Text(_))));
            // What has no column is left.
            let raw = std::str::from_utf8(piece.raw).unwrap();
            assert!(raw.contains("eventVersion") == event.unmapped().contains("eventVersion"));
            told += 1;
        };
        // In pieces, as files are read.
        bytes.chunks(10_007).for_each(|chunk| splitter.push(chunk, &mut give));
        splitter.end(&mut give);
    }
    assert_eq!(told, written);
    assert!(told > 3_000, "{told}");
}
