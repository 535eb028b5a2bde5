//! The keys that CloudTrail signs digests with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde::Deserialize;

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
}

/// Public keys, any of which may have signed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DigestKeys(Vec<Vec<u8>>);

#[derive(Deserialize)]
struct List {
    #[serde(rename = "PublicKeyList")]
    keys: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "Value")]
    value: String,
}

impl DigestKeys {
    /// Adds the keys that `aws cloudtrail list-public-keys` prints, as JSON.
    ///
    /// # Errors
    ///
    /// If it is something else.
    pub fn add_list(&mut self, json: &str) -> Result<(), KeyError> {
        let list: List = serde_json::from_str(json).map_err(KeyError::List)?;
        for key in list.keys {
            let key = STANDARD.decode(key.value.trim()).map_err(|_| KeyError::Base64)?;
            self.0.push(key);
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
        self.0.push(der);
        Ok(())
    }

    /// Whether one of the keys has signed this.
    pub(super) fn have_signed(&self, text: &[u8], signature: &[u8]) -> bool {
        let has_signed =
            |key: &Vec<u8>| UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).verify(text, signature).is_ok();
        self.0.iter().any(has_signed)
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
