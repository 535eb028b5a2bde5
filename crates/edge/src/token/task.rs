//! A task: what a client has to do for a token, signed, so that nothing need be kept until it comes back solved.
//!
//! Bytes, in unpadded base64url: version, id of the key, kind, bits of work, when it was given (milliseconds since the Unix
//! epoch, big endian), an id, for a puzzle the signature of its answer, and the signature over all of it and the host it is for.
//! The answer itself does not leave: whoever has no key cannot even try answers against the signature.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sekisho_model::Timestamp;

use super::keys::{KEY_ID_BYTES, KeyRing, Purpose, SIGNATURE_BYTES};
use super::random::{self, NoRandom};

/// How long a task may take, in milliseconds: long enough to read a page with a screen reader.
pub(super) const LIFE_MS: u64 = 20 * 60 * 1000;

const VERSION: u8 = 1;
const BYTES: usize = 1 + KEY_ID_BYTES + 1 + 1 + 8 + 16 + SIGNATURE_BYTES;
const CHARS: usize = (BYTES + SIGNATURE_BYTES) * 4 / 3 + 1;

/// What is to be done besides the work, which each kind asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing.
    Challenge,
    /// Characters in a picture are to be read.
    Picture,
    /// A question in words is to be answered.
    Words,
}

/// A task that was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Task {
    pub(super) kind: Kind,
    /// Leading zero bits of the hash that proves the work.
    pub(super) bits: u8,
    pub(super) given: Timestamp,
    pub(super) id: [u8; 16],
    key: [u8; KEY_ID_BYTES],
    answer: [u8; SIGNATURE_BYTES],
}

impl Kind {
    const ALL: [Self; 3] = [Self::Challenge, Self::Picture, Self::Words];

    const fn byte(self) -> u8 {
        match self {
            Self::Challenge => 1,
            Self::Picture => 2,
            Self::Words => 3,
        }
    }

    /// Whether a person has to do something.
    pub(super) const fn is_puzzle(self) -> bool {
        !matches!(self, Self::Challenge)
    }
}

impl Task {
    /// Makes a task for clients of `host`, as the page gets it.
    pub(super) fn give(
        kind: Kind,
        bits: u8,
        answer: &str,
        host: &str,
        now: Timestamp,
        keys: &KeyRing,
    ) -> Result<String, NoRandom> {
        let id: [u8; 16] = random::bytes()?;
        let mut bytes = Vec::with_capacity(BYTES + SIGNATURE_BYTES);
        bytes.push(VERSION);
        bytes.extend_from_slice(&keys.current_id());
        bytes.push(kind.byte());
        bytes.push(bits);
        bytes.extend_from_slice(&now.unix_ms().to_be_bytes());
        bytes.extend_from_slice(&id);
        bytes.extend_from_slice(&keys.sign(Purpose::Answer, &[&id, normal(answer).as_bytes()]));
        let signature = keys.sign(Purpose::Task, &[&bytes, host.as_bytes()]);
        bytes.extend_from_slice(&signature);
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads a task given to clients of `host`, if it is genuine.
    pub(super) fn open(text: &str, host: &str, keys: &KeyRing) -> Option<Self> {
        if text.len() > CHARS {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (signed, signature) = bytes.split_last_chunk::<SIGNATURE_BYTES>()?;
        let (&version, rest) = signed.split_first()?;
        let (&key, rest) = rest.split_first_chunk()?;
        if version != VERSION || !keys.verify(key, Purpose::Task, &[signed, host.as_bytes()], signature) {
            return None;
        }
        let (&[kind, bits], rest) = rest.split_first_chunk()?;
        let (&given, rest) = rest.split_first_chunk()?;
        let (&id, rest) = rest.split_first_chunk()?;
        let answer = rest.try_into().ok()?;
        let kind = Kind::ALL.into_iter().find(|known| known.byte() == kind)?;
        Some(Self { kind, bits, given: Timestamp::from_unix_ms(u64::from_be_bytes(given)), id, key, answer })
    }

    /// Whether it was given too long ago.
    pub(super) fn is_stale(&self, now: Timestamp) -> bool {
        now.since_ms(self.given) > LIFE_MS
    }

    /// Whether this answers the puzzle.
    pub(super) fn is_answer(&self, answer: &str, keys: &KeyRing) -> bool {
        keys.verify(self.key, Purpose::Answer, &[&self.id, normal(answer).as_bytes()], &self.answer)
    }
}

/// An answer as it is compared: without spaces, upper case, full-width forms as the keyboards of Japan write them made plain.
fn normal(answer: &str) -> String {
    let plain = |char: char| match char {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(char) - 0xfee0).unwrap_or(char),
        _ => char,
    };
    answer.chars().filter(|char| !char.is_whitespace()).map(plain).flat_map(char::to_uppercase).collect()
}
