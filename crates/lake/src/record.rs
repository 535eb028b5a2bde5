//! The lake's own records: what it has done to its files, sealed like any other record.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use sekisho_append::{Batch, Origin, Record};
use sekisho_event::{Class, Column, Event};
use sekisho_tables::{TableName, WrittenFile};
use serde_json::{Value, json};

/// Their source.
pub(crate) const SOURCE: &str = "sekisho";

/// What a record of the lake's own says was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Files were written; they may or may not have become part of their tables.
    Wrote,
    /// A file was taken out of its table by policy.
    Deleted,
    /// Deletions were stopped.
    Held,
    /// Deletions may go on.
    Released,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Wrote => "files_written",
            Self::Deleted => "file_deleted",
            Self::Held => "hold",
            Self::Released => "hold_released",
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a text takes all");
        text
    })
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes().as_chunks::<2>();
    let bytes = digits.0.iter().map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    bytes.collect::<Option<Vec<_>>>()?.try_into().ok().filter(|_| digits.1.is_empty())
}

/// A batch of one record that says which files were written, so that each byte of them is sealed.
pub(crate) fn wrote(files: &[WrittenFile], now_ms: i64) -> Batch {
    batch_of(&say(files, now_ms), now_ms)
}

fn say(files: &[WrittenFile], now_ms: i64) -> String {
    let file = |file: &WrittenFile| {
        json!({
            "table": file.table.as_str(),
            "name": file.name,
            "bytes": file.bytes,
            "sha256": hex(&file.sha256),
            "words_sha256": hex(&file.words_sha256),
        })
    };
    let files: Vec<_> = files.iter().map(file).collect();
    json!({ "time_ms": now_ms, "kind": Kind::Wrote.name(), "files": files }).to_string()
}

fn batch_of(raw: &str, now_ms: i64) -> Batch {
    let mut batch = Batch::new(Origin { source: SOURCE, ..Origin::default() });
    batch.push(Record { received_ms: now_ms, raw: raw.as_bytes() });
    batch
}

/// A batch of one record that says a file is deleted, why, and which records it has.
pub(crate) fn deleted(
    (table, name): (TableName, &str),
    why: &str,
    records: &[RangeInclusive<u64>],
    now_ms: i64,
) -> Batch {
    let records: Vec<_> = records.iter().map(|range| [*range.start(), *range.end()]).collect();
    let said = json!({
        "time_ms": now_ms,
        "kind": Kind::Deleted.name(),
        "table": table.as_str(),
        "name": name,
        "why": why,
        "records": records,
    });
    batch_of(&said.to_string(), now_ms)
}

/// A batch of one record that was written before, and goes on being true.
pub(crate) fn again(raw: &str, now_ms: i64) -> Batch {
    batch_of(raw, now_ms)
}

/// A batch of one record that says deletions were stopped, or may go on.
pub(crate) fn hold(kind: Kind, why: &str, now_ms: i64) -> Batch {
    batch_of(&json!({ "time_ms": now_ms, "kind": kind.name(), "why": why }).to_string(), now_ms)
}

/// The records of a file that a record says was deleted; none if it says something else.
pub(crate) fn records_deleted(raw: &[u8]) -> Option<Vec<RangeInclusive<u64>>> {
    let said: Value = serde_json::from_slice(raw).ok()?;
    if said["kind"] != Kind::Deleted.name() {
        return None;
    }
    let range = |range: &Value| Some(range[0].as_u64()?..=range[1].as_u64()?);
    said["records"].as_array()?.iter().map(range).collect()
}

/// The files that a record says were written; none if it says something else.
pub(crate) fn files_written(raw: &[u8]) -> Option<Vec<WrittenFile>> {
    let said: Value = serde_json::from_slice(raw).ok()?;
    if said["kind"] != Kind::Wrote.name() {
        return None;
    }
    let file = |file: &Value| {
        Some(WrittenFile {
            table: TableName::named(file["table"].as_str()?)?,
            name: file["name"].as_str()?.to_owned(),
            bytes: file["bytes"].as_u64()?,
            sha256: from_hex(file["sha256"].as_str()?)?,
            words_sha256: from_hex(file["words_sha256"].as_str()?)?,
        })
    };
    said["files"].as_array()?.iter().map(file).collect()
}

/// Whether a record says which files were written.
pub(crate) fn is_of_files(raw: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Said<'s> {
        #[serde(borrow)]
        kind: std::borrow::Cow<'s, str>,
    }
    serde_json::from_slice::<Said<'_>>(raw).is_ok_and(|said| said.kind == Kind::Wrote.name())
}

/// What a record of the lake's own tells.
pub(crate) fn tell(raw: &[u8]) -> Result<Event<'_>, String> {
    let text = std::str::from_utf8(raw).map_err(|error| format!("not UTF-8 at byte {}", error.valid_up_to()))?;
    let said: Value = serde_json::from_str(text).map_err(|error| format!("not a JSON object: {error}"))?;
    let mut event = Event::new(Class::BaseEvent);
    event.time(Column::Time, said["time_ms"].as_i64().map(|ms| ms.saturating_mul(1_000)));
    event.text(Column::Product, Some(SOURCE));
    event.text(Column::Operation, said["kind"].as_str().map(str::to_owned));
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_again() {
        let file = WrittenFile {
            table: TableName::Quarantine,
            name: "day=x/y".to_owned(),
            bytes: 7,
            sha256: [0xa5; 32],
            words_sha256: [1; 32],
        };
        let raw = say(std::slice::from_ref(&file), 5);
        assert_eq!(files_written(raw.as_bytes()), Some(vec![file]));
        assert!(tell(raw.as_bytes()).is_ok() && tell(b"x").is_err());
        let said = r#"{"kind":"file_deleted","records":[[1,2],[7,7]]}"#;
        assert_eq!(records_deleted(said.as_bytes()), Some(vec![1..=2, 7..=7]));
        assert!(is_of_files(raw.as_bytes()) && !is_of_files(said.as_bytes()) && !is_of_files(b"x"));
        assert_eq!((records_deleted(raw.as_bytes()), files_written(said.as_bytes())), (None, None));
        for other in ["{}", "x", r#"{"kind":"files_written","files":[{"table":"a"}]}"#] {
            assert_eq!(files_written(other.as_bytes()), None, "{other}");
        }
    }
}
