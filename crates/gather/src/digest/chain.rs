//! Digests that follow one another.

use std::collections::{BTreeMap, HashMap};

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
    /// It says that it is signed with a key that is not among those given.
    UnknownKey,
    /// Its signature is not at hand: it stands in the metadata of the object, and in the digest that follows.
    Unsigned,
    /// It is signed; the digest before it is missing. A trail's first digest, and one after a pause of logging, has none before it, and is
    /// verified.
    PreviousMissing,
    /// It is signed; the digest before it is another than it was.
    PreviousAltered,
}

impl DigestState {
    /// Whether nobody vouches for what it says.
    pub(super) fn is_unsigned(self) -> bool {
        matches!(self, Self::Altered | Self::UnknownKey)
    }

    /// What people and records are told.
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Altered => "altered",
            Self::UnknownKey => "signed with a key that is not among those given",
            Self::Unsigned => "its signature comes with the next",
            Self::PreviousMissing => "the digest before it is missing",
            Self::PreviousAltered => "the digest before it was altered",
        }
    }
}

impl LogState {
    /// What people and records are told.
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Altered => "altered",
            Self::Missing => "missing",
            Self::Unproved => "named by a digest that proves nothing",
        }
    }
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
    digest_public_key_fingerprint: Option<String>,
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
    pub(super) hash: String,
    head: Option<Head>,
    pub(super) logs: Option<Vec<Log>>,
}

struct Head {
    /// What is signed, as text.
    text: String,
    /// Key, hash and signature of the digest before.
    previous: Option<(String, String, String)>,
    /// Of the key that has signed.
    fingerprint: Option<String>,
}

impl Digest {
    pub(super) fn new(path: &str, signed: Option<Signed>, content: &[u8]) -> Self {
        let hash = hex(digest(&SHA256, content).as_ref());
        let Some(signed) = signed else {
            return Self { key: path.to_owned(), hash, head: None, logs: None };
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
        let head = Head { text, previous, fingerprint: signed.digest_public_key_fingerprint };
        Self { key: signed.digest_s3_object, hash, head: Some(head), logs: Some(signed.log_files) }
    }

    /// Key and signature of the digest before, as it says itself.
    pub(super) fn previous(&self) -> Option<(&str, &str)> {
        let (key, _, signature) = self.head.as_ref()?.previous.as_ref()?;
        Some((key, signature))
    }

    /// What it is worth. `signatures`: those that may be its own, hexadecimal. `hash_of`: the hash of the digest of a key, if it is there.
    pub(super) fn judge<'h>(
        &self,
        keys: &DigestKeys,
        signatures: &[String],
        hash_of: impl FnOnce(&str) -> Option<&'h str>,
    ) -> DigestState {
        let Some(head) = &self.head else { return DigestState::Altered };
        if signatures.is_empty() {
            return DigestState::Unsigned;
        }
        let mut found = signatures.iter().filter_map(|signature| from_hex(signature));
        if !found.any(|signature| keys.have_signed(head.text.as_bytes(), &signature)) {
            let is_known = head.fingerprint.as_deref().is_none_or(|fingerprint| keys.may_have(fingerprint));
            return if is_known { DigestState::Altered } else { DigestState::UnknownKey };
        }
        match &head.previous {
            None => DigestState::Verified,
            Some((key, hash, _)) => match hash_of(key) {
                None => DigestState::PreviousMissing,
                Some(found) if found == hash => DigestState::Verified,
                Some(_) => DigestState::PreviousAltered,
            },
        }
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
    for (key, signature) in digests.iter().filter_map(Digest::previous) {
        known.entry(key.to_owned()).or_default().push(signature.to_owned());
    }
    digests
        .into_iter()
        .map(|digest| {
            let signatures = known.get(&digest.key).map(Vec::as_slice).unwrap_or_default();
            let state = digest.judge(keys, signatures, |key| hashes.get(key).map(String::as_str));
            (digest, state)
        })
        .collect()
}
