//! The operations, and what each promises.

use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};

/// Where files are kept.
pub trait Disk: Debug + Send + Sync {
    /// Makes a folder and those above it. One that is there already is left as it is.
    ///
    /// # Errors
    ///
    /// If the disk refuses.
    fn create_folder(&self, folder: &Path) -> io::Result<()>;

    /// Names of what is in a folder, sorted by bytes. A folder that is not there has nothing in it.
    ///
    /// # Errors
    ///
    /// If the disk refuses.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;

    /// Opens a file to write at its end; it is made if there is none.
    ///
    /// # Errors
    ///
    /// If the disk refuses.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Reads from `offset` on until `bytes` is full or the file ends; gives how many were read.
    ///
    /// # Errors
    ///
    /// If the file is not there or the disk refuses.
    fn read_at(&self, path: &Path, offset: u64, bytes: &mut [u8]) -> io::Result<usize>;

    /// Length of a file in bytes.
    ///
    /// # Errors
    ///
    /// If the file is not there or the disk refuses.
    fn length(&self, path: &Path) -> io::Result<u64>;

    /// Gives a file another name; a file that has it is replaced. Durable only after [`Disk::sync_folder`].
    ///
    /// # Errors
    ///
    /// If the disk refuses.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    ///
    /// If the file is not there or the disk refuses.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes names durable: of files made, renamed or removed in a folder.
    ///
    /// # Errors
    ///
    /// If the disk refuses; then nothing is known of what is durable.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;

    /// A whole file.
    ///
    /// # Errors
    ///
    /// If the file is not there or the disk refuses.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let length = usize::try_from(self.length(path)?).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let mut bytes = vec![0; length];
        let read = self.read_at(path, 0, &mut bytes)?;
        bytes.truncate(read);
        Ok(bytes)
    }
}

/// A file that is written at its end.
pub trait DiskFile: Debug + Send {
    /// Writes all of `bytes` at the end. Not durable before [`DiskFile::sync`].
    ///
    /// # Errors
    ///
    /// If the disk refuses or is full: a part may have been written.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Length in bytes, with what is not durable yet.
    ///
    /// # Errors
    ///
    /// If the disk refuses.
    fn length(&self) -> io::Result<u64>;

    /// Cuts the file.
    ///
    /// # Errors
    ///
    /// If the disk refuses.
    fn truncate(&mut self, length: u64) -> io::Result<()>;

    /// Makes what was written durable.
    ///
    /// # Errors
    ///
    /// If the disk refuses. Then what was written since the last success may be lost, even if a later call succeeds: write
    /// it again, to another file.
    fn sync(&mut self) -> io::Result<()>;

    /// A handle that makes the same file durable, to do so on another thread.
    ///
    /// # Errors
    ///
    /// If the disk refuses.
    fn syncer(&self) -> io::Result<Box<dyn FnMut() -> io::Result<()> + Send>>;
}

/// Puts `bytes` in the place of a file's contents, durably: after a crash it has all of the old ones or all of the new.
///
/// # Errors
///
/// If the disk refuses; the old contents stand.
pub fn replace(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside: PathBuf = folder.join(name);
    let mut file = disk.open(&beside)?;
    file.truncate(0)?;
    file.append(bytes)?;
    file.sync()?;
    disk.rename(&beside, path)?;
    disk.sync_folder(folder)
}
