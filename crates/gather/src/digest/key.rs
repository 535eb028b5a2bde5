//! The keys that CloudTrail signs digests with.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde::Deserialize;

/// Bytes of a file with keys: CloudTrail lists a few hundred of them for all its years.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It is not what `aws cloudtrail list-public-keys` prints.
    #[error("this is not what CloudTrail's ListPublicKeys gives")]
    List(#[source] serde_json::Error),
    /// A key in the list is no Base64.
    #[error("a key of the list is not Base64")]
    Base64,
    /// It is neither PEM nor DER of an RSA key (PKCS #1).
    #[error("this is no RSA public key: PEM `RSA PUBLIC KEY`, or DER of the same, is expected")]
    Form,
    /// There is none.
    #[error("there is no key in the list: ask for the time of the logs (--start-time, --end-time) in their region")]
    Empty,
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file has no keys.
    #[error("{}: save what `aws cloudtrail list-public-keys` prints", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        why: Box<KeyError>,
    },
}

/// Public keys, any of which may have signed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DigestKeys(Vec<Key>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    der: Vec<u8>,
    /// What a digest calls the key; only lists say it.
    fingerprint: Option<String>,
}

#[derive(Deserialize)]
struct List {
    #[serde(rename = "PublicKeyList")]
    keys: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "Value")]
    value: String,
    #[serde(rename = "Fingerprint")]
    fingerprint: Option<String>,
}

impl DigestKeys {
    /// Reads a file: what `aws cloudtrail list-public-keys` prints, or one key in PEM or DER.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is something else.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let mut content = Vec::new();
        let read = File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut content));
        read.map_err(|source| KeyError::Read { path: path.to_owned(), source })?;
        let mut keys = Self::default();
        let added = match std::str::from_utf8(&content) {
            Ok(text) if text.trim_start().starts_with('{') => keys.add_list(text),
            _ => keys.add_file(&content),
        };
        let why = match added {
            Ok(()) if keys.0.is_empty() => KeyError::Empty,
            Ok(()) => return Ok(keys),
            Err(error) => error,
        };
        Err(KeyError::File { path: path.to_owned(), why: Box::new(why) })
    }

    /// Adds the keys that `aws cloudtrail list-public-keys` prints, as JSON.
    ///
    /// # Errors
    ///
    /// If it is something else.
    pub fn add_list(&mut self, json: &str) -> Result<(), KeyError> {
        let list: List = serde_json::from_str(json).map_err(KeyError::List)?;
        for key in list.keys {
            let der = STANDARD.decode(key.value.trim()).map_err(|_| KeyError::Base64)?;
            self.0.push(Key { der, fingerprint: key.fingerprint });
        }
        Ok(())
    }

    /// Adds a key from a file's content: PEM, or DER (PKCS #1).
    ///
    /// # Errors
    ///
    /// If it is none.
    pub fn add_file(&mut self, content: &[u8]) -> Result<(), KeyError> {
        // A sequence, in DER, or the same as text.
        let der = match content {
            [0x30, ..] => content.to_vec(),
            _ => from_pem(content).ok_or(KeyError::Form)?,
        };
        self.0.push(Key { der, fingerprint: None });
        Ok(())
    }

    /// Whether one of the keys has signed this.
    pub(super) fn have_signed(&self, text: &[u8], signature: &[u8]) -> bool {
        let has_signed =
            |key: &Key| UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key.der).verify(text, signature).is_ok();
        self.0.iter().any(has_signed)
    }

    /// Whether a key of this fingerprint may be among them: of some it is not known.
    pub(super) fn may_have(&self, fingerprint: &str) -> bool {
        self.0.iter().any(|key| key.fingerprint.as_deref().is_none_or(|known| known == fingerprint))
    }
}

/// The bytes of an RSA public key in PEM. Source: RFC 7468, section 2.
fn from_pem(content: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(content).ok()?;
    let (_, key) = text.split_once("-----BEGIN RSA PUBLIC KEY-----")?;
    let (key, _) = key.split_once("-----END RSA PUBLIC KEY-----")?;
    STANDARD.decode(key.split_ascii_whitespace().collect::<String>()).ok()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(pair[0])? * 16 + digit(*pair.get(1)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_list_or_a_key_or_says_what_it_should_have() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys");
        std::fs::write(&file, r#"{"PublicKeyList":[{"Value":"MIIB","Fingerprint":"x"}]}"#).unwrap();
        let keys = DigestKeys::read(&file).unwrap();
        assert!(keys.may_have("x") && !keys.may_have("y"));
        for (wrong, part) in
            [("nothing", "no RSA public key"), ("{\"a\":1}", "ListPublicKeys"), ("{\"PublicKeyList\":[]}", "no key")]
        {
            std::fs::write(&file, wrong).unwrap();
            let error = crate::error::chain(&DigestKeys::read(&file).unwrap_err());
            assert!(error.contains("list-public-keys") && error.contains(part), "{error}");
        }
        assert!(matches!(DigestKeys::read(&folder.path().join("none")), Err(KeyError::Read { .. })));
    }
}
