//! A token as it travels: in the cookie `aws-waf-token`, or the field `x-aws-waf-token`.
//!
//! Bytes, in unpadded base64url: version, id of the key, the token's own id, when a puzzle was solved, when a challenge was
//! met (milliseconds since the Unix epoch, big endian, zero for never), the domain, and the signature over all of it. The
//! content is no secret; that it is genuine is what matters.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sekisho_model::Timestamp;

use super::keys::{KEY_ID_BYTES, KeyRing, Purpose, SIGNATURE_BYTES};

/// The cookie's name.
///
/// Source: AWS WAF Developer Guide, "AWS WAF token characteristics".
pub(super) const COOKIE: &str = "aws-waf-token";
/// The field that clients without cookies send it in.
pub(super) const FIELD: &str = "x-aws-waf-token";
/// Seconds a browser keeps the cookie: as long as any rule can honour it.
pub(super) const COOKIE_AGE_S: u64 = 259_200;

const VERSION: u8 = 1;
const ID_BYTES: usize = 16;
const HEAD_BYTES: usize = 1 + KEY_ID_BYTES + ID_BYTES + 8 + 8;
/// The longest domain there is.
const DOMAIN_BYTES_MAX: usize = 253;
/// The longest token, in characters.
const CHARS_MAX: usize = (HEAD_BYTES + DOMAIN_BYTES_MAX + SIGNATURE_BYTES).div_ceil(3) * 4;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// Tells this client session from others; stays when the token is renewed.
    pub(super) id: [u8; ID_BYTES],
    /// When a puzzle was solved last.
    pub(super) captcha: Option<Timestamp>,
    /// When a challenge was met last.
    pub(super) challenge: Option<Timestamp>,
    /// Where it was got, lowercase.
    pub(super) domain: String,
}

impl Token {
    /// Writes and signs it.
    pub(super) fn seal(&self, keys: &KeyRing) -> String {
        let mut bytes = Vec::with_capacity(HEAD_BYTES + self.domain.len() + SIGNATURE_BYTES);
        bytes.push(VERSION);
        bytes.extend_from_slice(&keys.current_id());
        bytes.extend_from_slice(&self.id);
        for time in [self.captcha, self.challenge] {
            bytes.extend_from_slice(&time.map_or(0, Timestamp::unix_ms).to_be_bytes());
        }
        bytes.extend_from_slice(self.domain.as_bytes());
        let signature = keys.sign(Purpose::Token, &[&bytes]);
        bytes.extend_from_slice(&signature);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads one, if it is genuine.
    pub(super) fn open(text: &[u8], keys: &KeyRing) -> Option<Self> {
        if text.len() > CHARS_MAX {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (signed, signature) = bytes.split_last_chunk::<SIGNATURE_BYTES>()?;
        let (&version, rest) = signed.split_first()?;
        let (key, rest) = rest.split_first_chunk::<KEY_ID_BYTES>()?;
        if version != VERSION || !keys.verify(*key, Purpose::Token, &[signed], signature) {
            return None;
        }
        let (id, rest) = rest.split_first_chunk()?;
        let (captcha, rest) = rest.split_first_chunk()?;
        let (challenge, domain) = rest.split_first_chunk()?;
        let time = |bytes: &[u8; 8]| {
            let ms = u64::from_be_bytes(*bytes);
            (ms != 0).then(|| Timestamp::from_unix_ms(ms))
        };
        let domain = String::from_utf8(domain.to_vec()).ok()?;
        Some(Self { id: *id, captcha: time(captcha), challenge: time(challenge), domain })
    }
}
