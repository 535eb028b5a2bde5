//! The files that a process of the cluster can reach: below the tables of its lakes, and only to be read.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use datafusion::common::exec_err;
use datafusion::error::Result as EngineResult;
use datafusion::execution::object_store::ObjectStoreRegistry;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use sekisho_tables::Location;
use url::Url;

/// What errors say they come from.
const STORE: &str = "lake";
/// The part of a path that would lead out of it.
const UP: &str = "..";

/// The places of a lake's tables, by the URL of their store.
#[derive(Debug, Clone, Default)]
pub(crate) struct LakeFiles {
    /// Keys as [`Location::store_url`] writes them: `file:///`, `s3://bucket/`.
    stores: HashMap<String, Arc<ReadOnly>>,
}

impl LakeFiles {
    pub(crate) fn new(places: &[Location]) -> Self {
        let mut stores: HashMap<String, ReadOnly> = HashMap::new();
        for place in places {
            let Ok(prefix) = Path::from_url_path(place.url().path()) else { continue };
            let kept = stores.entry(place.store_url().to_string());
            kept.or_insert_with(|| ReadOnly { store: Arc::clone(place.store()), prefixes: Vec::new() })
                .prefixes
                .push(prefix);
        }
        Self { stores: stores.into_iter().map(|(url, store)| (url, Arc::new(store))).collect() }
    }

    /// Whether a file is one that may be read.
    pub(crate) fn has(&self, store_url: &str, file: &Path) -> bool {
        self.stores.get(&key(store_url)).is_some_and(|store| store.may_read(file))
    }

    /// Where files may be read, for people.
    pub(crate) fn places(&self) -> String {
        let shown = |(url, store): (&String, &Arc<ReadOnly>)| {
            store.prefixes.iter().map(|prefix| format!("{url}{prefix}")).collect::<Vec<_>>()
        };
        let mut places: Vec<_> = self.stores.iter().flat_map(shown).collect();
        places.sort();
        places.join(", ")
    }
}

/// `s3://bucket` and `s3://bucket/` are one.
fn key(url: &str) -> String {
    if url.ends_with('/') { url.to_owned() } else { format!("{url}/") }
}

impl ObjectStoreRegistry for LakeFiles {
    /// Nothing is added: what may be read is settled when the process starts.
    fn register_store(&self, _: &Url, store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        Some(store)
    }

    fn get_store(&self, url: &Url) -> EngineResult<Arc<dyn ObjectStore>> {
        let root = Url::join(url, "/").unwrap_or_else(|_| url.clone());
        match self.stores.get(&key(root.as_str())) {
            Some(store) => Ok(Arc::clone(store) as _),
            None => exec_err!("{root} holds no table of this lake; files are read only below {}", self.places()),
        }
    }
}

/// Stands for every store in a process that plans and reads nothing.
#[derive(Debug)]
pub(crate) struct NoFiles;

impl ObjectStoreRegistry for NoFiles {
    fn register_store(&self, _: &Url, store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        Some(store)
    }

    fn get_store(&self, _: &Url) -> EngineResult<Arc<dyn ObjectStore>> {
        Ok(Arc::new(ReadOnly { store: Arc::new(InMemory::new()), prefixes: Vec::new() }))
    }
}

/// A store, below some of its paths.
#[derive(Debug)]
struct ReadOnly {
    store: Arc<dyn ObjectStore>,
    prefixes: Vec<Path>,
}

impl ReadOnly {
    fn may_read(&self, file: &Path) -> bool {
        let is_below = self.prefixes.iter().any(|prefix| file.prefix_matches(prefix));
        is_below && file.parts().all(|part| part.as_ref() != UP)
    }

    fn fence(&self, file: &Path) -> Result<()> {
        if self.may_read(file) {
            return Ok(());
        }
        Err(Error::PermissionDenied { path: file.to_string(), source: "it is no file of this lake's tables".into() })
    }
}

impl fmt::Display for ReadOnly {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("the lake's tables, to be read")
    }
}

fn refused<T>(operation: &str) -> Result<T> {
    Err(Error::NotImplemented { operation: operation.to_owned(), implementer: STORE.to_owned() })
}

#[async_trait]
impl ObjectStore for ReadOnly {
    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        refused("write")
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        refused("write")
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.fence(location)?;
        self.store.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.fence(location)?;
        self.store.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, _: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        stream::once(async { refused("delete") }).boxed()
    }

    /// Plans name their files: nothing needs to be listed.
    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        stream::once(async { refused("list") }).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        refused("list")
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        refused("copy")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use object_store::ObjectStoreExt as _;

    use super::*;

    #[tokio::test]
    async fn only_files_of_the_tables_are_read_and_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let tables = folder.path().join("tables");
        let place = Location::folder(&tables).unwrap();
        fs::write(tables.join("in.parquet"), "inside").unwrap();
        fs::write(folder.path().join("out.parquet"), "outside").unwrap();
        let files = LakeFiles::new(&[place]);
        let root = Url::parse("file:///").unwrap();
        let store = files.get_store(&root).unwrap();
        let path = |file: &std::path::Path| Path::from_absolute_path(file).unwrap();
        let inside = path(&tables.canonicalize().unwrap().join("in.parquet"));
        assert_eq!(store.get(&inside).await.unwrap().bytes().await.unwrap(), "inside");
        let outside = path(&folder.path().canonicalize().unwrap().join("out.parquet"));
        let beside = Path::from(format!("{}x/in.parquet", Path::from_absolute_path(&tables).unwrap()));
        for denied in [&outside, &beside, &Path::from("etc/passwd"), &Path::from("")] {
            assert!(!files.has("file:///", denied), "{denied}");
            let error = store.get(denied).await.unwrap_err();
            assert!(matches!(error, Error::PermissionDenied { .. }), "{error}");
            let error = store.get_ranges(denied, &[0..1, 2..3]).await.unwrap_err();
            assert!(matches!(error, Error::PermissionDenied { .. }), "{error}");
        }
        assert!(files.has("file:///", &inside) && !files.has("s3://b/", &inside));
        assert!(store.put(&inside, "new".into()).await.is_err());
        assert!(store.delete(&inside).await.is_err() && store.copy(&inside, &outside).await.is_err());
        assert!(store.list(None).next().await.unwrap().is_err());
        assert_eq!(fs::read_to_string(tables.join("in.parquet")).unwrap(), "inside");
    }

    #[test]
    fn other_stores_are_refused_by_name_and_none_is_added() {
        let folder = tempfile::tempdir().unwrap();
        let files = LakeFiles::new(&[Location::folder(folder.path()).unwrap()]);
        let elsewhere = Url::parse("s3://elsewhere/x").unwrap();
        let error = files.get_store(&elsewhere).unwrap_err().to_string();
        assert!(error.contains("s3://elsewhere/") && error.contains("file:///"), "{error}");
        assert!(files.register_store(&elsewhere, Arc::new(InMemory::new())).is_some());
        assert!(files.get_store(&elsewhere).is_err());
    }

    #[tokio::test]
    async fn who_plans_reads_nothing() {
        let store = NoFiles.get_store(&Url::parse("file:///").unwrap()).unwrap();
        assert!(store.get(&Path::from("etc/passwd")).await.is_err());
    }
}
