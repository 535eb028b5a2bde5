//! Gzip by its first bytes, whatever a file is called: members one after another, no more bytes than a limit.

use std::io::{self, BufReader, Chain, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

/// What every gzip member begins with. Source: RFC 1952, section 2.3.1.
const MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Bytes of a compressed file that are held.
const BUFFER_BYTES: usize = 64 << 10;
/// Bytes that one file may have decompressed: a year of a small service. A bomb ends here.
pub(crate) const INFLATED_BYTES_MAX: u64 = 64 << 30;

type Raw<R> = Chain<Cursor<Vec<u8>>, R>;

/// A file's bytes, decompressed if they were compressed.
pub(crate) struct Inflate<R: Read> {
    bytes: Bytes<R>,
    left: u64,
}

enum Bytes<R: Read> {
    Plain(Raw<R>),
    Gzip(Box<MultiGzDecoder<BufReader<Raw<R>>>>),
}

impl<R: Read> Inflate<R> {
    /// # Errors
    ///
    /// If its first bytes cannot be read.
    pub(crate) fn new(mut raw: R, bytes_max: u64) -> io::Result<Self> {
        let mut first = Vec::new();
        raw.by_ref().take(MAGIC.len() as u64).read_to_end(&mut first)?;
        let is_gzip = first == MAGIC;
        let raw = Cursor::new(first).chain(raw);
        let bytes = if is_gzip {
            Bytes::Gzip(Box::new(MultiGzDecoder::new(BufReader::with_capacity(BUFFER_BYTES, raw))))
        } else {
            Bytes::Plain(raw)
        };
        Ok(Self { bytes, left: bytes_max })
    }

    /// A file that is not compressed, from where it stands on.
    pub(crate) fn plain(raw: R) -> Self {
        Self { bytes: Bytes::Plain(Cursor::new(Vec::new()).chain(raw)), left: 0 }
    }

    pub(crate) fn is_gzip(&self) -> bool {
        matches!(self.bytes, Bytes::Gzip(_))
    }
}

impl<R: Read> Read for Inflate<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.bytes {
            Bytes::Plain(raw) => return raw.read(buffer),
            Bytes::Gzip(decoder) => decoder.read(buffer)?,
        };
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, "it has more bytes decompressed than one file may have")
        })?;
        Ok(read)
    }
}

/// Bytes of `raw`, decompressed if they were compressed; an error if they are more than `bytes_max`.
pub(crate) fn inflate(raw: &[u8], bytes_max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut reader = Inflate::new(raw, bytes_max as u64)?;
    reader.by_ref().take(bytes_max as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > bytes_max {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it has more bytes than may be sent at once"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    proptest! {
        #[test]
        fn members_and_plain_bytes_come_out(members in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 1..4)) {
            let all = members.concat();
            let packed: Vec<u8> = members.iter().flat_map(|member| gzip(member)).collect();
            prop_assert_eq!(inflate(&packed, 2_000).unwrap(), all.clone());
            if !all.starts_with(&MAGIC) {
                prop_assert_eq!(inflate(&all, 2_000).unwrap(), all);
            }
        }

        #[test]
        fn any_bytes_are_inflated_or_refused(raw: Vec<u8>) {
            let mut gzip = MAGIC.to_vec();
            gzip.extend_from_slice(&raw);
            _ = inflate(&gzip, 1_000);
        }
    }

    #[test]
    fn a_bomb_ends_at_the_limit() {
        let bomb = gzip(&vec![0; 10 << 20]);
        assert!(bomb.len() < 200_000);
        assert!(inflate(&bomb, 1 << 20).is_err());
        let mut reader = Inflate::new(&bomb[..], 1 << 20).unwrap();
        assert!(io::copy(&mut reader, &mut io::sink()).is_err());
    }
}
