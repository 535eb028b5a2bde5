//! What a start does with the segments that a crash left active: cuts the torn last line, drops what already has its
//! archive, and hands the rest over to be archived.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::segment::{SegmentName, active_folder, sync_folder};
use super::settings::JournalError;

const BLOCK_BYTES: usize = 64 << 10;

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Recovered {
    /// Segments to be archived, oldest first.
    pub(super) segments: Vec<SegmentName>,
    /// Lines that were cut because they were not whole.
    pub(super) torn_lines: u64,
}

/// Puts the active folder in order. The caller holds the lock of the data folder.
pub(super) fn recover(data: &Path) -> Result<Recovered, JournalError> {
    let folder = active_folder(data);
    let mut recovered = Recovered::default();
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).map_err(JournalError::io("read folder", &folder))? {
        let entry = entry.map_err(JournalError::io("read folder", &folder))?;
        match entry.file_name().to_str().and_then(SegmentName::parse) {
            Some(segment) => found.push((entry.file_name(), segment)),
            None => tracing::warn!(file = %entry.path().display(), "left alone: not a segment of records"),
        }
    }
    found.sort_by(|(left, _), (right, _)| left.cmp(right));
    for (_, segment) in found {
        let path = segment.plain_path(data);
        if segment.archive_path(data).exists() {
            fs::remove_file(&path).map_err(JournalError::io("remove segment", &path))?;
            continue;
        }
        let (whole_bytes, torn) = cut_torn_line(&path).map_err(JournalError::io("repair segment", &path))?;
        recovered.torn_lines += u64::from(torn);
        if whole_bytes == 0 {
            fs::remove_file(&path).map_err(JournalError::io("remove segment", &path))?;
        } else {
            recovered.segments.push(segment);
        }
    }
    sync_folder(&folder)?;
    Ok(recovered)
}

/// Cuts a file after its last newline. Returns the bytes left, and whether any were cut.
fn cut_torn_line(path: &Path) -> io::Result<(u64, bool)> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let bytes = file.metadata()?.len();
    let whole = end_of_last_line(&file, bytes)?;
    if whole < bytes {
        file.set_len(whole)?;
        file.sync_all()?;
    }
    Ok((whole, whole < bytes))
}

fn end_of_last_line(file: &File, bytes: u64) -> io::Result<u64> {
    let mut block = vec![0; BLOCK_BYTES];
    let mut end = bytes;
    while end > 0 {
        let start = end.saturating_sub(BLOCK_BYTES as u64);
        let part = &mut block[..(end - start) as usize];
        file.read_exact_at(part, start)?;
        if let Some(at) = memchr::memrchr(b'\n', part) {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(content: &[u8]) -> (Vec<u8>, bool) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("segment");
        fs::write(&path, content).unwrap();
        let (whole, torn) = cut_torn_line(&path).unwrap();
        let left = fs::read(&path).unwrap();
        assert_eq!(left.len() as u64, whole);
        (left, torn)
    }

    #[test]
    fn whole_lines_stay_and_a_torn_one_goes() {
        assert_eq!(cut(b""), (b"".to_vec(), false));
        assert_eq!(cut(b"{}\n{}\n"), (b"{}\n{}\n".to_vec(), false));
        assert_eq!(cut(b"{}\n{\"a\":"), (b"{}\n".to_vec(), true));
        assert_eq!(cut(b"{\"a\":"), (b"".to_vec(), true));
    }

    #[test]
    fn a_torn_line_may_be_longer_than_a_block() {
        let mut content = b"{}\n".to_vec();
        content.resize(3 * BLOCK_BYTES, b'x');
        assert_eq!(cut(&content), (b"{}\n".to_vec(), true));
    }
}
