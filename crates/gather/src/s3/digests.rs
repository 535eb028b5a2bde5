//! CloudTrail's digests in a bucket, and the log files they name.

use std::sync::Arc;

use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{Attribute, ObjectStore as _, ObjectStoreExt as _};

use super::S3Feed;
use super::access::{Access, service};
use super::listing::body_of;
use super::objects::Body;
use crate::digest::DIGEST_FOLDER;
use crate::error::GatherError;

/// The metadata that holds a digest's signature: `x-amz-meta-signature`.
const SIGNATURE: &str = "signature";
/// Folders between the prefix and the digests: a prefix of the trail's own, `AWSLogs`, an organization, an account.
const DEPTH_MAX: usize = 6;
/// Folders that are looked into for digests: an organization has some thousand accounts at the most.
const FOLDERS_MAX: usize = 20_000;
/// Digits of an account's number.
const ACCOUNT_DIGITS: usize = 12;

/// A bucket that CloudTrail delivers to.
pub(crate) struct Bucket(Arc<Access>);

impl Bucket {
    pub(crate) fn new(settings: &S3Feed) -> Result<Self, GatherError> {
        Ok(Self(Arc::new(Access::new(settings)?)))
    }

    /// Keys of digests. `day`: the folder of a day from which on those of a region are wanted; all if none.
    pub(crate) async fn list(&self, day: impl Fn(&str) -> Option<String>) -> Result<Vec<String>, GatherError> {
        let mut keys = Vec::new();
        for folder in self.folders().await? {
            for region in self.below(Some(&folder)).await? {
                let listing = match day(region.as_ref()) {
                    Some(day) => self.0.store.list_with_offset(Some(&region), &Path::from(day)),
                    None => self.0.store.list(Some(&region)),
                };
                let found: Vec<_> = listing
                    .map_ok(|meta| meta.location.to_string())
                    .try_collect()
                    .await
                    .map_err(|error| service(format!("list s3://{}/{region}", self.0.bucket), &error))?;
                keys.extend(found);
            }
        }
        Ok(keys)
    }

    /// Folders with digests, at or beside the prefix.
    async fn folders(&self) -> Result<Vec<Path>, GatherError> {
        let parts: Vec<_> = self.0.prefix.parts().collect();
        let account = parts.iter().position(|part| is_account(part.as_ref()));
        if let Some(account) = account {
            // Log files and digests of an account stand side by side.
            let parts = parts.into_iter().take(account + 1).chain([DIGEST_FOLDER.into()]);
            return Ok(vec![parts.collect()]);
        }
        let prefix = &self.0.prefix;
        let mut open = vec![((!prefix.as_ref().is_empty()).then(|| prefix.clone()), 0)];
        let (mut found, mut looked) = (Vec::new(), 0);
        while let Some((folder, depth)) = open.pop() {
            looked += 1;
            if looked > FOLDERS_MAX {
                let reason = format!(
                    "there are more than {FOLDERS_MAX} folders to look for digests in: give the trail's own prefix"
                );
                return Err(GatherError::setting("url", reason));
            }
            let within_account = folder.as_ref().and_then(Path::filename).is_some_and(is_account);
            for below in self.below(folder.as_ref()).await? {
                match below.filename() {
                    Some(DIGEST_FOLDER) => found.push(below),
                    _ if within_account || depth >= DEPTH_MAX => {}
                    _ => open.push((Some(below), depth + 1)),
                }
            }
        }
        Ok(found)
    }

    async fn below(&self, folder: Option<&Path>) -> Result<Vec<Path>, GatherError> {
        let listed = self.0.store.list_with_delimiter(folder).await;
        let told = folder.map(Path::as_ref).unwrap_or_default();
        Ok(listed.map_err(|error| service(format!("list s3://{}/{told}", self.0.bucket), &error))?.common_prefixes)
    }

    /// An object and the signature in its metadata; none if there is none of this key.
    pub(crate) async fn object(&self, key: &str) -> Result<Option<(Body, Option<String>)>, GatherError> {
        let failed = |error: &dyn std::error::Error| service(format!("read s3://{}/{key}", self.0.bucket), error);
        let path = Path::parse(key).map_err(|error| failed(&error))?;
        let got = match self.0.store.get(&path).await {
            Ok(got) => got,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(failed(&error)),
        };
        let signature =
            got.attributes.get(&Attribute::Metadata(SIGNATURE.into())).map(|value| value.as_ref().to_owned());
        Ok(Some((body_of(got), signature)))
    }
}

fn is_account(part: &str) -> bool {
    part.len() == ACCOUNT_DIGITS && part.bytes().all(|byte| byte.is_ascii_digit())
}
