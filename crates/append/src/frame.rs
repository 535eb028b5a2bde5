//! Frames: what a segment is made of.
//!
//! Length (four bytes), CRC-32 of all that follows (four bytes), kind (one), index of the first record (eight), how many bytes of the
//! segment were durable when the frame was written (eight), content. Numbers have their least significant byte first.

use crate::settings::BATCH_BYTES_MAX;

/// Bytes before the content.
pub(crate) const HEAD_BYTES: usize = 25;
/// Bytes of length and checksum.
const OUTER_BYTES: usize = 8;
/// Bytes of the content of a segment's first frame: positions of all feeds.
pub(crate) const CONTENT_BYTES_MAX: usize = BATCH_BYTES_MAX * 2;

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The first of a segment: the positions of all feeds.
    Begin = 1,
    /// A batch.
    Batch = 2,
}

/// A frame that was read and is what was written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'b> {
    pub(crate) kind: Kind,
    /// Of the first record of a batch, or of the segment.
    pub(crate) index: u64,
    /// Bytes of the segment that were durable before it was written.
    pub(crate) durable: u64,
    pub(crate) content: &'b [u8],
}

/// Writes a frame; `content` writes what it holds.
pub(crate) fn write(kind: Kind, index: u64, durable: u64, content: impl FnOnce(&mut Vec<u8>), bytes: &mut Vec<u8>) {
    let start = bytes.len();
    bytes.extend_from_slice(&[0; OUTER_BYTES]);
    bytes.push(kind as u8);
    bytes.extend_from_slice(&index.to_le_bytes());
    bytes.extend_from_slice(&durable.to_le_bytes());
    content(bytes);
    let inner = &bytes[start + OUTER_BYTES..];
    let length = u32::try_from(inner.len()).expect("batches have a most of bytes").to_le_bytes();
    let checksum = crc32fast::hash(inner).to_le_bytes();
    bytes[start..start + 4].copy_from_slice(&length);
    bytes[start + 4..start + OUTER_BYTES].copy_from_slice(&checksum);
}

/// Length in all of the frame that begins here, if it can be one.
pub(crate) fn length(bytes: &[u8]) -> Option<usize> {
    let inner = u32::from_le_bytes(*bytes.first_chunk()?) as usize;
    let is_frame = (HEAD_BYTES - OUTER_BYTES..=CONTENT_BYTES_MAX + HEAD_BYTES).contains(&inner);
    is_frame.then_some(OUTER_BYTES + inner)
}

/// The index in what may be a frame's head.
pub(crate) fn claimed_index(bytes: &[u8]) -> Option<u64> {
    length(bytes)?;
    let index = bytes.get(OUTER_BYTES + 1..)?.first_chunk()?;
    Some(u64::from_le_bytes(*index))
}

/// Reads the frame at the beginning of `bytes`; none if it is not whole or not what was written.
pub(crate) fn read(bytes: &[u8]) -> Option<Frame<'_>> {
    let frame = bytes.get(..length(bytes)?)?;
    let checksum = u32::from_le_bytes(*frame[4..].first_chunk()?);
    let inner = &frame[OUTER_BYTES..];
    if crc32fast::hash(inner) != checksum {
        return None;
    }
    let kind = match inner[0] {
        1 => Kind::Begin,
        2 => Kind::Batch,
        _ => return None,
    };
    let index = u64::from_le_bytes(*inner[1..].first_chunk()?);
    let durable = u64::from_le_bytes(*inner[9..].first_chunk()?);
    Some(Frame { kind, index, durable, content: &frame[HEAD_BYTES..] })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn frames_survive_and_changes_are_noticed(index: u64, durable: u64, content: Vec<u8>, at: usize, bit in 0..8) {
            let mut bytes = Vec::new();
            write(Kind::Batch, index, durable, |bytes| bytes.extend_from_slice(&content), &mut bytes);
            let frame = read(&bytes).unwrap();
            prop_assert_eq!((frame.kind, frame.index, frame.durable, frame.content), (Kind::Batch, index, durable, &content[..]));
            prop_assert_eq!(length(&bytes), Some(bytes.len()));
            let at = at % bytes.len();
            prop_assert!(read(&bytes[..at]).is_none());
            bytes[at] ^= 1_u8 << bit;
            prop_assert!(read(&bytes).is_none());
        }

        #[test]
        fn any_bytes_are_a_frame_or_none(bytes: Vec<u8>) {
            read(&bytes);
        }
    }
}
