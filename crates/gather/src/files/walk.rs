//! The files below a folder.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::error::GatherError;
use crate::ledger::{self, Id};

/// Files that one folder may hold: what is kept of each must find room among the positions of all feeds.
pub(crate) const FILES_MAX: usize = 200_000;
/// Folders within folders.
const DEPTH_MAX: usize = 32;

/// A file that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    /// From its device and inode.
    pub(crate) id: Id,
    pub(crate) bytes: u64,
    /// When it was last changed, in nanoseconds since 1970-01-01T00:00:00Z.
    pub(crate) changed_ns: i128,
}

/// All files at or below a path, those that were changed first before others. Links within are not followed; hidden files are left out.
pub(crate) fn walk(path: &Path) -> Result<Vec<Found>, GatherError> {
    let mut found = Vec::new();
    let mut folders = vec![(path.to_owned(), 0)];
    let look = std::fs::metadata(path).map_err(|source| GatherError::file("find", path, source))?;
    if !look.is_dir() {
        return Ok(vec![found_at(path.to_owned(), &look)]);
    }
    while let Some((folder, depth)) = folders.pop() {
        let failed = |source| GatherError::file("list", &folder, source);
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            // It went away since it was listed.
            Err(error) if depth > 0 && error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(error)),
        };
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            let Some(look) = entry.metadata().ok().filter(|_| !is_hidden) else { continue };
            if look.is_dir() && depth < DEPTH_MAX {
                folders.push((entry.path(), depth + 1));
            } else if look.is_file() {
                found.push(found_at(entry.path(), &look));
                if found.len() > FILES_MAX {
                    return Err(GatherError::TooManyFiles { path: path.to_owned(), max: FILES_MAX });
                }
            }
        }
    }
    found.sort_by(|one, other| (one.changed_ns, &one.path).cmp(&(other.changed_ns, &other.path)));
    // Hard links are one file.
    let mut ids = std::collections::HashSet::new();
    found.retain(|file| ids.insert(file.id));
    Ok(found)
}

fn found_at(path: PathBuf, look: &std::fs::Metadata) -> Found {
    let id = ledger::id(&[&look.dev().to_le_bytes(), &look.ino().to_le_bytes()]);
    let changed_ns = i128::from(look.mtime()) * 1_000_000_000 + i128::from(look.mtime_nsec());
    Found { path, id, bytes: look.len(), changed_ns }
}
