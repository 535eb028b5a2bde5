//! What was asked: a bounded file of JSON lines, the newest last.
//!
//! A query can hold the very card number or secret that someone looks for, so that what is kept goes through the masks of records first.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::error::QueryError;

/// Bytes of the file; when it is longer, its older half goes.
const HISTORY_BYTES_MAX: u64 = 1 << 20;
/// Bytes that are kept of a query.
const QUERY_BYTES_MAX: usize = 16 << 10;

/// A query that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// When, in milliseconds since 1970-01-01T00:00:00Z.
    pub at_ms: i64,
    /// Its text.
    pub query: String,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// Rows of the answer, or what went wrong.
    pub outcome: Result<u64, String>,
}

/// The history of a lake.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
}

impl History {
    /// In `queries/history.jsonl` of a lake's folder.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Adds a query. `mask`: what records are masked with.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn add(&self, asked: &Asked, mask: impl Fn(&str) -> String) -> Result<(), QueryError> {
        let mut end = asked.query.len().min(QUERY_BYTES_MAX);
        while !asked.query.is_char_boundary(end) {
            end -= 1;
        }
        let mut line = json!({ "at_ms": asked.at_ms, "query": mask(&asked.query[..end]), "took_ms": asked.took_ms });
        match &asked.outcome {
            Ok(rows) => line["rows"] = json!(rows),
            Err(error) => line["error"] = json!(mask(error)),
        }
        self.append(&line).map_err(QueryError::write(self.path.display().to_string()))
    }

    fn append(&self, line: &Value) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().create(true).append(true).open(&self.path)?;
        file.write_all(format!("{line}\n").as_bytes())?;
        if file.metadata()?.len() > HISTORY_BYTES_MAX {
            let text = fs::read(&self.path)?;
            let half = text.len() / 2;
            let begin = text[half..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |at| half + at + 1);
            replace(&self.path, &text[begin..])?;
        }
        Ok(())
    }

    /// What was asked, the newest first. Lines that cannot be read are left out.
    ///
    /// # Errors
    ///
    /// If the file is there and cannot be read.
    pub fn list(&self) -> Result<Vec<Asked>, QueryError> {
        let text = match fs::read_to_string(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            read => read.map_err(QueryError::write(self.path.display().to_string()))?,
        };
        Ok(text.lines().rev().filter_map(read).collect())
    }
}

fn read(line: &str) -> Option<Asked> {
    let line: Value = serde_json::from_str(line).ok()?;
    let outcome = match line["error"].as_str() {
        Some(error) => Err(error.to_owned()),
        None => Ok(line["rows"].as_u64()?),
    };
    let query = line["query"].as_str()?.to_owned();
    Some(Asked { at_ms: line["at_ms"].as_i64()?, query, took_ms: line["took_ms"].as_u64()?, outcome })
}

/// Replaces a file at once: a reader sees the old or the new one.
pub(crate) fn replace(path: &std::path::Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    fs::write(&beside, bytes)?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_is_kept_masked_and_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::new(folder.path().join("queries/history.jsonl"));
        assert!(history.list().unwrap().is_empty());
        let mask = |text: &str| text.replace("4111111111111111", "411111******1111");
        let asked = |query: &str, outcome| Asked { at_ms: 1, query: query.to_owned(), took_ms: 2, outcome };
        history.add(&asked("SELECT '4111111111111111'", Ok(3)), mask).unwrap();
        history.add(&asked("SELEC", Err("no".to_owned())), mask).unwrap();
        let listed = history.list().unwrap();
        assert_eq!(listed[0], asked("SELEC", Err("no".to_owned())));
        assert!(listed[1].outcome == Ok(3) && !listed[1].query.contains("411111111111"), "{listed:?}");
        for _ in 0..200 {
            history.add(&asked(&"あ".repeat(9_000), Ok(0)), mask).unwrap();
        }
        assert!(fs::metadata(folder.path().join("queries/history.jsonl")).unwrap().len() <= HISTORY_BYTES_MAX);
        assert!(history.list().unwrap().len() > 20);
    }
}
