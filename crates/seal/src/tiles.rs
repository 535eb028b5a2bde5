//! Where the tree's hashes are kept: files of neighbours, level by level.
//!
//! `hashes/<level>/<number>` holds 65,536 hashes of 32 bytes, the last file of a level fewer. A tile of C2SP tlog-tiles is a piece of
//! one file.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sekisho_disk::Disk;

use crate::hash::Hash;
use crate::tree::Hashes;

/// Hashes of a tile.
pub const TILE_HASHES: u64 = 256;
/// Hashes of a file: 2 MiB.
pub(crate) const FILE_HASHES: u64 = 65_536;
/// Bytes of a hash.
pub(crate) const HASH_BYTES: u64 = 32;

/// The files.
#[derive(Debug, Clone)]
pub struct TileFiles {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
}

impl TileFiles {
    /// The files in the folder of a log.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>, folder: &Path) -> Self {
        Self { disk, folder: folder.join("hashes") }
    }

    pub(crate) fn level_folder(&self, level: usize) -> PathBuf {
        self.folder.join(level.to_string())
    }

    pub(crate) fn path(&self, level: usize, file: u64) -> PathBuf {
        self.level_folder(level).join(format!("{file:010}"))
    }

    /// A tile: up to 256 hashes, each of 32 bytes. `tile` counts from 0 within its level.
    ///
    /// # Errors
    ///
    /// If fewer than `width` are there, or they cannot be read.
    pub fn tile(&self, level: u32, tile: u64, width: u64) -> io::Result<Vec<Hash>> {
        let start = tile.checked_mul(TILE_HASHES).ok_or(io::ErrorKind::InvalidInput)?;
        self.read(level, start..start + width.min(TILE_HASHES))
    }
}

impl Hashes for TileFiles {
    type Error = io::Error;

    fn read(&self, level: u32, range: Range<u64>) -> io::Result<Vec<Hash>> {
        let mut hashes = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let (file, within) = (at / FILE_HASHES, at % FILE_HASHES);
            let count = (range.end - at).min(FILE_HASHES - within);
            let mut bytes = vec![0; usize::try_from(count * HASH_BYTES).map_err(|_| io::ErrorKind::InvalidInput)?];
            let path = self.path(level as usize, file);
            let read = self.disk.read_at(&path, within * HASH_BYTES, &mut bytes)?;
            if read < bytes.len() {
                let message = format!("{} ends before hash {}", path.display(), at + count - 1);
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
            }
            hashes.extend(bytes.as_chunks::<32>().0.iter().map(|bytes| Hash(*bytes)));
            at += count;
        }
        Ok(hashes)
    }
}
