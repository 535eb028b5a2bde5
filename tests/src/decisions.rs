//! The decision records under a data folder, in active segments and in archives.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use flate2::read::GzDecoder;
use serde_json::Value;

const POLL_MS: u64 = 50;

/// Every file below `folder`, at any depth, sorted; none where there is no such folder.
///
/// # Errors
///
/// When a folder cannot be read.
pub fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries.with_context(|| format!("failed to read {}", folder.display()))?,
        };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

/// Every decision record under the data folder of a checkpoint that has ended.
///
/// # Errors
///
/// When a line is torn or is no JSON object.
pub fn decisions(data: &Path) -> anyhow::Result<Vec<Value>> {
    read(data, false)
}

/// Every decision record of a running checkpoint, once `enough` of them are there; whatever is there after `limit_ms`.
///
/// # Errors
///
/// When a line is no JSON object; a last line that is still being written does not count.
pub fn decisions_once(data: &Path, limit_ms: u64, enough: impl Fn(&[Value]) -> bool) -> anyhow::Result<Vec<Value>> {
    let started = Instant::now();
    loop {
        let records = read(data, true)?;
        if enough(&records) || started.elapsed() > Duration::from_millis(limit_ms) {
            return Ok(records);
        }
        std::thread::sleep(Duration::from_millis(POLL_MS));
    }
}

fn read(data: &Path, live: bool) -> anyhow::Result<Vec<Value>> {
    let mut records = Vec::new();
    let mut seen = HashSet::new();
    for path in files(&data.join("decisions").join("active"))? {
        let bytes = match fs::read(&path) {
            // Archived in the meantime: found below.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            bytes => bytes.with_context(|| format!("failed to read {}", path.display()))?,
        };
        lines(&path, bytes, live, &mut records)?;
        seen.insert(stem(&path));
    }
    for path in files(&data.join("AWSLogs"))? {
        let whole = path.extension() == Some(OsStr::new("gz"));
        ensure!(whole || live, "{} is no archive", path.display());
        // A segment and its archive hold the same until the segment is removed.
        if !whole || seen.contains(&stem(&path)) {
            continue;
        }
        let mut bytes = Vec::new();
        let file = File::open(&path).with_context(|| format!("failed to open {}", path.display()))?;
        GzDecoder::new(file).read_to_end(&mut bytes).with_context(|| format!("{} is broken", path.display()))?;
        lines(&path, bytes, false, &mut records)?;
    }
    Ok(records)
}

/// The name without its endings, which a segment and its archive share.
fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.split('.').next().unwrap_or_default().to_owned()
}

fn lines(path: &Path, bytes: Vec<u8>, live: bool, records: &mut Vec<Value>) -> anyhow::Result<()> {
    let text = String::from_utf8(bytes).with_context(|| format!("{} is no UTF-8", path.display()))?;
    for line in text.split_inclusive('\n') {
        if !line.ends_with('\n') {
            ensure!(live, "{} ends within a line: {line}", path.display());
            break;
        }
        let record: Value =
            serde_json::from_str(line).with_context(|| format!("{} has a broken line: {line}", path.display()))?;
        ensure!(record.is_object(), "{} has a line that is no record: {line}", path.display());
        records.push(record);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{decisions, decisions_once};

    #[test]
    fn a_torn_line_is_an_error_unless_it_is_being_written() {
        let data = tempfile::tempdir().unwrap();
        let active = data.path().join("decisions/active");
        fs::create_dir_all(&active).unwrap();
        fs::write(active.join("a.log"), "{\"n\":1}\n{\"n\":").unwrap();
        assert!(decisions(data.path()).is_err());
        assert_eq!(decisions_once(data.path(), 0, |_| true).unwrap().len(), 1);
        fs::write(active.join("a.log"), "{\"n\":1}\n{\"n\"}\n").unwrap();
        assert!(decisions_once(data.path(), 0, |_| true).is_err());
    }
}
