//! The key that signs the seal's checkpoints: made with the lake, kept in its folder, readable by its owner alone.

use std::io;
use std::path::Path;

use sekisho_disk::{Disk, replace};
use sekisho_seal::{KeyError, SigningKey};

use crate::error::LakeError;

/// The secret.
const KEY: &str = "key";
/// What verifies, for whoever is to have it.
const PUBLIC: &str = "key.pub";

/// Reads the key of a seal, or makes one with this name.
pub(crate) fn open(disk: &dyn Disk, folder: &Path, name: &str) -> Result<SigningKey, LakeError> {
    let path = folder.join(KEY);
    let broken = |source| LakeError::Key { path: path.clone(), source };
    match disk.read(&path) {
        Ok(bytes) => {
            let text = String::from_utf8(bytes).map_err(|_| broken(KeyError::Form))?;
            SigningKey::from_text(&text).map_err(broken)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = SigningKey::generate(name).map_err(broken)?;
            let failed = |source| LakeError::Disk { action: "write", path: path.clone(), source };
            disk.create_folder(folder).map_err(failed)?;
            let public = format!("{}\n", key.verifying().to_text());
            replace(disk, &folder.join(PUBLIC), public.as_bytes()).map_err(failed)?;
            replace(disk, &path, format!("{}\n", key.to_secret_text()).as_bytes()).map_err(failed)?;
            Ok(key)
        }
        Err(source) => Err(LakeError::Disk { action: "read", path, source }),
    }
}

#[cfg(test)]
mod tests {
    use sekisho_disk::FileSystem;

    use super::*;

    #[test]
    fn a_lake_has_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let key = open(&FileSystem, folder.path(), "lake.example/one").unwrap().verifying();
        assert_eq!(open(&FileSystem, folder.path(), "other").unwrap().verifying(), key);
        assert_eq!(std::fs::read_to_string(folder.path().join(PUBLIC)).unwrap().trim_end(), key.to_text());
        std::fs::write(folder.path().join(KEY), "x").unwrap();
        assert!(matches!(open(&FileSystem, folder.path(), "x"), Err(LakeError::Key { .. })));
    }
}
