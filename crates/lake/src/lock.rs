//! One process a lake.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use sekisho_disk::{Disk as _, FileSystem};

use crate::error::LakeError;

/// What holds the lock.
const LOCK: &str = "lock";
/// Tries to take the lock: whoever only asks whether it is taken has it for a moment.
const TRIES: u32 = 5;
/// A pause between them.
const PAUSE: Duration = Duration::from_millis(5);

/// Keeps others out for as long as it lives; the operating system lets go of it when the process ends, however it does.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    pub(crate) fn take(folder: &Path) -> Result<Self, LakeError> {
        let path = folder.join(LOCK);
        let failed = |action| {
            let path = path.clone();
            move |source| LakeError::Disk { action, path, source }
        };
        FileSystem.create_folder(folder).map_err(failed("make the folder of"))?;
        let mut open = OpenOptions::new();
        let file = open.create(true).truncate(false).write(true).mode(0o600).open(&path).map_err(failed("open"))?;
        let mut tries = TRIES;
        loop {
            tries -= 1;
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if tries > 0 => std::thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => return Err(LakeError::Locked(folder.to_owned())),
                Err(TryLockError::Error(source)) => return Err(failed("lock")(source)),
            }
        }
    }

    /// Whether a process has the lake open just now.
    pub(crate) fn is_taken(folder: &Path) -> bool {
        let file = File::open(folder.join(LOCK));
        file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lake_is_open_once() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!Lock::is_taken(folder.path()));
        let lock = Lock::take(folder.path()).unwrap();
        assert!(Lock::is_taken(folder.path()));
        assert!(matches!(Lock::take(folder.path()), Err(LakeError::Locked(_))));
        drop(lock);
        Lock::take(folder.path()).unwrap();
    }
}
