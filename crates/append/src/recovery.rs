//! What a start finds: how many records there are, and how far each feed was read.

use std::path::Path;

use sekisho_disk::Disk;

use crate::batch::{Origin, Written};
use crate::error::AppendError;
use crate::frame::{self, Kind};
use crate::reader::Segment;
use crate::segment::{self, Positions};

/// Bytes behind a damaged frame that are searched for later ones: more than ever waits to be made durable.
const SEARCHED_BYTES_MAX: usize = 256 << 20;

/// What the log holds.
#[derive(Debug, Default)]
pub(crate) struct Recovered {
    /// Index of the next record.
    pub(crate) next: u64,
    pub(crate) positions: Positions,
}

/// Reads all segments. Changes nothing: what a crash left at the end of the last one is let be, since the next segment begins before
/// it.
pub(crate) fn recover(disk: &dyn Disk, folder: &Path) -> Result<Recovered, AppendError> {
    let firsts = segment::list(disk, folder)?;
    let mut found: Option<Recovered> = None;
    for (at, &first) in firsts.iter().enumerate() {
        let following = firsts.get(at + 1).copied();
        let path = segment::path(folder, first);
        if let Some(found) = found.as_ref().filter(|found| found.next < first) {
            return Err(AppendError::Missing { path, from: found.next, until: first });
        }
        let mut segment = Segment::new(path);
        let begin = segment.peek(disk)?.filter(|frame| frame.kind == Kind::Begin && frame.index == first);
        let Some(positions) = begin.and_then(|frame| segment::parse_begin(frame.content)) else {
            if following.is_some() || was_durable(disk, &segment, first)? {
                return Err(segment.damaged());
            }
            // A crash came before its first frame was durable: it has nothing, and is made again.
            let fresh = Recovered { next: first, ..Recovered::default() };
            return Ok(found.unwrap_or(fresh));
        };
        segment.skip();
        let mut here = Recovered { next: first, positions };
        here.read(disk, &mut segment, following)?;
        found = Some(here);
    }
    Ok(found.unwrap_or_default())
}

impl Recovered {
    /// Takes in a segment's batches, as far as the following segment does not hold them again.
    fn read(&mut self, disk: &dyn Disk, segment: &mut Segment, following: Option<u64>) -> Result<(), AppendError> {
        loop {
            let expected = self.next;
            if following.is_some_and(|following| expected >= following) {
                return Ok(());
            }
            let batch = segment.peek(disk)?.filter(|frame| frame.kind == Kind::Batch && frame.index == expected);
            let Some(batch) = batch.and_then(|frame| Written::parse(frame.content)) else { break };
            let Origin { feed, position, .. } = batch.origin;
            segment::remember(&mut self.positions, feed.to_vec(), position.to_vec());
            self.next += batch.count;
            segment.skip();
        }
        match following {
            Some(following) if segment.is_at_end() => {
                let path = segment.path().with_file_name(segment::file_name(following));
                Err(AppendError::Missing { path, from: self.next, until: following })
            }
            Some(_) => Err(segment.damaged()),
            None if was_durable(disk, segment, self.next)? => Err(segment.damaged()),
            None => Ok(()),
        }
    }
}

/// Whether a later frame says that what is damaged here was durable.
fn was_durable(disk: &dyn Disk, segment: &Segment, next: u64) -> Result<bool, AppendError> {
    let from = segment.offset();
    let path = segment.path();
    let length = disk.length(path).map_err(|source| AppendError::disk("measure", path, source))?;
    let rest = usize::try_from(length.saturating_sub(from)).unwrap_or(usize::MAX).min(SEARCHED_BYTES_MAX);
    let mut bytes = vec![0; rest];
    let read = disk.read_at(path, from, &mut bytes).map_err(|source| AppendError::disk("read", path, source))?;
    let bytes = &bytes[..read];
    Ok((1..bytes.len()).any(|at| {
        let rest = &bytes[at..];
        let is_near = frame::claimed_index(rest).is_some_and(|index| index >= next && index - next < 1 << 32);
        is_near && frame::read(rest).is_some_and(|frame| frame.durable > from)
    }))
}
