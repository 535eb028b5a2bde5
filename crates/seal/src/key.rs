//! Keys that sign, and keys that verify. Source: C2SP signed-note, and the text forms of Go's package `sumdb/note`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use crate::hash::Hash;

/// A plain signature of a note's text.
pub(crate) const PLAIN: u8 = 0x01;
/// A witness's signature with a time.
pub(crate) const COSIGNATURE: u8 = 0x04;

/// What begins the text of a key that signs.
const PRIVATE: &str = "PRIVATE+KEY+";

/// Why a key is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The name is empty, or has spaces, plus signs or control characters.
    #[error("`{0}` cannot be the name of a key: it must not be empty nor have spaces, `+` or control characters")]
    Name(String),
    /// The text has another form.
    #[error("this is not the text of an Ed25519 key")]
    Form,
    /// The key's id is not the one of its name and bytes.
    #[error("the key's id does not belong to its name and bytes")]
    Id,
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes")]
    Random,
}

/// A name that can stand in a signature line.
fn checked(name: &str) -> Result<String, KeyError> {
    let is_bad = |letter: char| letter.is_whitespace() || letter.is_control() || letter == '+';
    if name.is_empty() || name.contains(is_bad) { Err(KeyError::Name(name.to_owned())) } else { Ok(name.to_owned()) }
}

/// The four bytes that tell keys of one name apart.
fn id(name: &str, kind: u8, public: &[u8]) -> [u8; 4] {
    let hash = Hash::of(&[name.as_bytes(), b"\n", &[kind], public]);
    [hash.0[0], hash.0[1], hash.0[2], hash.0[3]]
}

fn hex(id: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(id))
}

/// An Ed25519 key that signs under a name. Its text is a secret.
pub struct SigningKey {
    name: String,
    kind: u8,
    seed: [u8; 32],
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// A new key of a log.
    ///
    /// # Errors
    ///
    /// If the name cannot be one, or there are no random bytes.
    pub fn generate(name: &str) -> Result<Self, KeyError> {
        Self::generate_as(name, PLAIN)
    }

    /// A new key of a witness.
    ///
    /// # Errors
    ///
    /// As [`SigningKey::generate`].
    pub fn generate_witness(name: &str) -> Result<Self, KeyError> {
        Self::generate_as(name, COSIGNATURE)
    }

    fn generate_as(name: &str, kind: u8) -> Result<Self, KeyError> {
        let mut seed = [0; 32];
        SystemRandom::new().fill(&mut seed).map_err(|_| KeyError::Random)?;
        Self::from_seed(name, kind, seed)
    }

    pub(crate) fn from_seed(name: &str, kind: u8, seed: [u8; 32]) -> Result<Self, KeyError> {
        let name = checked(name)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| KeyError::Form)?;
        Ok(Self { name, kind, seed, pair })
    }

    /// Reads `PRIVATE+KEY+name+id+key`.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        let text = text.trim_end().strip_prefix(PRIVATE).ok_or(KeyError::Form)?;
        let (name, written, kind, seed) = parts(text)?;
        let key = Self::from_seed(&name, kind, seed)?;
        if hex(key.verifying().id) == written { Ok(key) } else { Err(KeyError::Id) }
    }

    /// The secret, in the form that [`SigningKey::from_text`] reads.
    #[must_use]
    pub fn to_secret_text(&self) -> String {
        let bytes = [&[self.kind], &self.seed[..]].concat();
        format!("{PRIVATE}{}+{}+{}", self.name, hex(self.verifying().id), STANDARD.encode(bytes))
    }

    /// What verifies its signatures.
    #[must_use]
    pub fn verifying(&self) -> VerifyingKey {
        let mut public = [0; 32];
        public.copy_from_slice(self.pair.public_key().as_ref());
        VerifyingKey { id: id(&self.name, self.kind, &public), name: self.name.clone(), kind: self.kind, public }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.pair.sign(message).as_ref());
        signature
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SigningKey").field("name", &self.name).finish_non_exhaustive()
    }
}

/// An Ed25519 key that verifies signatures under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    name: String,
    id: [u8; 4],
    kind: u8,
    public: [u8; 32],
}

impl VerifyingKey {
    /// Reads `name+id+key`.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        let (name, written, kind, public) = parts(text.trim_end())?;
        let name = checked(&name)?;
        let id = id(&name, kind, &public);
        if hex(id) == written { Ok(Self { name, id, kind, public }) } else { Err(KeyError::Id) }
    }

    /// The form that [`VerifyingKey::from_text`] reads. May be shown to anyone.
    #[must_use]
    pub fn to_text(&self) -> String {
        let bytes = [&[self.kind], &self.public[..]].concat();
        format!("{}+{}+{}", self.name, hex(self.id), STANDARD.encode(bytes))
    }

    /// The name it signs under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first bytes of its signatures.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        self.id
    }

    /// Whether it is a witness's.
    #[must_use]
    pub fn is_witness(&self) -> bool {
        self.kind == COSIGNATURE
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.public).verify(message, signature).is_ok()
    }
}

/// Name, id, kind and 32 bytes of `name+id+key`. Only keys may have plus signs.
fn parts(text: &str) -> Result<(String, String, u8, [u8; 32]), KeyError> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(KeyError::Form);
    };
    let bytes = STANDARD.decode(key).map_err(|_| KeyError::Form)?;
    let Some((&kind, bytes)) = bytes.split_first() else { return Err(KeyError::Form) };
    if kind != PLAIN && kind != COSIGNATURE {
        return Err(KeyError::Form);
    }
    let bytes = bytes.try_into().map_err(|_| KeyError::Form)?;
    Ok((name.to_owned(), id.to_owned(), kind, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive_their_text() {
        let key = SigningKey::generate("sekisho.example/lake").unwrap();
        let again = SigningKey::from_text(&key.to_secret_text()).unwrap();
        assert_eq!(again.verifying(), key.verifying());
        assert_eq!(VerifyingKey::from_text(&key.verifying().to_text()), Ok(key.verifying()));
        assert!(key.verifying().verifies(b"text", &again.sign(b"text")));
        assert!(!key.verifying().verifies(b"tex", &again.sign(b"text")));
        assert!(!format!("{key:?}").contains(&STANDARD.encode(key.seed)));
    }

    #[test]
    fn a_key_known_to_gos_library_is_read() {
        // The key of Go's checksum database. Source: cmd/go/internal/modfetch/key.go.
        let text = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
        let key = VerifyingKey::from_text(text).unwrap();
        assert_eq!((key.name(), key.id(), key.to_text().as_str()), ("sum.golang.org", [0x03, 0x3d, 0xe0, 0xae], text));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let text = SigningKey::generate("a").unwrap().verifying().to_text();
        assert_eq!(VerifyingKey::from_text(&text.replacen('a', "b", 1)), Err(KeyError::Id));
        assert_eq!(VerifyingKey::from_text("a+00000000"), Err(KeyError::Form));
        assert_eq!(VerifyingKey::from_text("a+00000000+AAAA"), Err(KeyError::Form));
        assert!(matches!(SigningKey::generate("a b"), Err(KeyError::Name(_))));
        assert!(matches!(SigningKey::generate("a+b"), Err(KeyError::Name(_))));
    }
}
