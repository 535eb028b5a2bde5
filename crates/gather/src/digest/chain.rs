//! Digests that follow one another.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use ring::digest::{SHA256, digest};
use serde::Deserialize;

use super::key::{DigestKeys, from_hex, hex};

/// What a digest is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestState {
    /// Signed by CloudTrail, and what came before it is there and is what it was.
    Verified,
    /// What it says is not what CloudTrail signed, or it cannot be read.
    Altered,
    /// Its signature is not at hand: it stands in the metadata of the object, and in the digest that follows.
    Unsigned,
    /// It is signed; the digest before it is missing. A trail's first digest, and one after a pause of logging, has none before it, and is
    /// verified.
    PreviousMissing,
    /// It is signed; the digest before it is another than it was.
    PreviousAltered,
}

/// What a log file is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogState {
    /// It is what CloudTrail delivered, as far as the digest that names it is verified.
    Verified,
    /// It has other bytes.
    Altered,
    /// It is not there.
    Missing,
    /// The digest that names it was altered.
    Unproved,
}

/// What is signed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Signed {
    digest_end_time: String,
    digest_s3_bucket: String,
    digest_s3_object: String,
    previous_digest_s3_object: Option<String>,
    previous_digest_hash_value: Option<String>,
    previous_digest_signature: Option<String>,
    log_files: Vec<Log>,
}

/// A log file as a digest names it.
#[derive(Debug, Deserialize)]
pub(super) struct Log {
    #[serde(rename = "s3Object")]
    pub(super) key: String,
    #[serde(rename = "hashValue")]
    pub(super) hash: String,
}

/// A digest that was read.
pub(super) struct Digest {
    /// Its key in S3, or its path if it cannot be read.
    pub(super) key: String,
    /// Of its decompressed bytes, hexadecimal.
    hash: String,
    head: Option<Head>,
    pub(super) logs: Option<Vec<Log>>,
}

struct Head {
    /// What is signed, as text.
    text: String,
    /// Key, hash and signature of the digest before.
    previous: Option<(String, String, String)>,
}

impl Digest {
    pub(super) fn new(path: &Path, signed: Option<Signed>, content: &[u8]) -> Self {
        let hash = hex(digest(&SHA256, content).as_ref());
        let Some(signed) = signed else {
            return Self { key: path.display().to_string(), hash, head: None, logs: None };
        };
        let signature = signed.previous_digest_signature.clone();
        let text = format!(
            "{}\n{}/{}\n{hash}\n{}",
            signed.digest_end_time,
            signed.digest_s3_bucket,
            signed.digest_s3_object,
            signature.as_deref().unwrap_or("null"),
        );
        let previous = signed.previous_digest_s3_object.zip(signed.previous_digest_hash_value).zip(signature);
        let previous = previous.map(|((key, hash), signature)| (key, hash, signature));
        Self { key: signed.digest_s3_object, hash, head: Some(Head { text, previous }), logs: Some(signed.log_files) }
    }
}

/// Verifies digests against one another and against keys; gives them in the order of their keys in S3.
pub(super) fn verify(
    mut digests: Vec<Digest>,
    keys: &DigestKeys,
    signatures: &BTreeMap<String, String>,
) -> Vec<(Digest, DigestState)> {
    digests.sort_by(|one, other| one.key.cmp(&other.key));
    let hashes: HashMap<String, String> =
        digests.iter().map(|digest| (digest.key.clone(), digest.hash.clone())).collect();
    // A signature that another digest holds is as good as one at hand: it is verified all the same.
    let mut known: HashMap<String, Vec<String>> = HashMap::new();
    for (key, signature) in signatures {
        known.entry(key.clone()).or_default().push(signature.clone());
    }
    for (key, _, signature) in digests.iter().filter_map(|digest| digest.head.as_ref()?.previous.clone()) {
        known.entry(key).or_default().push(signature);
    }
    let judge = |digest: &Digest| {
        let Some(head) = &digest.head else { return DigestState::Altered };
        let Some(signatures) = known.get(&digest.key) else { return DigestState::Unsigned };
        let mut signatures = signatures.iter().filter_map(|signature| from_hex(signature));
        if !signatures.any(|signature| keys.have_signed(head.text.as_bytes(), &signature)) {
            return DigestState::Altered;
        }
        match &head.previous {
            None => DigestState::Verified,
            Some((key, hash, _)) => match hashes.get(key) {
                None => DigestState::PreviousMissing,
                Some(found) if found == hash => DigestState::Verified,
                Some(_) => DigestState::PreviousAltered,
            },
        }
    };
    digests
        .into_iter()
        .map(|digest| {
            let state = judge(&digest);
            (digest, state)
        })
        .collect()
}
