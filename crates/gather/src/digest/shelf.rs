//! Where digests lie, and the log files they name: a folder or a bucket, with the layout that CloudTrail gives them.

use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;
#[cfg(feature = "s3")]
use std::sync::Arc;

use super::chain::Digest;
use super::feed::DigestPlace;
use super::walk::Settled;
use super::{DIGEST_FOLDER, digest_of, hash};
use crate::error::GatherError;
use crate::files::walk::walk;
use crate::gather::blocking;
#[cfg(feature = "s3")]
use crate::s3::digests::Bucket;

/// A place with digests.
pub(super) enum Shelf {
    Folder {
        path: PathBuf,
        /// Files that are no digests, by their names, which CloudTrail makes unique.
        files: HashMap<String, PathBuf>,
    },
    #[cfg(feature = "s3")]
    Bucket(Arc<Bucket>),
}

/// What a digest has to be held against.
pub(super) enum LogFound {
    /// The hash of its decompressed bytes, hexadecimal; none if they are damaged.
    Hash(Option<String>),
    Missing,
}

impl Shelf {
    pub(super) fn new(place: &DigestPlace) -> Result<Self, GatherError> {
        Ok(match place {
            DigestPlace::Folder(path) => Self::Folder { path: path.clone(), files: HashMap::new() },
            #[cfg(feature = "s3")]
            DigestPlace::Bucket(bucket) => Self::Bucket(Arc::new(Bucket::new(bucket)?)),
        })
    }

    /// One with nothing on it.
    pub(super) fn none() -> Self {
        Self::Folder { path: PathBuf::new(), files: HashMap::new() }
    }

    /// Digests that are not settled, as chain and path: those of a chain one after another, in the order of time.
    pub(super) async fn list(&mut self, settled: &Settled) -> Result<Vec<(String, String)>, GatherError> {
        let paths = match self {
            Self::Folder { path, files } => {
                let below = path.clone();
                let (digests, others) = blocking(move || {
                    let found =
                        walk(&below)?.into_iter().filter_map(|found| found.path.into_os_string().into_string().ok());
                    Ok(found.partition::<Vec<_>, _>(|path| path.contains(&format!("/{DIGEST_FOLDER}/"))))
                })
                .await?;
                let name = |path: String| Some((path.rsplit('/').next()?.to_owned(), PathBuf::from(&path)));
                *files = others.into_iter().filter_map(name).collect();
                digests
            }
            #[cfg(feature = "s3")]
            Self::Bucket(bucket) => bucket.list(|region| settled.day(region)).await?,
        };
        let mut paths: Vec<_> = paths.into_iter().map(|path| (chain_of(&path), path)).collect();
        paths.retain(|(chain, path)| settled.get(chain).is_none_or(|newest| newest.path < *path));
        paths.sort();
        Ok(paths)
    }

    /// A digest, and its signature if it stands beside it; none if it is gone.
    pub(super) async fn digest(&self, path: &str) -> Result<Option<(Digest, Option<String>)>, GatherError> {
        let name = path.to_owned();
        match self {
            Self::Folder { .. } => {
                blocking(move || match File::open(&name) {
                    Ok(file) => Ok(Some((digest_of(&name, file), None))),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                    Err(source) => Err(GatherError::file("read", name, source)),
                })
                .await
            }
            #[cfg(feature = "s3")]
            Self::Bucket(bucket) => {
                let Some((body, signature)) = bucket.object(path).await? else { return Ok(None) };
                blocking(move || Ok(Some((digest_of(&name, body), signature)))).await
            }
        }
    }

    /// A log file that a digest names. `path` and `digest`: where the digest was found, and its key where CloudTrail put it.
    pub(super) async fn log(&self, path: &str, digest: &str, log: &str) -> Result<LogFound, GatherError> {
        match self {
            Self::Folder { files, .. } => {
                // Files of a folder are found by their name, wherever they are.
                let _ = (path, digest);
                let Some(file) = files.get(log.rsplit('/').next().unwrap_or_default()) else {
                    return Ok(LogFound::Missing);
                };
                let file = file.clone();
                blocking(move || Ok(LogFound::Hash(hash(&file)?))).await
            }
            #[cfg(feature = "s3")]
            Self::Bucket(bucket) => {
                // Below a prefix, if all of it was copied there.
                let copied = format!("{}{log}", path.strip_suffix(digest).unwrap_or_default());
                let Some((body, _)) = bucket.object(&copied).await? else { return Ok(LogFound::Missing) };
                let failed = move |source| GatherError::file("read", copied, source);
                blocking(move || super::hash_of(body).map(LogFound::Hash).map_err(failed)).await
            }
        }
    }
}

/// The digests that follow one another: those of a trail in a region. Their names differ in the time alone, which stands last.
fn chain_of(path: &str) -> String {
    let (folder, rest) = path.split_once(&format!("{DIGEST_FOLDER}/")).unwrap_or(("", path));
    let region = rest.split('/').next().unwrap_or_default();
    let name = rest.rsplit('/').next().unwrap_or_default();
    let trail = name.rsplit_once('_').map_or("", |(trail, _)| trail);
    format!("{folder}{DIGEST_FOLDER}/{region}/{trail}")
}

#[cfg(test)]
mod tests {
    use super::chain_of;

    #[test]
    fn digests_of_a_trail_in_a_region_follow_one_another() {
        let key = |region: &str, trail: &str, day: &str, hour: u32| {
            format!(
                "x/AWSLogs/1/CloudTrail-Digest/{region}/2026/11/{day}/1_CloudTrail-Digest_{region}_{trail}_us-east-1_202611{day}T{hour:02}0000Z.json.gz"
            )
        };
        let one = chain_of(&key("eu-west-1", "a_trail", "22", 23));
        assert_eq!(one, "x/AWSLogs/1/CloudTrail-Digest/eu-west-1/1_CloudTrail-Digest_eu-west-1_a_trail_us-east-1");
        assert_eq!(chain_of(&key("eu-west-1", "a_trail", "23", 0)), one);
        assert_ne!(chain_of(&key("eu-west-1", "other", "22", 23)), one);
        assert_ne!(chain_of(&key("us-east-1", "a_trail", "22", 23)), one);
        assert_eq!(chain_of("CloudTrail-Digest/x"), "CloudTrail-Digest/x/");
    }
}
