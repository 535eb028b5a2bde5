//! Segments: their names, and their first frame.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::batch::{Feed, Position};
use crate::error::AppendError;
use crate::frame::{self, Kind};
use crate::varint::{read_bytes, write_bytes};

use sekisho_disk::Disk;

/// What the first frame of every segment begins with.
const MAGIC: &[u8] = b"sekisho append 1\n";
/// What the names of segments end with.
const SUFFIX: &str = ".segment";

/// The positions of all feeds.
pub(crate) type Positions = BTreeMap<Feed, Position>;

/// Bytes that positions may have, as they are written at the beginning of every segment.
pub(crate) const POSITIONS_BYTES_MAX: usize = 16 << 20;

/// Bytes that lengths may add to a feed and its position.
const LENGTHS_BYTES_MAX: usize = 20;

/// Bytes that a feed and its position take, at the most.
pub(crate) fn position_bytes(feed: &[u8], position: &[u8]) -> usize {
    feed.len() + position.len() + LENGTHS_BYTES_MAX
}

/// Keeps the position of a feed. An empty position forgets the feed; an empty feed has none.
pub(crate) fn remember(positions: &mut Positions, feed: Feed, position: Position) {
    if position.is_empty() {
        positions.remove(&feed);
    } else if !feed.is_empty() {
        positions.insert(feed, position);
    }
}

/// The file of the segment whose first record has this index.
pub(crate) fn path(folder: &Path, first: u64) -> PathBuf {
    folder.join(file_name(first))
}

/// Its name without the folder.
pub(crate) fn file_name(first: u64) -> String {
    format!("{first:020}{SUFFIX}")
}

/// The first records of all segments, in order.
pub(crate) fn list(disk: &dyn Disk, folder: &Path) -> Result<Vec<u64>, AppendError> {
    let names = disk.list(folder).map_err(|source| AppendError::disk("list", folder, source))?;
    let mut firsts: Vec<u64> =
        names.iter().filter_map(|name| name.strip_suffix(SUFFIX)).filter_map(|name| name.parse().ok()).collect();
    firsts.sort_unstable();
    Ok(firsts)
}

/// Writes the first frame.
pub(crate) fn write_begin(first: u64, positions: &Positions, bytes: &mut Vec<u8>) {
    let content = |bytes: &mut Vec<u8>| {
        bytes.extend_from_slice(MAGIC);
        for (feed, position) in positions {
            write_bytes(feed, bytes);
            write_bytes(position, bytes);
        }
    };
    frame::write(Kind::Begin, first, 0, content, bytes);
}

/// Reads the content of a first frame.
pub(crate) fn parse_begin(content: &[u8]) -> Option<Positions> {
    let mut rest = content.strip_prefix(MAGIC)?;
    let mut positions = Positions::new();
    while !rest.is_empty() {
        let feed = read_bytes(&mut rest)?.to_vec();
        positions.insert(feed, read_bytes(&mut rest)?.to_vec());
    }
    Some(positions)
}
