//! Batches, and how they are written.

use crate::varint::{read, read_bytes, unzigzag, write, write_bytes, zigzag};

/// One record: a log line, an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'b> {
    /// When it came in, in milliseconds since 1970-01-01T00:00:00Z.
    pub received_ms: i64,
    /// Its bytes as they are to be kept.
    pub raw: &'b [u8],
}

/// Where records come from: a file, an object, a stream. Positions are kept one a feed.
pub type Feed = Vec<u8>;

/// How far a feed has been read, in its collector's own terms.
pub type Position = Vec<u8>;

/// What all records of a batch have in common, and where to go on after it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Origin<'b> {
    /// What the records come from: the name of a kind of log.
    pub source: &'b str,
    /// What the header of their file said; empty if there was none.
    pub header: &'b str,
    /// The feed they came through; empty if it is never gone on with.
    pub feed: &'b [u8],
    /// How far the feed is read once the batch is durable. An empty one forgets the feed: it was read to its end.
    pub position: &'b [u8],
}

/// Records of one source that become durable together, with the position their feed has reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    count: u64,
    last_received_ms: i64,
    /// Source and header.
    origin: Vec<u8>,
    /// Feed and position.
    reached: Vec<u8>,
    records: Vec<u8>,
}

impl Batch {
    /// An empty batch.
    #[must_use]
    pub fn new(origin: Origin<'_>) -> Self {
        let mut batch =
            Self { count: 0, last_received_ms: 0, origin: Vec::new(), reached: Vec::new(), records: Vec::new() };
        write_bytes(origin.source.as_bytes(), &mut batch.origin);
        write_bytes(origin.header.as_bytes(), &mut batch.origin);
        batch.reach(origin.feed, origin.position);
        batch
    }

    /// Says anew how far the feed is read once the batch is durable.
    pub fn reach(&mut self, feed: &[u8], position: &[u8]) {
        self.reached.clear();
        write_bytes(feed, &mut self.reached);
        write_bytes(position, &mut self.reached);
    }

    /// Adds a record.
    pub fn push(&mut self, record: Record<'_>) {
        let since = record.received_ms.wrapping_sub(self.last_received_ms);
        write(zigzag(since), &mut self.records);
        write_bytes(record.raw, &mut self.records);
        self.last_received_ms = record.received_ms;
        self.count += 1;
    }

    /// Number of records.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes it takes in a segment, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.origin.len() + self.reached.len() + self.records.len() + 32
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.origin);
        bytes.extend_from_slice(&self.reached);
        write(self.count, bytes);
        bytes.extend_from_slice(&self.records);
    }

    pub(crate) fn feed_and_position(&self) -> (Feed, Position) {
        let mut reached = &self.reached[..];
        let mut next = || read_bytes(&mut reached).unwrap_or_default().to_vec();
        (next(), next())
    }
}

/// A batch as it lies in a segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written<'b> {
    pub(crate) origin: Origin<'b>,
    pub(crate) count: u64,
    records: &'b [u8],
}

impl<'b> Written<'b> {
    /// Reads what [`Batch::write`] wrote. Records are checked as far as their number goes.
    pub(crate) fn parse(mut bytes: &'b [u8]) -> Option<Self> {
        let source = std::str::from_utf8(read_bytes(&mut bytes)?).ok()?;
        let header = std::str::from_utf8(read_bytes(&mut bytes)?).ok()?;
        let (feed, position) = (read_bytes(&mut bytes)?, read_bytes(&mut bytes)?);
        let count = read(&mut bytes)?;
        let written = Self { origin: Origin { source, header, feed, position }, count, records: bytes };
        (written.records().count() as u64 == count).then_some(written)
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = Record<'b>> + use<'b> {
        let mut bytes = self.records;
        let mut received_ms = 0_i64;
        std::iter::from_fn(move || {
            received_ms = received_ms.wrapping_add(unzigzag(read(&mut bytes)?));
            Some(Record { received_ms, raw: read_bytes(&mut bytes)? })
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn batches_survive(
            source in "[a-z-]{0,20}", header: String, feed: Vec<u8>, position: Vec<u8>, records: Vec<(i64, Vec<u8>)>,
        ) {
            let origin = Origin { source: &source, header: &header, feed: &feed, position: &position };
            let mut batch = Batch::new(Origin { feed: b"before", position: &source.as_bytes()[..source.len() / 2], ..origin });
            batch.reach(&feed, &position);
            records.iter().for_each(|(received_ms, raw)| batch.push(Record { received_ms: *received_ms, raw }));
            let mut bytes = Vec::new();
            batch.write(&mut bytes);
            prop_assert!(bytes.len() <= batch.bytes());
            let written = Written::parse(&bytes).unwrap();
            prop_assert_eq!(written.origin, origin);
            let again: Vec<_> = written.records().map(|record| (record.received_ms, record.raw.to_vec())).collect();
            prop_assert_eq!(again, records);
            prop_assert_eq!(batch.feed_and_position(), (feed, position));
        }

        #[test]
        fn any_bytes_are_a_batch_or_none(bytes: Vec<u8>) {
            if let Some(written) = Written::parse(&bytes) {
                prop_assert_eq!(written.records().count() as u64, written.count);
            }
        }
    }
}
