//! The keys tokens and tasks are signed with: the current one, and those before it, whose signatures are still accepted.
//!
//! Keys never leave this module but as signatures; nothing prints them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::{digest, hmac};

/// Bytes of a generated key.
const KEY_BYTES: usize = 32;
/// Keys accepted at once.
const KEYS_MAX: usize = 8;
/// Bytes a key is told by.
pub(super) const KEY_ID_BYTES: usize = 4;
/// Bytes of a signature.
pub(super) const SIGNATURE_BYTES: usize = 32;

/// What is signed: a signature of one kind is never good for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Token,
    Task,
    Answer,
}

impl Purpose {
    const fn context(self) -> &'static [u8] {
        match self {
            Self::Token => b"sekisho/token/1",
            Self::Task => b"sekisho/task/1",
            Self::Answer => b"sekisho/answer/1",
        }
    }
}

/// The keys, the current one first.
pub struct KeyRing {
    keys: Vec<Key>,
}

struct Key {
    id: [u8; KEY_ID_BYTES],
    key: hmac::Key,
}

/// Why a text is no key ring. Says where, never what stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A line is not base64.
    #[error("line {line} is not base64")]
    Encoding {
        /// The line, from one.
        line: usize,
    },
    /// A key could be guessed.
    #[error("the key on line {line} has fewer than {KEY_BYTES} bytes")]
    Short {
        /// The line, from one.
        line: usize,
    },
    /// A key stands twice.
    #[error("the key on line {line} stands there twice")]
    Twice {
        /// The line, from one.
        line: usize,
    },
    /// There are no keys.
    #[error("there is no key")]
    Empty,
    /// There are too many keys.
    #[error("more than {KEYS_MAX} keys")]
    Many,
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

impl KeyRing {
    /// Reads a key file: one key a line in base64, of at least 32 bytes, the current one first. Empty lines and those that
    /// begin with `#` are passed over.
    ///
    /// # Errors
    ///
    /// If a line is no key, or there are none or more than eight.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut keys: Vec<Key> = Vec::new();
        for (line, written) in (1..).zip(text.lines().map(str::trim)) {
            if written.is_empty() || written.starts_with('#') {
                continue;
            }
            let bytes = STANDARD.decode(written).map_err(|_| KeyError::Encoding { line })?;
            if bytes.len() < KEY_BYTES {
                return Err(KeyError::Short { line });
            }
            let key = Key::new(&bytes);
            if keys.iter().any(|other| other.id == key.id) {
                return Err(KeyError::Twice { line });
            }
            keys.push(key);
        }
        match keys.len() {
            0 => Err(KeyError::Empty),
            1..=KEYS_MAX => Ok(Self { keys }),
            _ => Err(KeyError::Many),
        }
    }

    /// A new key, as a line of a key file without its end.
    ///
    /// # Errors
    ///
    /// If the system gives no random numbers.
    pub fn generate_line() -> Result<String, KeyError> {
        let mut bytes = [0; KEY_BYTES];
        SystemRandom::new().fill(&mut bytes).map_err(|_| KeyError::Random)?;
        Ok(STANDARD.encode(bytes))
    }

    /// How many keys there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn current_id(&self) -> [u8; KEY_ID_BYTES] {
        self.current().id
    }

    fn current(&self) -> &Key {
        self.keys.first().expect("a ring has a key")
    }

    /// Signs `parts`, one after the other, with the current key.
    pub(super) fn sign(&self, purpose: Purpose, parts: &[&[u8]]) -> [u8; SIGNATURE_BYTES] {
        self.current().sign(purpose, parts)
    }

    /// Whether `signature` is that of `parts` by the key of an id. Takes the same time whatever differs.
    pub(super) fn verify(&self, id: [u8; KEY_ID_BYTES], purpose: Purpose, parts: &[&[u8]], signature: &[u8]) -> bool {
        let message = message(purpose, parts);
        let key = self.keys.iter().find(|key| key.id == id);
        key.is_some_and(|key| hmac::verify(&key.key, &message, signature).is_ok())
    }
}

impl Key {
    fn new(bytes: &[u8]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"sekisho/key-id/1");
        context.update(bytes);
        let (id, _) =
            context.finish().as_ref().split_first_chunk().map(|(id, rest)| (*id, rest.len())).expect("32 bytes");
        Self { id, key: hmac::Key::new(hmac::HMAC_SHA256, bytes) }
    }

    fn sign(&self, purpose: Purpose, parts: &[&[u8]]) -> [u8; SIGNATURE_BYTES] {
        let tag = hmac::sign(&self.key, &message(purpose, parts));
        tag.as_ref().try_into().expect("HMAC-SHA-256 has 32 bytes")
    }
}

/// What is signed: each part with its length before it, so that no two lists of parts are one message.
fn message(purpose: Purpose, parts: &[&[u8]]) -> Vec<u8> {
    let mut message = purpose.context().to_vec();
    for part in parts {
        message.extend_from_slice(&(part.len() as u64).to_be_bytes());
        message.extend_from_slice(part);
    }
    message
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(byte: u8) -> String {
        STANDARD.encode([byte; KEY_BYTES])
    }

    #[test]
    fn a_key_file_has_the_current_key_first_and_says_where_it_is_wrong() {
        let ring = KeyRing::parse(&format!("# keys\n\n{}\n {} \n", line(1), line(2))).unwrap();
        assert_eq!((ring.count(), ring.current_id()), (2, Key::new(&[1; KEY_BYTES]).id));
        for (text, expected) in [
            (String::new(), KeyError::Empty),
            ("# nothing\n".to_owned(), KeyError::Empty),
            (format!("{}\nnot a key\n", line(1)), KeyError::Encoding { line: 2 }),
            (STANDARD.encode([1; 31]), KeyError::Short { line: 1 }),
            (format!("{}\n\n{}", line(1), line(1)), KeyError::Twice { line: 3 }),
            ((0..9).map(|byte| line(byte) + "\n").collect(), KeyError::Many),
        ] {
            assert_eq!(KeyRing::parse(&text).unwrap_err(), expected);
        }
    }

    #[test]
    fn generated_keys_are_good_and_differ() {
        let (one, two) = (KeyRing::generate_line().unwrap(), KeyRing::generate_line().unwrap());
        assert_eq!(KeyRing::parse(&format!("{one}\n{two}")).unwrap().count(), 2);
    }

    #[test]
    fn a_signature_is_good_for_its_key_purpose_and_parts_alone() {
        let ring = KeyRing::parse(&format!("{}\n{}", line(1), line(2))).unwrap();
        let id = ring.current_id();
        let signature = ring.sign(Purpose::Token, &[b"ab", b"c"]);
        assert!(ring.verify(id, Purpose::Token, &[b"ab", b"c"], &signature));
        assert!(!ring.verify(id, Purpose::Task, &[b"ab", b"c"], &signature));
        assert!(!ring.verify(id, Purpose::Token, &[b"a", b"bc"], &signature));
        assert!(!ring.verify(id, Purpose::Token, &[b"ab", b"c"], &signature[..16]));
        assert!(!ring.verify(Key::new(&[2; KEY_BYTES]).id, Purpose::Token, &[b"ab", b"c"], &signature));
        assert!(!ring.verify([0; 4], Purpose::Token, &[b"ab", b"c"], &signature));
    }

    #[test]
    fn keys_are_not_printed() {
        let printed = format!("{:?}", KeyRing::parse(&line(0xAB)).unwrap());
        assert_eq!(printed, "KeyRing { keys: 1, .. }");
    }
}
