//! CloudTrail's digest files: whether its log files are those that it delivered.
//!
//! Every hour CloudTrail writes a digest: hashes of the log files of that hour, the hash and signature of the digest before, and, as
//! metadata of the object in S3, an RSA signature over all of it. A digest's signature stands in the next one, too, so that of digests that
//! were copied to a folder only the newest needs its own.
//!
//! Source: AWS CloudTrail User Guide, "CloudTrail digest file structure" and "Custom implementations of CloudTrail log file integrity validation".

mod chain;
mod feed;
mod key;
mod shelf;
mod walk;

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};

use crate::error::GatherError;
use crate::files::walk::walk as files_below;
use crate::inflate::{INFLATED_BYTES_MAX, Inflate};

pub use chain::{DigestState, LogState};
pub use feed::{DigestPlace, DigestsFeed};
pub use key::{DigestKeys, KeyError};
pub use walk::verify_place;

pub(crate) use feed::run;

use chain::{Digest, Signed};

/// Bytes of a digest file, decompressed: one of an hour with ten thousand log files has some 5 MB.
const DIGEST_BYTES_MAX: u64 = 256 << 20;
/// What the names of folders with digests are.
pub(crate) const DIGEST_FOLDER: &str = "CloudTrail-Digest";

/// What digests say of the log files of a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DigestReport {
    /// Each digest, in the order of keys in S3.
    pub digests: Vec<(String, DigestState)>,
    /// Each log file that a digest names, by its key in S3.
    pub logs: BTreeMap<String, LogState>,
    /// Files of CloudTrail that no digest names.
    pub unnamed: Vec<PathBuf>,
}

impl DigestReport {
    /// Whether every digest and every log file is what it was, and none is missing.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let digests = self.digests.iter().all(|(_, state)| *state == DigestState::Verified);
        digests && self.logs.values().all(|state| *state == LogState::Verified)
    }
}

/// Verifies the digests below a folder, and the log files they name.
///
/// `signatures`: of digests whose signature is known from their metadata (`x-amz-meta-signature`), by their keys in S3, hexadecimal.
///
/// # Errors
///
/// If files cannot be read. What is wrong with them is told in the report.
pub fn verify_digests(
    folder: &Path,
    keys: &DigestKeys,
    signatures: &BTreeMap<String, String>,
) -> Result<DigestReport, GatherError> {
    let mut digests = Vec::new();
    let mut files = HashMap::new();
    for found in files_below(folder)? {
        let is_digest = found.path.components().any(|part| part.as_os_str() == DIGEST_FOLDER);
        if is_digest {
            digests.push(read_digest(&found.path)?);
        } else if let Some(name) = found.path.file_name() {
            files.insert(name.to_string_lossy().into_owned(), found.path);
        }
    }
    let mut report = DigestReport::default();
    for (digest, state) in chain::verify(digests, keys, signatures) {
        for log in digest.logs.iter().flatten() {
            let name = log.key.rsplit('/').next().unwrap_or_default();
            let state = match files.remove(name) {
                _ if state.is_unsigned() => LogState::Unproved,
                None => LogState::Missing,
                Some(path) if hash(&path)?.as_deref() == Some(&log.hash) => LogState::Verified,
                Some(_) => LogState::Altered,
            };
            report.logs.insert(log.key.clone(), state);
        }
        report.digests.push((digest.key, state));
    }
    report.unnamed = files.into_values().filter(|path| path.to_string_lossy().contains("_CloudTrail_")).collect();
    report.unnamed.sort();
    Ok(report)
}

fn read_digest(path: &Path) -> Result<Digest, GatherError> {
    let file = File::open(path).map_err(|source| GatherError::file("read", path, source))?;
    Ok(digest_of(&path.display().to_string(), file))
}

/// The digest in a file of this name. One that cannot be decompressed or understood is altered: what it named is not known.
fn digest_of(name: &str, bytes: impl Read) -> Digest {
    let mut content = Vec::new();
    let read = Inflate::new(bytes, DIGEST_BYTES_MAX)
        .and_then(|mut file| file.by_ref().take(DIGEST_BYTES_MAX).read_to_end(&mut content));
    let signed = read.ok().and_then(|_| serde_json::from_slice::<Signed>(&content).ok());
    Digest::new(name, signed, &content)
}

/// The hash of a file's decompressed bytes, hexadecimal; none if they are damaged.
fn hash(path: &Path) -> Result<Option<String>, GatherError> {
    let file = File::open(path).map_err(|source| GatherError::file("read", path, source))?;
    Ok(hash_of(file).unwrap_or_default())
}

/// The same of bytes as they come; an error if they do not come.
fn hash_of(bytes: impl Read) -> io::Result<Option<String>> {
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; 256 << 10];
    // What is damaged has another kind.
    let ended = |error: io::Error| if error.kind() == io::ErrorKind::ConnectionReset { Err(error) } else { Ok(None) };
    let mut bytes = match Inflate::new(bytes, INFLATED_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(error) => return ended(error),
    };
    loop {
        match bytes.read(&mut buffer) {
            Ok(0) => return Ok(Some(key::hex(context.finish().as_ref()))),
            Ok(read) => context.update(&buffer[..read]),
            Err(error) => return ended(error),
        }
    }
}
