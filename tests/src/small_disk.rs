//! A disk of its own that is soon full: a tmpfs, which only root can mount.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use tempfile::TempDir;

/// What takes up the room.
const BALLAST: &str = "ballast";

/// A mounted disk; unmounted when dropped.
#[derive(Debug)]
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// Mounts one of so many bytes.
    ///
    /// # Errors
    ///
    /// When mounting is not permitted.
    pub fn mount(bytes: u64) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("failed to make a folder")?;
        let options = format!("size={bytes},mode=0700");
        let mut command = Command::new("mount");
        let mounted = command.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder.path()).output();
        let mounted = mounted.context("failed to run mount")?;
        ensure!(mounted.status.success(), "mounting is not permitted: {}", String::from_utf8_lossy(&mounted.stderr));
        Ok(Self { folder })
    }

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn ballast(&self) -> PathBuf {
        self.path().join(BALLAST)
    }

    /// Takes up all the room that is left.
    ///
    /// # Errors
    ///
    /// When the file cannot be made.
    pub fn fill(&self) -> anyhow::Result<()> {
        let mut file = File::create(self.ballast())?;
        for piece in [64 << 10, 4 << 10, 1] {
            while file.write_all(&vec![0; piece]).is_ok() {}
        }
        Ok(())
    }

    /// Gives the room back.
    ///
    /// # Errors
    ///
    /// When the file cannot be removed.
    pub fn clear(&self) -> anyhow::Result<()> {
        Ok(fs::remove_file(self.ballast())?)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: whoever still uses it keeps it until the end. What fails leaves a mount behind, which is told nowhere else.
        let unmounted = Command::new("umount").arg("-l").arg(self.folder.path()).status();
        drop(unmounted);
    }
}
