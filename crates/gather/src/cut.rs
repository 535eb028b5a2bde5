//! One stream of bytes into batches: cut into records, masked, each batch with the position that goes on after it.

use std::sync::Arc;

use sekisho_append::{Batch, Feed as FeedName, Origin, Position, Record};
use sekisho_collect::{Piece, Source, Splitter};
use sekisho_mask::{Counts, Scratch};

use crate::counters::{SourceCounters, add};
use crate::error::GatherError;
use crate::sink::{Set, Sink};
use crate::stop::Stop;

/// Bytes of records after which a batch is closed.
const BATCH_BYTES: usize = 1 << 20;
/// Bytes of batches that become durable together: enough for a disk to be busy, little enough to be held by every feed.
const SET_BYTES: usize = 4 << 20;
/// Batches that become durable together.
const SET_BATCHES: usize = 4096;

/// Where in a stream one can go on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Bytes from the beginning, decompressed.
    pub(crate) offset: u64,
    /// Records that begin at `offset` or later and are done.
    pub(crate) records: u64,
}

/// What says how a place is written as the position of a feed.
pub(crate) trait Mark {
    /// The feed and its position when all up to `place` is durable.
    fn mark(&mut self, place: Place) -> (FeedName, Position);
}

/// A stream nobody can go on with: it has no position.
pub(crate) struct Fleeting;

impl Mark for Fleeting {
    fn mark(&mut self, _: Place) -> (FeedName, Position) {
        (FeedName::new(), Position::new())
    }
}

/// Batches of one source that are gathered before they become durable.
pub(crate) struct Gathered {
    sink: Arc<Sink>,
    pub(crate) source: &'static Source,
    pub(crate) counters: Arc<SourceCounters>,
    stop: Stop,
    scratch: Scratch,
    set: Set,
    batches: usize,
}

impl Gathered {
    pub(crate) fn new(sink: &Arc<Sink>, source: &'static Source, stop: &Stop) -> Self {
        let counters = sink.counters.of(source.name);
        let (sink, stop) = (Arc::clone(sink), stop.clone());
        Self { sink, source, counters, stop, scratch: Scratch::default(), set: Set::default(), batches: 0 }
    }

    /// Makes durable what was gathered. Blocks.
    pub(crate) fn flush(&mut self) -> Result<(), GatherError> {
        self.batches = 0;
        self.sink.store(std::mem::take(&mut self.set), &self.counters, &self.stop)
    }

    /// Has positions become durable with what is gathered.
    pub(crate) fn reach(&mut self, positions: Vec<(FeedName, Position)>) {
        for reached in positions {
            self.push(Open::new(self.source, ""), reached);
        }
    }

    fn push(&mut self, open: Open, reached: (FeedName, Position)) {
        self.batches += 1;
        self.set.push(open.batch, open.raw_bytes, reached);
    }

    fn flush_if_full(&mut self) -> Result<(), GatherError> {
        if self.set.bytes() >= SET_BYTES || self.batches >= SET_BATCHES { self.flush() } else { Ok(()) }
    }
}

/// A batch that grows.
struct Open {
    header: String,
    batch: Batch,
    raw_bytes: u64,
}

impl Open {
    fn new(source: &Source, header: &str) -> Self {
        let batch = Batch::new(Origin { source: source.name, header, ..Origin::default() });
        Self { header: header.to_owned(), batch, raw_bytes: 0 }
    }
}

/// Cuts one stream.
pub(crate) struct Cut {
    splitter: Splitter,
    /// Bytes that were pushed, from the stream's beginning.
    pushed: u64,
    /// Up to where all records are in batches.
    done: Place,
    /// Records that are known already.
    skip: u64,
    open: Option<Open>,
}

impl Cut {
    /// From a place on. [`Cut::wants`] says from where bytes are to be pushed.
    pub(crate) fn new(source: &Source, from: Place) -> Self {
        let pushed = if source.stands_alone() { from.offset } else { 0 };
        let done = Place { records: 0, ..from };
        Self { splitter: Splitter::new(source), pushed, done, skip: from.records, open: None }
    }

    /// From a place on in a stream that comes from its beginning again.
    pub(crate) fn again(source: &Source, from: Place) -> Self {
        Self { pushed: 0, ..Self::new(source, from) }
    }

    /// One of several documents of the stream has ended: what is left of it is a record.
    pub(crate) fn end_document(&mut self, to: &mut Gathered, mark: &mut dyn Mark) {
        if self.pushed <= self.done.offset && self.skip == 0 {
            return self.splitter.end(|_| {});
        }
        let mut counts = Counts::default();
        self.give(to, mark, &mut counts, |splitter, give| splitter.end(give));
        to.counters.add_masked(&counts);
        self.rest_here();
    }

