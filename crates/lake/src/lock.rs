//! One process a lake.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use crate::error::LakeError;

/// What holds the lock.
const LOCK: &str = "lock";

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
        std::fs::create_dir_all(folder).map_err(failed("make the folder of"))?;
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed("open"))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LakeError::Locked(folder.to_owned())),
            Err(TryLockError::Error(source)) => Err(failed("lock")(source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lake_is_open_once() {
        let folder = tempfile::tempdir().unwrap();
        let lock = Lock::take(folder.path()).unwrap();
        assert!(matches!(Lock::take(folder.path()), Err(LakeError::Locked(_))));
        drop(lock);
        Lock::take(folder.path()).unwrap();
    }
}
