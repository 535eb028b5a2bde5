//! A folder as an object store whose files are durable when they are said to be written.
//!
//! `object_store`'s own leaves that to the operating system: a power cut could leave an empty commit in the middle of a
//! table's log, and the table could not be read any more.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::slice;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt as _};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    Attributes, CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result, UploadPart,
};

use crate::chance::chance;
use crate::page_cache;

/// What errors say they come from.
const STORE: &str = "folder";

/// The file system, from its root on.
#[derive(Debug, Default)]
pub(crate) struct DurableFiles {
    files: Arc<LocalFileSystem>,
}

impl fmt::Display for DurableFiles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("durable files")
    }
}

fn generic(error: io::Error) -> Error {
    Error::Generic { store: STORE, source: Box::new(error) }
}

fn sync_folder(folder: &FilePath) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Makes a folder and those above it, each durable in the one above.
fn create_folder(folder: &FilePath) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let Some(above) = folder.parent() else { return Ok(()) };
    create_folder(above)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync_folder(above),
    }
}

/// Writes a file beside its name, makes it durable, and gives it the name.
fn write(path: &FilePath, payload: &PutPayload, mode: &PutMode) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    create_folder(folder)?;
    let name = path.file_name().and_then(|name| name.to_str()).ok_or(io::ErrorKind::InvalidInput)?;
    // `#` and digits, as `object_store` names what is not finished: it does not list such files.
    let beside = folder.join(format!("{name}#{}", chance()));
    let written = write_beside(&beside, payload).and_then(|()| match mode {
        PutMode::Create => fs::hard_link(&beside, path),
        PutMode::Overwrite | PutMode::Update(_) => fs::rename(&beside, path),
    });
    if written.is_err() || *mode == PutMode::Create {
        // What cannot be removed now is no file of any table.
        _ = fs::remove_file(&beside);
    }
    written?;
    sync_folder(folder)
}

