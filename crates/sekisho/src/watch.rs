//! Notices when files of rules change.
//!
//! By asking, not by being told: a look at each file's identity, size and time of change works on every file system, and
//! through the renames and links that deployments replace files with.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What files looked like at one time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Snapshot(BTreeMap<PathBuf, Option<Look>>);

/// What tells one state of a file from another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Look {
    device: u64,
    inode: u64,
    size_bytes: u64,
    changed_s: i64,
    changed_ns: i64,
}

impl Look {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size_bytes: metadata.size(),
            changed_s: metadata.ctime(),
            changed_ns: metadata.ctime_nsec(),
        }
    }
}

impl Snapshot {
    /// Looks at files, and at the files directly in folders.
    pub(crate) fn take<'p>(paths: impl IntoIterator<Item = &'p Path>) -> Self {
        let mut snapshot = Self::default();
        for path in paths {
            snapshot.look_at(path);
            for entry in fs::read_dir(path).into_iter().flatten().flatten() {
                snapshot.look_at(&entry.path());
            }
        }
        snapshot
    }

    /// What files looked like earlier, as far as that is known.
    pub(crate) fn unless_known(mut self, earlier: &Self) -> Self {
        for (path, look) in &mut self.0 {
            if let Some(known) = earlier.0.get(path) {
                look.clone_from(known);
            }
        }
        self
    }

    fn look_at(&mut self, path: &Path) {
        // A file that is missing for the moment of its replacement is a state like any other.
        self.0.insert(path.to_owned(), fs::metadata(path).ok().as_ref().map(Look::of));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_writes_replacements_and_new_files_in_folders() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("acl.json");
        let take = || Snapshot::take([folder.path(), file.as_path()]);
        let none = take();
        fs::write(&file, "1").unwrap();
        let first = take();
        assert_ne!(none, first);
        assert_eq!(first, take());
        fs::write(folder.path().join("new"), "22").unwrap();
        fs::rename(folder.path().join("new"), &file).unwrap();
        let second = take();
        assert_ne!(first, second);
        fs::write(folder.path().join("set.json"), "").unwrap();
        assert_ne!(second, take());
    }
}
