//! The `ClientHello` of a TLS client, as far as fingerprints need it.
//!
//! Strict: every length must be that of its content, to the byte. Whatever is malformed gives nothing; the handshake itself
//! is not judged here.
//!
//! Source: RFC 8446, sections 4.1.2, 4.2 and 5.1; RFC 5246, section 7.4.1.2; RFC 8422, section 5.1; RFC 7301, section 3.1.

/// A message longer than this (bytes, with the records' own) is not read. Clients send some hundred bytes to a few
/// thousand; rustls takes no more either.
pub(crate) const CLIENT_HELLO_BYTES_MAX: usize = 64 * 1024;

/// The content type of records that carry a handshake.
const HANDSHAKE: u8 = 22;
/// The type of the message.
const CLIENT_HELLO: u8 = 1;
/// What a record carries at most.
const RECORD_BYTES_MAX: usize = 1 << 14;

const SUPPORTED_GROUPS: u16 = 10;
const EC_POINT_FORMATS: u16 = 11;
const SIGNATURE_ALGORITHMS: u16 = 13;
const PROTOCOLS: u16 = 16;
const SUPPORTED_VERSIONS: u16 = 43;

/// What a client offers, in the order it does. GREASE values are still among the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientHello<'m> {
    /// The version field of the message (`legacy_version`), not of its record.
    pub version: u16,
    /// Cipher suites.
    pub ciphers: Vec<u16>,
    /// Types of the extensions.
    pub extensions: Vec<u16>,
    /// Of the extension `supported_groups`.
    pub groups: Vec<u16>,
    /// Of the extension `ec_point_formats`.
    pub point_formats: &'m [u8],
    /// Of the extension `signature_algorithms`.
    pub signature_algorithms: Vec<u16>,
    /// Of the extension `supported_versions`, if there is one.
    pub versions: Option<Vec<u16>>,
    /// The first name of the extension for application protocols (ALPN), if there is one.
    pub protocol: Option<&'m [u8]>,
}

impl<'m> ClientHello<'m> {
    /// The handshake message at the beginning of what a client sent, without its header and put together from its
    /// records. Nothing if the bytes are something else or end early.
    ///
    /// # Limits
    ///
    /// Looks at the first 64 KiB.
    #[must_use]
    pub fn message(sent: &[u8]) -> Option<Vec<u8>> {
        let mut sent = Reader(&sent[..sent.len().min(CLIENT_HELLO_BYTES_MAX)]);
        let mut message = Vec::new();
        loop {
            if sent.u8()? != HANDSHAKE || sent.u8()? != 3 {
                return None;
            }
            let _minor_version = sent.u8()?;
            let length = usize::from(sent.u16()?);
            if length == 0 || length > RECORD_BYTES_MAX {
                return None;
            }
            message.extend_from_slice(sent.take(length)?);
            if let [kind, high, middle, low, rest @ ..] = message.as_slice() {
                if *kind != CLIENT_HELLO {
                    return None;
                }
                let length = usize::from(*high) << 16 | usize::from(*middle) << 8 | usize::from(*low);
                if rest.len() >= length {
                    message.truncate(4 + length);
                    message.drain(..4);
                    return Some(message);
                }
            }
        }
    }

    /// Reads a message without its header.
    #[must_use]
    pub fn parse(message: &'m [u8]) -> Option<Self> {
        let mut reader = Reader(message);
        let version = reader.u16()?;
        let _random = reader.take(32)?;
        let session = reader.short()?;
        let ciphers = reader.long()?;
        let compressions = reader.short()?;
        if session.len() > 32 || ciphers.is_empty() || compressions.is_empty() {
            return None;
        }
        let mut hello = Self { version, ciphers: pairs(ciphers)?, ..Self::default() };
        // Before TLS 1.3 a message may end here.
        if !reader.is_empty() {
            let mut extensions = Reader(reader.long()?);
            let mut seen = [0_u64; 1 << 10];
            while !extensions.is_empty() {
                let kind = extensions.u16()?;
                // Each stands once: a second one would make two readings possible.
                let (word, bit) = (&mut seen[usize::from(kind >> 6)], 1 << (kind & 63));
                if *word & bit != 0 {
                    return None;
                }
                *word |= bit;
                hello.extension(kind, extensions.long()?)?;
            }
        }
        reader.is_empty().then_some(hello)
    }

    fn extension(&mut self, kind: u16, content: &'m [u8]) -> Option<()> {
        self.extensions.push(kind);
        let mut content = Reader(content);
        match kind {
            SUPPORTED_GROUPS => self.groups = pairs(content.long()?)?,
            EC_POINT_FORMATS => self.point_formats = content.short()?,
            SIGNATURE_ALGORITHMS => self.signature_algorithms = pairs(content.long()?)?,
            SUPPORTED_VERSIONS => self.versions = Some(pairs(content.short()?)?),
            PROTOCOLS => {
                let mut names = Reader(content.long()?);
                self.protocol = if names.is_empty() { None } else { Some(names.short()?) };
                while !names.is_empty() {
                    names.short()?;
                }
            }
            _ => return Some(()),
        }
        content.is_empty().then_some(())
    }
}

/// Numbers of two bytes.
fn pairs(bytes: &[u8]) -> Option<Vec<u16>> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect())
}

/// Bytes, read from the front.
struct Reader<'m>(&'m [u8]);

impl<'m> Reader<'m> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn take(&mut self, bytes: usize) -> Option<&'m [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|byte| byte[0])
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    /// As many bytes as one byte before them says.
    fn short(&mut self) -> Option<&'m [u8]> {
        let length = self.u8()?;
        self.take(usize::from(length))
    }

    /// As many bytes as two bytes before them say.
    fn long(&mut self) -> Option<&'m [u8]> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }
}