fn write_beside(beside: &FilePath, payload: &PutPayload) -> io::Result<()> {
    use std::io::Write as _;
    let mut file = File::create_new(beside)?;
    payload.iter().try_for_each(|bytes| file.write_all(bytes))?;
    file.sync_data()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

impl DurableFiles {
    /// What is asked for, if it can be had without waiting. What cannot be asked at all is for others to say.
    fn in_memory(&self, location: &Path, options: &GetOptions) -> Option<GetResult> {
        if options.head || options.if_match.is_some() || options.if_none_match.is_some() {
            return None;
        }
        let file = page_cache::open(&self.files.path_to_filesystem(location).ok()?)?;
        let metadata = file.metadata().ok().filter(fs::Metadata::is_file)?;
        let location = location.clone();
        let last_modified = metadata.modified().ok()?.into();
        let meta = ObjectMeta { location, last_modified, size: metadata.len(), e_tag: None, version: None };
        options.check_preconditions(&meta).ok()?;
        let range = options.range.as_ref().map_or(Ok(0..meta.size), |range| range.as_range(meta.size)).ok()?;
        let part = page_cache::read(&file, slice::from_ref(&range))?.pop()?;
        let payload = GetResultPayload::Stream(stream::once(async { Ok(part) }).boxed());
        Some(GetResult { payload, meta, range, attributes: Attributes::default() })
    }
}

#[async_trait]
impl ObjectStore for DurableFiles {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        if matches!(options.mode, PutMode::Update(_)) {
            return Err(Error::NotImplemented {
                operation: "conditional update".to_owned(),
                implementer: STORE.to_owned(),
            });
        }
        let path = self.files.path_to_filesystem(location)?;
        match blocking(move || write(&path, &payload, &options.mode)).await {
            Ok(()) => Ok(PutResult { e_tag: None, version: None }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(Error::AlreadyExists { path: location.to_string(), source: Box::new(error) })
            }
            Err(error) => Err(generic(error)),
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let path = self.files.path_to_filesystem(location)?;
        let upload = self.files.put_multipart_opts(location, options).await?;
        Ok(Box::new(DurableUpload { upload, path }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        match self.in_memory(location, &options) {
            Some(found) => Ok(found),
            None => self.files.get_opts(location, options).await,
        }
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let path = self.files.path_to_filesystem(location)?;
        match page_cache::open(&path).and_then(|file| page_cache::read(&file, ranges)) {
            Some(parts) => Ok(parts),
            None => self.files.get_ranges(location, ranges).await,
        }
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.files.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.files.list(prefix)
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        self.files.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.files.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.files.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.files.rename_opts(from, to, options).await
    }
}

/// A large file that is written in parts.
#[derive(Debug)]
struct DurableUpload {
    upload: Box<dyn MultipartUpload>,
    path: PathBuf,
}

#[async_trait]
impl MultipartUpload for DurableUpload {
    fn put_part(&mut self, bytes: PutPayload) -> UploadPart {
        self.upload.put_part(bytes)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let result = self.upload.complete().await?;
        let path = self.path.clone();
        let synced = blocking(move || {
            File::open(&path)?.sync_all()?;
            let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
            sync_folder(folder)?;
            folder.parent().map_or(Ok(()), sync_folder)
        });
        synced.await.map_err(generic)?;
        Ok(result)
    }

    async fn abort(&mut self) -> Result<()> {
        self.upload.abort().await
    }
}

#[cfg(test)]
mod tests {
    use object_store::{GetRange, ObjectStoreExt as _};

    use super::*;

    #[tokio::test]
    async fn a_name_is_given_once_unless_it_may_be_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let store = DurableFiles::default();
        let path = Path::from_absolute_path(folder.path().join("a/b/one")).unwrap();
        let create = || PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        store.put_opts(&path, "first".into(), create()).await.unwrap();
        let again = store.put_opts(&path, "second".into(), create()).await;
        assert!(matches!(again, Err(Error::AlreadyExists { .. })), "{again:?}");
        assert_eq!(fs::read(folder.path().join("a/b/one")).unwrap(), b"first");
        store.put_opts(&path, "third".into(), PutOptions::default()).await.unwrap();
        assert_eq!(fs::read(folder.path().join("a/b/one")).unwrap(), b"third");
        assert_eq!(fs::read_dir(folder.path().join("a/b")).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn files_are_read_alike_whether_in_memory_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let store = DurableFiles::default();
        let path = Path::from_absolute_path(folder.path().join("one")).unwrap();
        let content: Vec<u8> = (0..3 << 20).map(|place: u32| (place % 251) as u8).collect();
        store.put(&path, content.clone().into()).await.unwrap();
        let ranges = [0..5, 1000..1000, 70_000..900_000, 2 << 20..3 << 20];
        for asked in [&ranges[..1], &ranges[..3], &ranges] {
            let parts = store.get_ranges(&path, asked).await.unwrap();
            let expected = asked.iter().map(|range| &content[range.start as usize..range.end as usize]);
            assert!(parts.iter().eq(expected));
        }
        for range in [GetRange::Bounded(5..9), GetRange::Suffix(3), GetRange::Offset(content.len() as u64 - 7)] {
            let options = || GetOptions { range: Some(range.clone()), ..GetOptions::default() };
            let (ours, theirs) = (store.get_opts(&path, options()).await, store.files.get_opts(&path, options()).await);
            let (ours, theirs) = (ours.unwrap(), theirs.unwrap());
            assert_eq!((ours.meta.size, &ours.range), (theirs.meta.size, &theirs.range));
            assert_eq!(ours.bytes().await.unwrap(), theirs.bytes().await.unwrap());
        }
        assert_eq!(store.get(&path).await.unwrap().bytes().await.unwrap(), content);
        assert!(store.get_range(&path, content.len() as u64..content.len() as u64 + 1).await.is_err());
        let elsewhere = Path::from_absolute_path(folder.path().join("two")).unwrap();
        assert!(matches!(store.get(&elsewhere).await, Err(Error::NotFound { .. })));
        assert!(matches!(store.get_ranges(&elsewhere, &ranges[..1]).await, Err(Error::NotFound { .. })));
        let not_that = GetOptions { if_match: Some("another".to_owned()), ..GetOptions::default() };
        assert!(matches!(store.get_opts(&path, not_that).await, Err(Error::Precondition { .. })));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_many_who_make_a_file_one_has_and_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = Path::from_absolute_path(folder.path().join("one")).unwrap();
        let writers: Vec<_> = (0..16_u8)
            .map(|writer| {
                let path = path.clone();
                tokio::spawn(async move {
                    let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
                    let payload = vec![writer; 100_000].into();
                    DurableFiles::default().put_opts(&path, payload, options).await.is_ok().then_some(writer)
                })
            })
            .collect();
        let mut made = Vec::new();
        for writer in writers {
            made.extend(writer.await.unwrap());
        }
        assert_eq!(made.len(), 1);
        assert_eq!(fs::read(folder.path().join("one")).unwrap(), vec![made[0]; 100_000]);
    }
}
