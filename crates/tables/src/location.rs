//! Where tables are kept.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path as FilePath;
use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStore};
use url::Url;

use crate::bucket::{Bucket, Patience};
use crate::durable::DurableFiles;
use crate::error::TablesError;

/// Logs are nobody else's business.
const FOLDER_MODE: u32 = 0o700;

/// A folder or a prefix of a bucket, and how to reach it.
#[derive(Debug, Clone)]
pub struct Location {
    url: Url,
    store: Arc<dyn ObjectStore>,
    prefix: Path,
}

impl Location {
    /// A folder; it is made, for its owner alone, if it is not there.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub fn folder(folder: &FilePath) -> Result<Self, TablesError> {
        let shown = folder.display().to_string();
        let made = DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder);
        let made = made.and_then(|()| folder.canonicalize());
        let folder = made.map_err(|source| TablesError::Folder { folder: shown.clone(), source })?;
        let url = Url::from_directory_path(&folder).map_err(|()| TablesError::Location(shown.clone()))?;
        let prefix = Path::from_absolute_path(&folder).map_err(|_| TablesError::Location(shown))?;
        Ok(Self { url, store: Arc::new(DurableFiles::default()), prefix })
    }

    /// `s3://bucket/prefix`. `options`: keys as `object_store` knows them (`aws_endpoint`, `aws_region`, `aws_access_key_id` …) and their
    /// values; what is not given is asked of the environment (`AWS_ACCESS_KEY_ID` and so on), then of the container's or the machine's role. An endpoint that
    /// begins with `http://` is asked in clear.
    ///
    /// # Errors
    ///
    /// If it is no such URL, or an option is not known.
    pub fn s3(url: &str, options: &[(String, String)], patience: Patience) -> Result<Self, TablesError> {
        let wrong = || TablesError::Location(url.to_owned());
        let mut parsed = Url::parse(url).map_err(|_| wrong())?;
        let bucket = parsed.host_str().unwrap_or_default().to_owned();
        if parsed.scheme() != "s3" || bucket.is_empty() {
            return Err(wrong());
        }
        if !parsed.path().ends_with('/') {
            parsed.set_path(&format!("{}/", parsed.path()));
        }
        let refused = |source| TablesError::Store { action: "reach", path: url.to_owned(), source };
        let mut builder = AmazonS3Builder::from_env().with_url(url);
        for (key, value) in options {
            builder = builder.with_config(key.parse().map_err(refused)?, value);
        }
        let endpoint = [AmazonS3ConfigKey::S3Endpoint, AmazonS3ConfigKey::Endpoint];
        let endpoint = endpoint.iter().find_map(|key| builder.get_config_value(key)).unwrap_or_default();
        let client = ClientOptions::new()
            .with_timeout(patience.request)
            .with_connect_timeout(patience.connect)
            .with_allow_http(endpoint.starts_with("http://"));
        let store = builder.with_client_options(client).with_retry(patience.retry()).build().map_err(refused)?;
        let prefix = Path::from_url_path(parsed.path()).map_err(|_| wrong())?;
        Ok(Self { url: parsed, store: Arc::new(Bucket::new(Arc::new(store), &bucket, patience)), prefix })
    }

    /// The same place, reached through another store: one that fails now and then, or keeps what it has read.
    #[must_use]
    pub fn through(self, wrap: impl FnOnce(Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore>) -> Self {
        Self { store: wrap(self.store), ..self }
    }

    /// Whether others may write to it too.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.url.scheme() != "file"
    }

    /// Its URL; ends with a slash.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The URL of its store: `file:///` or `s3://bucket/`. Paths of files are below it.
    ///
    /// # Panics
    ///
    /// Never: what is cut from a URL leaves one.
    #[must_use]
    pub fn store_url(&self) -> Url {
        self.url.join("/").expect("a URL with a path has a root")
    }

    /// Where its files are read.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// The path below it that begins with these parts.
    pub(crate) fn path<'p>(&self, parts: impl IntoIterator<Item = &'p str>) -> Path {
        let below = parts.into_iter().collect::<Vec<_>>().join("/");
        let whole = format!("{}/{below}", self.prefix);
        // Names of tables, days and files need no escapes; one that someone else wrote may.
        Path::parse(&whole).unwrap_or_else(|_| Path::from(whole))
    }

    /// The URL of a table's folder.
    pub(crate) fn table_url(&self, table: &str) -> Url {
        self.url.join(&format!("{table}/")).expect("a table's name is part of a URL")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_buckets_are_places() {
        let folder = tempfile::tempdir().unwrap();
        let here = Location::folder(&folder.path().join("a b/tables")).unwrap();
        assert_eq!(here.store_url().as_str(), "file:///");
        assert!(here.url().path().ends_with("/a%20b/tables/"), "{}", here.url());
        let options = |key: &str, value: &str| [(key.to_owned(), value.to_owned())];
        let s3 = |url: &str, key, value| Location::s3(url, &options(key, value), Patience::default());
        let there = s3("s3://bucket/some/lake", "aws_region", "eu-west-1").unwrap();
        assert_eq!(
            (there.store_url().as_str(), there.path(["http", "x"]).as_ref()),
            ("s3://bucket/", "some/lake/http/x")
        );
        assert_eq!(there.table_url("http").as_str(), "s3://bucket/some/lake/http/");
        for wrong in ["bucket", "http://bucket/", "s3://", "s3:///x"] {
            assert!(s3(wrong, "aws_region", "eu-west-1").is_err(), "{wrong}");
        }
        assert!(s3("s3://bucket/", "colour", "red").is_err());
        let both = [options("aws_access_key_id", "key"), options("aws_secret_access_key", "hidden-well")].concat();
        let secret = Location::s3("s3://bucket/", &both, Patience::default()).unwrap();
        assert!(!format!("{secret:?}").contains("hidden-well") && secret.is_shared() && !here.is_shared());
    }
}