    /// Where in the stream the next bytes are to come from.
    pub(crate) fn wants(&self) -> u64 {
        self.pushed
    }

    /// Takes bytes. Blocks while the disk is busy.
    pub(crate) fn push(&mut self, bytes: &[u8], to: &mut Gathered, mark: &mut dyn Mark) -> Result<(), GatherError> {
        // What was read before only tells the header, and where in a document this is.
        let before = usize::try_from(self.done.offset.saturating_sub(self.pushed)).unwrap_or(usize::MAX);
        let (known, bytes) = bytes.split_at(before.min(bytes.len()));
        self.splitter.push(known, |_| {});
        self.pushed += known.len() as u64;
        if bytes.is_empty() {
            return Ok(());
        }
        add(&to.counters.received_bytes, bytes.len() as u64);
        self.pushed += bytes.len() as u64;
        let mut counts = Counts::default();
        self.give(to, mark, &mut counts, |splitter, give| splitter.push(bytes, give));
        to.counters.add_masked(&counts);
        self.rest_here();
        if self.open.as_ref().is_some_and(|open| open.batch.bytes() >= BATCH_BYTES) {
            self.close(to, mark);
        }
        to.flush_if_full()
    }

    /// The stream has ended here, for now: what is left is a record, and the position is that of the end.
    pub(crate) fn end(&mut self, to: &mut Gathered, mark: &mut dyn Mark) -> Result<(), GatherError> {
        self.end_document(to, mark);
        self.pause(to, mark)
    }

    /// Hands over what is whole, with the position after it.
    pub(crate) fn pause(&mut self, to: &mut Gathered, mark: &mut dyn Mark) -> Result<(), GatherError> {
        let source = to.source;
        self.open.get_or_insert_with(|| Open::new(source, ""));
        self.close(to, mark);
        to.flush_if_full()
    }

    /// Whether the stream has given bytes that are no whole record yet.
    pub(crate) fn holds_part(&self) -> bool {
        self.splitter.held() > 0
    }

    /// All records up to here are in batches; what is held is read again by whoever goes on.
    fn rest_here(&mut self) {
        let place = self.pushed - self.splitter.held() as u64;
        // As long as known records are still passed over, the place they are counted from stays.
        if self.skip == 0 && place > self.done.offset {
            self.done = Place { offset: place, records: 0 };
        }
    }

    fn give(
        &mut self,
        to: &mut Gathered,
        mark: &mut dyn Mark,
        counts: &mut Counts,
        cut: impl FnOnce(&mut Splitter, &mut dyn FnMut(Piece<'_>)),
    ) {
        let Self { splitter, done, skip, open, .. } = self;
        let received_ms = to.sink.now_ms();
        cut(splitter, &mut |piece| {
            done.records += 1;
            if *skip > 0 {
                *skip -= 1;
                return;
            }
            let is_other = |open: &mut Open| open.header != piece.header || open.batch.bytes() >= BATCH_BYTES;
            if let Some(open) = open.take_if(|open| is_other(open)) {
                let before = Place { records: done.records - 1, ..*done };
                to.push(open, mark.mark(before));
            }
            let open = open.get_or_insert_with(|| Open::new(to.source, piece.header));
            let raw = to.sink.mask.apply(piece.raw, &mut to.scratch, counts);
            open.batch.push(Record { received_ms, raw });
            open.raw_bytes += raw.len() as u64;
            add(&to.counters.received_records, 1);
        });
    }

    fn close(&mut self, to: &mut Gathered, mark: &mut dyn Mark) {
        if let Some(open) = self.open.take() {
            to.push(open, mark.mark(self.done));
        }
    }
}

/// Records that came whole, one by one, from where nobody can go on.
#[derive(Default)]
pub(crate) struct Whole {
    open: Option<Open>,
    counts: Counts,
}

impl Whole {
    pub(crate) fn push(&mut self, raw: &[u8], to: &mut Gathered) {
        let received_ms = to.sink.now_ms();
        let open = self.open.get_or_insert_with(|| Open::new(to.source, ""));
        let raw = to.sink.mask.apply(raw, &mut to.scratch, &mut self.counts);
        open.batch.push(Record { received_ms, raw });
        open.raw_bytes += raw.len() as u64;
        add(&to.counters.received_records, 1);
    }

    /// Whether there are enough to be made durable.
    pub(crate) fn is_full(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.batch.bytes() >= SET_BYTES)
    }

    pub(crate) fn close(self, to: &mut Gathered) {
        to.counters.add_masked(&self.counts);
        if let Some(open) = self.open {
            to.push(open, (FeedName::new(), Position::new()));
        }
    }
}
