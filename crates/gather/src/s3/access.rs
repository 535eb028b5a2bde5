//! Who asks S3, and where it is.

use std::sync::Arc;

use object_store::ObjectStoreExt as _;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path;

use super::S3Feed;
use crate::error::GatherError;

/// What every request takes.
pub(super) struct Access {
    pub(super) bucket: String,
    pub(super) prefix: Path,
    pub(super) region: String,
    pub(super) store: Arc<AmazonS3>,
}

impl Access {
    pub(super) fn new(settings: &S3Feed) -> Result<Self, GatherError> {
        let place = settings.url.strip_prefix("s3://");
        let (bucket, prefix) = place.map(|place| place.split_once('/').unwrap_or((place, ""))).unwrap_or_default();
        if bucket.is_empty() {
            return Err(GatherError::setting("url", "it is written `s3://bucket/prefix`"));
        }
        let prefix = Path::parse(prefix.trim_end_matches('/')).map_err(|error| GatherError::setting("url", error))?;
        let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
        if let Some(endpoint) = &settings.endpoint {
            builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
        }
        if let Some(region) = &settings.region {
            builder = builder.with_region(region);
        }
        match (&settings.access_key_id, &settings.secret_access_key_file) {
            (None, None) => {}
            (Some(id), Some(path)) => {
                let secret = std::fs::read_to_string(path).map_err(|source| GatherError::file("read", path, source))?;
                builder = builder.with_access_key_id(id).with_secret_access_key(secret.trim());
            }
            _ => {
                let reason = "`access_key_id` and `secret_access_key_file` go together";
                return Err(GatherError::setting("access_key_id", reason));
            }
        }
        let region = builder.get_config_value(&AmazonS3ConfigKey::Region).unwrap_or_else(|| "us-east-1".to_owned());
        let store = builder.build().map_err(|error| GatherError::setting("url", error))?;
        Ok(Self { bucket: bucket.to_owned(), prefix, region, store: Arc::new(store) })
    }

    /// What is known of an object without reading it; none if there is none.
    pub(super) async fn head(&self, key: &Path) -> Result<Option<object_store::ObjectMeta>, GatherError> {
        match self.store.head(key).await {
            Ok(meta) => Ok(Some(meta)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(service(format!("ask for {key}"), &error)),
        }
    }
}

/// What a service said instead of what it was asked for.
pub(super) fn service(action: String, error: &dyn std::error::Error) -> GatherError {
    GatherError::Service { action, reason: crate::error::chain(error) }
}
