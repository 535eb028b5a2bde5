//! The operating system's files.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use crate::{Disk, DiskFile};

/// Logs are nobody else's business.
const MODE: u32 = 0o600;
/// The same, of folders.
const FOLDER_MODE: u32 = 0o700;

/// Files as the operating system keeps them. What is made can be read by its owner alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct FileSystem;

impl Disk for FileSystem {
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut names = Vec::new();
        for entry in entries {
            // A name that is no text is none of ours.
            names.extend(entry?.file_name().into_string().ok());
        }
        names.sort_unstable();
        Ok(names)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = OpenOptions::new().create(true).append(true).mode(MODE).open(path)?;
        Ok(Box::new(OpenFile { file }))
    }

    fn read_at(&self, path: &Path, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        let file = File::open(path)?;
        let mut read = 0;
        while read < bytes.len() {
            match file.read_at(&mut bytes[read..], offset + read as u64) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }

    fn length(&self, path: &Path) -> io::Result<u64> {
        Ok(fs::metadata(path)?.len())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }
}

#[derive(Debug)]
struct OpenFile {
    file: File,
}

impl DiskFile for OpenFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn syncer(&self) -> io::Result<Box<dyn FnMut() -> io::Result<()> + Send>> {
        let file = self.file.try_clone()?;
        Ok(Box::new(move || file.sync_data()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replace;

    #[test]
    fn files_grow_are_cut_and_replaced() {
        let folder = std::env::temp_dir().join(format!("sekisho-disk-{}", std::process::id()));
        let disk = FileSystem;
        disk.create_folder(&folder).unwrap();
        let path = folder.join("a");
        let mut file = disk.open(&path).unwrap();
        file.append(b"one two").unwrap();
        file.truncate(4).unwrap();
        file.append(b"three").unwrap();
        file.sync().unwrap();
        (file.syncer().unwrap())().unwrap();
        assert_eq!(file.length().unwrap(), 9);
        assert_eq!(disk.read(&path).unwrap(), b"one three");
        let mut part = [0; 20];
        assert_eq!(disk.read_at(&path, 4, &mut part).unwrap(), 5);
        replace(&disk, &path, b"new").unwrap();
        assert_eq!((disk.read(&path).unwrap(), disk.list(&folder).unwrap()), (b"new".to_vec(), vec!["a".to_owned()]));
        disk.remove(&path).unwrap();
        assert!(disk.read(&path).is_err());
        assert!(disk.list(&folder.join("none")).unwrap().is_empty());
        fs::remove_dir(&folder).unwrap();
    }
}
