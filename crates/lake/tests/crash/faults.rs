//! A disk and a store that fail, and points at which the process is killed.

use std::fmt;
use std::io;
use std::path::Path as FilePath;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};
use sekisho_disk::{Disk, DiskFile, FileSystem};

use crate::random::Random;

/// What goes wrong in one life of a process.
#[derive(Debug)]
pub(crate) struct Faults {
    random: Random,
    /// The operation, of all that change something, at which the process is killed.
    point: Option<u64>,
    operations: u64,
    /// One operation in so many fails; none if it is nought.
    failing: u64,
    /// Operations for which the disk is full.
    full: std::ops::Range<u64>,
}

pub(crate) type Shared = Arc<Mutex<Faults>>;

/// What becomes of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Works,
    Fails,
    Full,
    /// It works, but says it did not.
    Unheard,
}

impl Faults {
    pub(crate) fn new(mut random: Random) -> Shared {
        let point = random.chance(2).then(|| random.below(150));
        let failing = if random.chance(3) { 5 + random.below(30) } else { 0 };
        let from = random.below(60);
        let full = if random.chance(4) { from..from + random.below(30) } else { 0..0 };
        Arc::new(Mutex::new(Self { random, point, operations: 0, failing, full }))
    }

    fn fate(&mut self) -> Fate {
        self.operations += 1;
        if self.full.contains(&self.operations) {
            return Fate::Full;
        }
        if self.failing > 0 && self.random.chance(self.failing) {
            return if self.random.chance(2) { Fate::Fails } else { Fate::Unheard };
        }
        Fate::Works
    }

    fn is_point(&self) -> bool {
        self.point == Some(self.operations)
    }
}

/// Counts an operation, and stops here if this is where the process is to die.
fn fate(faults: &Shared) -> Fate {
    let mut faults = faults.lock().unwrap();
    let fate = faults.fate();
    if faults.is_point() {
        println!("here");
        // With the faults in hand: no other operation begins.
        loop {
            std::thread::park();
        }
    }
    fate
}

fn failed(fate: Fate) -> io::Error {
    if fate == Fate::Full { io::ErrorKind::StorageFull.into() } else { io::Error::other("the disk fails") }
}

/// The disk.
#[derive(Debug, Clone)]
pub(crate) struct FailingDisk(pub(crate) Shared);

impl FailingDisk {
    fn change(&self, change: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        match fate(&self.0) {
            Fate::Works => change(),
            Fate::Unheard => change().and(Err(failed(Fate::Fails))),
            fate => Err(failed(fate)),
        }
    }
}

impl Disk for FailingDisk {
    fn create_folder(&self, folder: &FilePath) -> io::Result<()> {
        FileSystem.create_folder(folder)
    }

    fn list(&self, folder: &FilePath) -> io::Result<Vec<String>> {
        FileSystem.list(folder)
    }

    fn open(&self, path: &FilePath) -> io::Result<Box<dyn DiskFile>> {
        let file = FileSystem.open(path)?;
        let synced = file.length()?;
        Ok(Box::new(FailingFile { file, synced, disk: self.clone() }))
    }

    fn read_at(&self, path: &FilePath, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        FileSystem.read_at(path, offset, bytes)
    }

    fn length(&self, path: &FilePath) -> io::Result<u64> {
        FileSystem.length(path)
    }

    fn rename(&self, from: &FilePath, to: &FilePath) -> io::Result<()> {
        self.change(|| FileSystem.rename(from, to))
    }

    fn remove(&self, path: &FilePath) -> io::Result<()> {
        self.change(|| FileSystem.remove(path))
    }

    fn sync_folder(&self, folder: &FilePath) -> io::Result<()> {
        self.change(|| FileSystem.sync_folder(folder))
    }
}

#[derive(Debug)]
struct FailingFile {
    file: Box<dyn DiskFile>,
    /// Bytes that were synced.
    synced: u64,
    disk: FailingDisk,
}

impl DiskFile for FailingFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        match fate(&self.disk.0) {
            Fate::Works => self.file.append(bytes),
            fate => {
                // A part of it got through.
                self.file.append(&bytes[..bytes.len() / 2])?;
                Err(failed(fate))
            }
        }
    }

    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.synced = self.synced.min(length);
        self.file.truncate(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        match fate(&self.disk.0) {
            Fate::Works => {
                self.file.sync()?;
                self.synced = self.file.length()?;
                Ok(())
            }
            Fate::Unheard => Err(failed(Fate::Fails)),
            fate => {
                // What was not synced is lost, as after a failed write-back.
                self.file.truncate(self.synced)?;
                Err(failed(fate))
            }
        }
    }

    fn syncer(&self) -> io::Result<Box<dyn FnMut() -> io::Result<()> + Send>> {
        self.file.syncer()
    }
}

/// The store.
#[derive(Debug)]
pub(crate) struct FailingStore {
    pub(crate) inner: Arc<dyn ObjectStore>,
    pub(crate) faults: Shared,
}

impl fmt::Display for FailingStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a store that fails")
    }
}

fn refused() -> Error {
    Error::Generic { store: "failing", source: "the store fails".into() }
}

#[async_trait]
impl ObjectStore for FailingStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        match fate(&self.faults) {
            Fate::Works => self.inner.put_opts(location, payload, options).await,
            Fate::Unheard => {
                self.inner.put_opts(location, payload, options).await?;
                Err(refused())
            }
            Fate::Fails | Fate::Full => Err(refused()),
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        match fate(&self.faults) {
            Fate::Works => self.inner.put_multipart_opts(location, options).await,
            _ => Err(refused()),
        }
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.inner.rename_opts(from, to, options).await
    }
}
