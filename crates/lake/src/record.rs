//! The lake's own records: what it has done to its files, sealed like any other record.

use std::fmt::Write as _;

use sekisho_append::{Batch, Origin, Record};
use sekisho_event::{Class, Column, Event};
use sekisho_tables::WrittenFile;
use serde_json::{Value, json};

/// Their source.
pub(crate) const SOURCE: &str = "sekisho";

/// What a record of the lake's own says was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Files were written; they may or may not have become part of their tables.
    Wrote,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Wrote => "files_written",
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a text takes all");
        text
    })
}

/// A batch of one record that says which files were written, so that each byte of them is sealed.
pub(crate) fn wrote(files: &[WrittenFile], now_ms: i64) -> Batch {
    let file = |file: &WrittenFile| json!({ "table": file.table.as_str(), "name": file.name, "bytes": file.bytes, "sha256": hex(&file.sha256) });
    let files: Vec<_> = files.iter().map(file).collect();
    let raw = json!({ "time_ms": now_ms, "kind": Kind::Wrote.name(), "files": files }).to_string();
    let mut batch = Batch::new(Origin { source: SOURCE, ..Origin::default() });
    batch.push(Record { received_ms: now_ms, raw: raw.as_bytes() });
    batch
}

/// What a record of the lake's own tells.
pub(crate) fn tell(raw: &[u8]) -> Result<Event<'_>, String> {
    let text = std::str::from_utf8(raw).map_err(|error| format!("not UTF-8 at byte {}", error.valid_up_to()))?;
    let said: Value = serde_json::from_str(text).map_err(|error| format!("not a JSON object: {error}"))?;
    let mut event = Event::new(Class::BaseEvent);
    event.time(Column::Time, said["time_ms"].as_i64().map(|ms| ms.saturating_mul(1_000)));
    event.int(Column::ClassUid, Some(Class::BaseEvent.uid()));
    event.text(Column::Product, Some(SOURCE));
    event.text(Column::Operation, said["kind"].as_str().map(str::to_owned));
    Ok(event)
}

#[cfg(test)]
mod tests {
    use sekisho_tables::TableName;

    use super::*;

    #[test]
    fn what_was_written_is_told() {
        let file =
            WrittenFile { table: TableName::Quarantine, name: "day=x/y".to_owned(), bytes: 7, sha256: [0xa5; 32] };
        let raw = json!({ "time_ms": 5, "kind": "files_written", "files": [] }).to_string();
        assert_eq!(wrote(&[file], 5).count(), 1);
        assert!(tell(raw.as_bytes()).is_ok() && tell(b"x").is_err());
    }
}
