//! The stored hashes, held against what was signed.

use std::collections::HashSet;
use std::ops::Range;

use sekisho_seal::{Hash, Hashes as _, TILE_HASHES, TileFiles, fold};

use super::report::{Problem, Report};

/// Hashes read at once: a file of them.
const CHUNK: u64 = 65_536;
/// Levels of a tree of 2^64 leaves.
const LEVELS_MAX: u32 = 8;

/// What is known of the leaves of a log.
#[derive(Debug)]
pub(crate) struct Leaves {
    files: TileFiles,
    size: u64,
    /// Tiles of level 0 whose hashes are not those that were signed.
    bad: HashSet<u64>,
    /// What was read last.
    chunk: (u64, Vec<Hash>),
}

/// Hashes of the level above, from whole tiles of one.
fn above(files: &TileFiles, level: u32, count: u64) -> std::io::Result<(Vec<Hash>, Vec<Hash>)> {
    let (mut folded, mut rest, mut at) = (Vec::new(), Vec::new(), 0);
    while at < count {
        let end = count.min(at + CHUNK);
        let hashes = files.read(level, at..end)?;
        let tiles = hashes.chunks_exact(usize::try_from(TILE_HASHES).expect("256 fits"));
        rest = tiles.remainder().to_vec();
        folded.extend(tiles.map(fold));
        at = end;
    }
    Ok((folded, rest))
}

impl Leaves {
    /// Reads all hashes below a signed state and names those that do not lead to it.
    pub(crate) fn check(files: TileFiles, size: u64, root: Hash, report: &mut Report) -> Self {
        let mut leaves = Self { files, size, bad: HashSet::new(), chunk: (u64::MAX, Vec::new()) };
        // From the leaves up: what is made of each level is held against what is stored of the one above.
        let (mut rests, mut made): (Vec<Vec<Hash>>, Option<Vec<Hash>>) = (Vec::new(), None);
        for level in 0..LEVELS_MAX {
            let count = size >> (8 * level);
            if count == 0 {
                break;
            }
            let stored = above(&leaves.files, level, count);
            let hashes = leaves.files.read(level, 0..if level == 0 { 0 } else { count });
            let (folded, rest) = match (stored, hashes) {
                (Ok(stored), Ok(hashes)) => {
                    leaves.compare(level, &hashes, made.as_deref(), report);
                    stored
                }
                (Err(error), _) | (_, Err(error)) => {
                    report.add(Problem::Hashes { level, range: 0..count, why: error.to_string() });
                    return leaves;
                }
            };
            rests.push(rest);
            made = Some(folded);
        }
        let found = rests.iter().fold(None, |below: Option<Hash>, rest| {
            let row: Vec<_> = rest.iter().copied().chain(below).collect();
            (!row.is_empty()).then(|| fold(&row))
        });
        if found.unwrap_or_else(Hash::of_nothing) != root {
            let why = "they do not lead to the signed root".to_owned();
            report.add(Problem::Hashes { level: 0, range: 0..size, why });
        }
        leaves
    }

    fn compare(&mut self, level: u32, stored: &[Hash], made: Option<&[Hash]>, report: &mut Report) {
        let Some(made) = made else { return };
        for (tile, (stored, made)) in (0_u64..).zip(stored.iter().zip(made)) {
            if stored != made {
                let range = tile * TILE_HASHES..(tile + 1) * TILE_HASHES;
                let why = format!("they do not make hash {tile} of level {level}");
                report.add(Problem::Hashes { level: level - 1, range, why });
                if level == 1 {
                    self.bad.insert(tile);
                }
            }
        }
    }

    /// Whether a record's leaf can be told from stored hashes: its tile is as it was signed.
    pub(crate) fn is_known(&self, index: u64) -> bool {
        index < self.size && !self.bad.contains(&(index / TILE_HASHES))
    }

    /// The leaf that was sealed, if it can be read.
    pub(crate) fn leaf(&mut self, index: u64) -> Option<Hash> {
        if index >= self.size {
            return None;
        }
        let chunk = index / CHUNK;
        if self.chunk.0 != chunk {
            let range: Range<u64> = chunk * CHUNK..self.size.min((chunk + 1) * CHUNK);
            self.chunk = (chunk, self.files.read(0, range).unwrap_or_default());
        }
        self.chunk.1.get(usize::try_from(index % CHUNK).expect("a chunk fits")).copied()
    }
}
