//! The keys tokens are signed with: read from the file that is configured, or from one of our own in the data folder, which is made
//! where it is missing, so that tokens outlive a restart.
//!
//! The file is for this user alone. Nothing of its content is ever shown.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use sekisho_edge::token::KeyRing;
use sekisho_model::{Diagnostic, Diagnostics};

use crate::secret_file;

/// The name of our own file.
const OWN_FILE: &str = "token.keys";
/// Bytes of a key file that are read.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Where the keys are.
#[derive(Debug, Clone)]
pub(crate) enum KeyFile {
    /// Named in the configuration: must be there.
    Named(PathBuf),
    /// Ours, in the data folder.
    Own(PathBuf),
}

impl KeyFile {
    /// The file named, or ours.
    pub(crate) fn new(named: Option<PathBuf>, data: &Path) -> Self {
        named.map_or_else(|| Self::Own(data.join(OWN_FILE)), Self::Named)
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Named(path) | Self::Own(path) => path,
        }
    }

    /// Reads the keys.
    ///
    /// # Errors
    ///
    /// If a file that is there cannot be used, or a named one is missing. Where ours cannot be made, the keys last as long as this
    /// process, which a warning says.
    pub(crate) fn load(&self) -> Result<KeyRing, Diagnostics> {
        if let Self::Own(path) = self
            && !path.exists()
            && let Err(error) = make(path)
        {
            tracing::warn!(
                "tokens end with this process: {} cannot be made: {error}; `key_file` of `[tokens]` names another",
                path.display()
            );
            let line = KeyRing::generate_line().map_err(|error| self.problem(&error.to_string()))?;
            return KeyRing::parse(&line).map_err(|error| self.problem(&error.to_string()));
        }
        self.read()
    }

    /// Reads the keys again; none if ours is not there: those in use stay.
    ///
    /// # Errors
    ///
    /// If the file cannot be used, or a named one is missing.
    pub(crate) fn reload(&self) -> Result<Option<KeyRing>, Diagnostics> {
        match self {
            Self::Own(path) if !path.exists() => Ok(None),
            _ => self.read().map(Some),
        }
    }

    fn read(&self) -> Result<KeyRing, Diagnostics> {
        let path = self.path();
        let metadata = fs::metadata(path).map_err(|error| self.problem(&error.to_string()))?;
        if metadata.mode() & 0o077 != 0 {
            tracing::warn!("others can read the token keys: chmod 600 {}", path.display());
        }
        if metadata.len() > FILE_BYTES_MAX {
            return Err(self.problem(&format!("it has more than {FILE_BYTES_MAX} bytes")));
        }
        let text = fs::read_to_string(path).map_err(|error| self.problem(&error.to_string()))?;
        KeyRing::parse(&text).map_err(|error| self.problem(&error.to_string()))
    }

    fn problem(&self, why: &str) -> Diagnostics {
        Diagnostic::error("token-keys", format!("cannot use {} as keys for tokens: {why}", self.path().display()))
            .help("a key file has one key a line, the current one first: `openssl rand -base64 32`")
            .into()
    }
}

/// Makes our file with a new key.
fn make(path: &Path) -> io::Result<()> {
    secret_file::make(path, &KeyRing::generate_line().map_err(io::Error::other)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_keys_are_made_once_for_this_user_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::new(None, &folder.path().join("data"));
        assert_eq!(file.load().unwrap().count(), 1);
        let text = fs::read_to_string(file.path()).unwrap();
        assert_eq!(fs::metadata(file.path()).unwrap().mode() & 0o777, 0o600);
        assert_eq!(file.load().unwrap().count(), 1);
        assert_eq!(fs::read_to_string(file.path()).unwrap(), text);
        assert_eq!(fs::read_dir(folder.path().join("data")).unwrap().count(), 1);
    }

    #[test]
    fn what_a_crash_left_does_not_keep_keys_from_being_made() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(format!("{OWN_FILE}.{}", std::process::id())), "").unwrap();
        let file = KeyFile::new(None, folder.path());
        assert_eq!(file.load().unwrap().count(), 1);
        assert!(file.path().exists());
    }

    #[test]
    fn named_keys_must_be_there_and_be_keys_and_are_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let file = KeyFile::new(Some(path.clone()), folder.path());
        assert!(file.load().unwrap_err().render(false).contains("token-keys"));
        let (one, two) = (KeyRing::generate_line().unwrap(), KeyRing::generate_line().unwrap());
        fs::write(&path, format!("{one}\n{two}\n")).unwrap();
        assert_eq!(file.load().unwrap().count(), 2);
        fs::write(&path, format!("{one}\nhunter2!\n")).unwrap();
        let told = file.load().unwrap_err().render(false);
        assert!(told.contains("line 2") && !told.contains("hunter2") && !told.contains(&one), "{told}");
    }

    #[test]
    fn a_folder_that_cannot_be_written_costs_no_start() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let file = KeyFile::new(None, &folder.path().join("file"));
        assert_eq!(file.load().unwrap().count(), 1);
    }
}
