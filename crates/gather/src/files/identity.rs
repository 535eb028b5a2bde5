//! What tells a file from another: its first bytes, and those before where it was left.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;

use crate::cut::Place;
use crate::ledger;

/// Bytes of a beginning that are compared.
pub(super) const HEAD_BYTES: u16 = 4096;
/// Bytes before a place that are compared.
const TAIL_BYTES: usize = 4096;
/// Bytes that are remembered, of what was read last: a place is a record, rarely more, before the end of it.
const LAST_BYTES: usize = 512 << 10;
/// Bytes read at once where only their hash is wanted.
const CHUNK_BYTES: usize = 64 << 10;

/// What is kept of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) place: Place,
    /// Bytes of the beginning that were hashed.
    pub(super) head_bytes: u16,
    pub(super) head: u64,
    /// Hash of the bytes before the place; 0 if they were not at hand.
    pub(super) tail: u64,
}

impl Known {
    pub(super) fn to_bytes(self) -> [u8; 34] {
        let mut bytes = [0; 34];
        bytes[..8].copy_from_slice(&self.place.offset.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.place.records.to_le_bytes());
        bytes[16..18].copy_from_slice(&self.head_bytes.to_le_bytes());
        bytes[18..26].copy_from_slice(&self.head.to_le_bytes());
        bytes[26..].copy_from_slice(&self.tail.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; 34] = bytes.try_into().ok()?;
        let number = |at: usize| u64::from_le_bytes(*bytes[at..].first_chunk().expect("it has 34 bytes"));
        let place = Place { offset: number(0), records: number(8) };
        Some(Self { place, head_bytes: u16::from_le_bytes([bytes[16], bytes[17]]), head: number(18), tail: number(26) })
    }
}

/// The hash of so many first bytes; none if there are fewer.
pub(super) fn head_hash(reader: impl Read, bytes: u16) -> io::Result<Option<u64>> {
    let mut head = Vec::new();
    reader.take(u64::from(bytes)).read_to_end(&mut head)?;
    Ok((head.len() == usize::from(bytes)).then(|| ledger::id(&[&head])))
}

/// The beginning of a file, and the last of what was read of it.
#[derive(Debug, Default)]
pub(super) struct Tail {
    head: Vec<u8>,
    last: Vec<u8>,
    /// Bytes that were read, from the file's beginning.
    read: u64,
}

impl Tail {
    /// Notes bytes that were read.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let missing = usize::from(HEAD_BYTES).saturating_sub(self.head.len());
        if self.head.len() as u64 == self.read {
            self.head.extend_from_slice(&bytes[..missing.min(bytes.len())]);
        }
        self.last.extend_from_slice(bytes);
        self.read += bytes.len() as u64;
        if self.last.len() > 2 * LAST_BYTES {
            self.last.drain(..self.last.len() - LAST_BYTES);
        }
    }

    /// Reads over so many bytes; gives how many there were.
    pub(super) fn pass(&mut self, reader: &mut impl Read, bytes: u64) -> io::Result<u64> {
        let mut buffer = vec![0; CHUNK_BYTES];
        while self.read < bytes {
            let most = usize::try_from(bytes - self.read).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
            match reader.read(&mut buffer[..most])? {
                0 => break,
                read => self.add(&buffer[..read]),
            }
        }
        Ok(self.read)
    }

    /// As if so many bytes of a file that is not compressed had been read over; the file is where they end.
    pub(super) fn leap(&mut self, mut file: &File, bytes: u64) -> io::Result<u64> {
        self.pass(&mut file, bytes.min(u64::from(HEAD_BYTES)))?;
        let from = bytes.saturating_sub(LAST_BYTES as u64);
        if from > self.read {
            file.seek(SeekFrom::Start(from))?;
            self.last.clear();
            self.read = from;
        }
        self.pass(&mut file, bytes)
    }

    /// Whether a file still begins as it did.
    pub(super) fn is_still(&self, file: &File) -> io::Result<bool> {
        let mut head = vec![0; self.head.len()];
        match file.read_exact_at(&mut head, 0) {
            Ok(()) => Ok(head == self.head),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What is to be kept of the file when all up to `place` is done.
    pub(super) fn known_at(&self, place: Place) -> Known {
        let head_bytes = u16::try_from(self.head.len()).expect("a head is short");
        let after = usize::try_from(self.read.saturating_sub(place.offset)).unwrap_or(usize::MAX);
        let before = self.last.len().checked_sub(after).map(|end| &self.last[end.saturating_sub(TAIL_BYTES)..end]);
        // Without the bytes at hand it is a hash that no file has.
        let tail = before.filter(|before| before.len() == TAIL_BYTES).map_or(0, |before| ledger::id(&[before]));
        Known { place, head_bytes, head: ledger::id(&[&self.head]), tail }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_kept_survives(offset: u64, records: u64, head_bytes: u16, head: u64, tail: u64) {
            let known = Known { place: Place { offset, records }, head_bytes, head, tail };
            prop_assert_eq!(Known::from_bytes(&known.to_bytes()), Some(known));
        }
    }

    #[test]
    fn the_same_bytes_are_known_however_they_were_read() {
        let bytes: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
        let place = Place { offset: 2_500_000, records: 0 };
        let mut whole = Tail::default();
        whole.pass(&mut &bytes[..], place.offset).unwrap();
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, &bytes).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        let mut leapt = Tail::default();
        assert_eq!(leapt.leap(&file, place.offset).unwrap(), place.offset);
        assert_eq!(leapt.known_at(place), whole.known_at(place));
        assert_ne!(whole.known_at(place).tail, 0);
        whole.add(&bytes[2_500_000..2_600_000]);
        assert_eq!(leapt.known_at(place), whole.known_at(place));
        assert!(leapt.is_still(&file).unwrap());
        file.set_len(10).unwrap();
        assert!(!leapt.is_still(&file).unwrap());
    }
}
