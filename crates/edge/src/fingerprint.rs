//! Fingerprints of TLS clients: JA3 and JA4, from the first message a client sends.
//!
//! rustls keeps that message to itself, so the bytes are overheard on their way to it. Nothing here decides anything: a
//! client whose message cannot be read has no fingerprint, and rules say what that means to them.

mod client_hello;
mod ja3;
mod ja4;
mod overheard;

pub use client_hello::ClientHello;
pub(crate) use overheard::Overheard;

/// Both fingerprints of one client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprints {
    ja3: String,
    ja4: String,
}

impl Fingerprints {
    /// From the bytes a client sent first, records and all.
    ///
    /// # Limits
    ///
    /// As for [`ClientHello::message`].
    #[must_use]
    pub fn of(sent: &[u8]) -> Option<Self> {
        let message = ClientHello::message(sent)?;
        let hello = ClientHello::parse(&message)?;
        Some(Self { ja3: ja3::fingerprint(&hello), ja4: ja4::fingerprint(&hello) })
    }

    /// JA3: 32 hexadecimal digits.
    #[must_use]
    pub fn ja3(&self) -> &str {
        &self.ja3
    }

    /// JA4: 36 characters.
    #[must_use]
    pub fn ja4(&self) -> &str {
        &self.ja4
    }
}

/// Whether a value is one of those that clients send only so that servers learn to pass over what they do not know.
///
/// Source: RFC 8701, section 2.
fn is_grease(value: u16) -> bool {
    let [high, low] = value.to_be_bytes();
    high == low && low & 0x0F == 0x0A
}

/// The values that say something.
fn without_grease(values: &[u16]) -> impl Iterator<Item = u16> + Clone + '_ {
    values.iter().copied().filter(|value| !is_grease(*value))
}

/// Lowercase hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0F]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

#[cfg(test)]
mod tests;
