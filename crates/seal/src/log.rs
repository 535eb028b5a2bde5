//! A log that grows: leaves come in, checkpoints go out.
//!
//! Hashes are written before a checkpoint that covers them is signed, and whatever lies beyond the last checkpoint is thrown away
//! when the log is opened: whoever keeps the records brings those leaves again. So a log never signs what it could not show.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sekisho_disk::{Disk, DiskFile, replace};

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::hash::Hash;
use crate::key::SigningKey;
use crate::note::{Note, NoteError};
use crate::tiles::{FILE_HASHES, HASH_BYTES, TILE_HASHES, TileFiles};
use crate::tree::{self, fold};

/// The newest checkpoint.
const CHECKPOINT: &str = "checkpoint";
/// Checkpoints that are kept, by size.
const KEPT: &str = "checkpoints";

/// Levels of a tree of 2^64 leaves.
const LEVELS_MAX: usize = 8;

/// Why a log cannot be opened or go on.
#[derive(Debug, thiserror::Error)]
pub enum SealLogError {
    /// The disk refuses.
    #[error("{action} {}", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// Writing has failed before.
    #[error("writing the log has failed before: open it again")]
    Broken,
    /// The newest checkpoint is not one of this log.
    #[error("{} is not a checkpoint of this log", path.display())]
    Checkpoint {
        /// Its file.
        path: PathBuf,
        /// Why.
        source: CheckpointError,
    },
    /// The stored hashes are not those that were signed.
    #[error("the stored hashes below {} are not those of the checkpoint of {size} records: they were altered or lost", folder.display())]
    Altered {
        /// The log's folder.
        folder: PathBuf,
        /// The checkpoint's size.
        size: u64,
    },
}

/// One level of the tree.
#[derive(Debug, Default)]
struct Level {
    /// Hashes so far.
    count: u64,
    /// Those of the last, unfinished tile.
    unfinished: Vec<Hash>,
    /// Bytes to be written.
    pending: Vec<u8>,
    /// The file that is written to, and its number.
    file: Option<(u64, Box<dyn DiskFile>)>,
}

/// The log.
#[derive(Debug)]
pub struct SealLog {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    files: TileFiles,
    key: SigningKey,
    levels: Vec<Level>,
    newest: Option<Checkpoint>,
    /// Writing has failed: what the files hold is not known.
    is_broken: bool,
}

impl SealLog {
    /// Opens the log in a folder, or begins it. It has as many leaves as its newest checkpoint says.
    ///
    /// # Errors
    ///
    /// If the disk refuses, or what is there is not what this key has signed.
    pub fn open(disk: Arc<dyn Disk>, folder: &Path, key: SigningKey) -> Result<Self, SealLogError> {
        let files = TileFiles::new(Arc::clone(&disk), folder);
        let mut log =
            Self { disk, folder: folder.to_owned(), files, key, levels: Vec::new(), newest: None, is_broken: false };
        log.make_folder(folder)?;
        log.make_folder(&folder.join(KEPT))?;
        log.newest = log.newest_checkpoint()?;
        let (size, signed) = log.newest.as_ref().map_or((0, Hash::of_nothing()), |newest| (newest.size, newest.root));
        for level in 0..LEVELS_MAX {
            let count = size >> (8 * level);
            log.cut(level, count)?;
            if level == 0 || count > 0 {
                log.levels.push(Level { count, ..Level::default() });
            }
        }
        let altered = || SealLogError::Altered { folder: folder.to_owned(), size };
        for (level, state) in log.levels.iter_mut().enumerate() {
            let whole = state.count / TILE_HASHES;
            let width = state.count % TILE_HASHES;
            if width > 0 {
                let level = u32::try_from(level).expect("there are eight levels");
                state.unfinished = log.files.tile(level, whole, width).map_err(|_| altered())?;
            }
        }
        if log.root() == signed { Ok(log) } else { Err(altered()) }
    }

    fn make_folder(&self, folder: &Path) -> Result<(), SealLogError> {
        self.disk.create_folder(folder).map_err(|source| disk_error("make the folder", folder, source))
    }

    fn newest_checkpoint(&self) -> Result<Option<Checkpoint>, SealLogError> {
        let path = self.folder.join(CHECKPOINT);
        let bytes = match self.disk.read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(disk_error("read", &path, source)),
        };
        let note = String::from_utf8(bytes).map_err(|_| NoteError::Form).and_then(|text| Note::from_text(&text));
        let checkpoint = note.map_err(CheckpointError::from);
        let checkpoint = checkpoint.and_then(|note| Checkpoint::verified(&note, &self.key.verifying()));
        checkpoint.map(Some).map_err(|source| SealLogError::Checkpoint { path, source })
    }

    /// Throws away what a level has beyond `count` hashes.
    fn cut(&self, level: usize, count: u64) -> Result<(), SealLogError> {
        let folder = self.files.level_folder(level);
        let names = self.disk.list(&folder).map_err(|source| disk_error("list", &folder, source))?;
        for file in names.iter().filter_map(|name| name.parse::<u64>().ok()) {
            let path = self.files.path(level, file);
            let length = count.saturating_sub(file * FILE_HASHES).min(FILE_HASHES) * HASH_BYTES;
            if length == 0 {
                self.disk.remove(&path).map_err(|source| disk_error("remove", &path, source))?;
            } else if self.disk.length(&path).map_err(|source| disk_error("measure", &path, source))? > length {
                let mut open = self.disk.open(&path).map_err(|source| disk_error("open", &path, source))?;
                open.truncate(length).map_err(|source| disk_error("cut", &path, source))?;
            }
        }
        Ok(())
    }

    /// Number of leaves, with those that no checkpoint covers yet.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.levels[0].count
    }

    /// The newest signed state.
    #[must_use]
    pub fn newest(&self) -> Option<&Checkpoint> {
        self.newest.as_ref()
    }

    /// Where proofs are drawn from. Has what the newest checkpoint covers.
    #[must_use]
    pub fn files(&self) -> &TileFiles {
        &self.files
    }

    /// Adds a leaf. Nothing is written before [`SealLog::checkpoint`].
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for level in 0.. {
            if level == self.levels.len() {
                self.levels.push(Level::default());
            }
            let level = &mut self.levels[level];
            level.count += 1;
            level.pending.extend_from_slice(&hash.0);
            level.unfinished.push(hash);
            if level.unfinished.len() as u64 != TILE_HASHES {
                return;
            }
            hash = fold(&level.unfinished);
            level.unfinished.clear();
        }
    }

    /// The root over all leaves so far.
    #[must_use]
    pub fn root(&self) -> Hash {
        let last = self.levels.iter().rposition(|level| !level.unfinished.is_empty()).unwrap_or(0);
        let mut below = None;
        for level in &self.levels[..=last] {
            let row: Vec<_> = level.unfinished.iter().copied().chain(below.take()).collect();
            below = (!row.is_empty()).then(|| fold(&row));
        }
        below.unwrap_or_else(Hash::of_nothing)
    }

    /// Makes all hashes durable, then signs and stores the state. The leaves' records must be durable before.
    ///
    /// # Errors
    ///
    /// If the disk refuses. The log must then be opened again: what is written is not known.
    pub fn checkpoint(&mut self) -> Result<Note, SealLogError> {
        if std::mem::replace(&mut self.is_broken, true) {
            return Err(SealLogError::Broken);
        }
        for level in 0..self.levels.len() {
            self.write(level)?;
        }
        let origin = self.key.verifying().name().to_owned();
        let checkpoint = Checkpoint { origin, size: self.size(), root: self.root() };
        let note = checkpoint.sign(&self.key);
        self.publish(&note)?;
        self.newest = Some(checkpoint);
        self.is_broken = false;
        Ok(note)
    }

    /// Stores the newest checkpoint again, with what witnesses added.
    ///
    /// # Errors
    ///
    /// If the disk refuses; the one before stands.
    pub fn publish(&self, note: &Note) -> Result<(), SealLogError> {
        self.store(&self.folder.join(CHECKPOINT), note)
    }

    /// Keeps a checkpoint for good, beside the newest.
    ///
    /// # Errors
    ///
    /// If the disk refuses.
    pub fn keep(&self, size: u64, note: &Note) -> Result<(), SealLogError> {
        self.store(&self.folder.join(KEPT).join(format!("{size:020}")), note)
    }

    fn store(&self, path: &Path, note: &Note) -> Result<(), SealLogError> {
        let stored = replace(&*self.disk, path, note.to_text().as_bytes());
        stored.map_err(|source| disk_error("write", path, source))
    }

    fn write(&mut self, level: usize) -> Result<(), SealLogError> {
        let mut pending = std::mem::take(&mut self.levels[level].pending);
        if pending.is_empty() {
            return Ok(());
        }
        let mut at = self.levels[level].count - pending.len() as u64 / HASH_BYTES;
        let mut rest = &pending[..];
        while !rest.is_empty() {
            let number = at / FILE_HASHES;
            let room = usize::try_from((FILE_HASHES - at % FILE_HASHES) * HASH_BYTES).expect("a file has 2 MiB");
            let (now, later) = rest.split_at(room.min(rest.len()));
            let path = self.files.path(level, number);
            let failed = |source| disk_error("write", &path, source);
            let file = self.open_file(level, number)?;
            file.append(now).map_err(failed)?;
            file.sync().map_err(failed)?;
            (at, rest) = (at + now.len() as u64 / HASH_BYTES, later);
        }
        pending.clear();
        self.levels[level].pending = pending;
        Ok(())
    }

    fn open_file(&mut self, level: usize, number: u64) -> Result<&mut Box<dyn DiskFile>, SealLogError> {
        let is_open = self.levels[level].file.as_ref().is_some_and(|(open, _)| *open == number);
        if !is_open {
            let folder = self.files.level_folder(level);
            self.make_folder(&folder)?;
            let path = self.files.path(level, number);
            let file = self.disk.open(&path).map_err(|source| disk_error("open", &path, source))?;
            self.disk.sync_folder(&folder).map_err(|source| disk_error("sync", &folder, source))?;
            self.levels[level].file = Some((number, file));
        }
        Ok(&mut self.levels[level].file.as_mut().expect("opened above").1)
    }

    /// Proof for the leaf at `index`, against the newest checkpoint.
    ///
    /// # Errors
    ///
    /// If the stored hashes cannot be read.
    ///
    /// # Panics
    ///
    /// If the newest checkpoint does not cover it.
    pub fn prove(&self, index: u64) -> io::Result<Vec<Hash>> {
        let size = self.newest.as_ref().map_or(0, |newest| newest.size);
        tree::inclusion_proof(&self.files, index, size)
    }
}

fn disk_error(action: &'static str, path: &Path, source: io::Error) -> SealLogError {
    SealLogError::Disk { action, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use sekisho_disk::simulated::{Plan, SimulatedDisk};

    use super::*;
    use crate::tree::tests::{Levels, leaves};
    use crate::verify_inclusion;

    const FOLDER: &str = "seal";

    fn key() -> SigningKey {
        SigningKey::from_seed("log", 1, [7; 32]).unwrap()
    }

    fn open(disk: &SimulatedDisk) -> Result<SealLog, SealLogError> {
        SealLog::open(Arc::new(disk.clone()), Path::new(FOLDER), key())
    }

    #[test]
    fn roots_and_proofs_are_those_of_the_tree_at_every_size() {
        let disk = SimulatedDisk::new(1, Plan::default());
        let all = leaves(66_100);
        let levels = Levels::over(all.clone());
        let mut log = open(&disk).unwrap();
        assert_eq!(log.root(), Hash::of_nothing());
        for (at, leaf) in all.iter().enumerate() {
            log.push(*leaf);
            let size = at as u64 + 1;
            if at < 600 || at % 997 == 0 || size % 65_536 < 2 {
                assert_eq!(log.root(), tree::root(&levels, size).unwrap(), "{size}");
            }
            if size.is_multiple_of(13_000) {
                log.checkpoint().unwrap();
                log = open(&disk).unwrap();
                assert_eq!(log.size(), size);
            }
        }
        let note = log.checkpoint().unwrap();
        let checkpoint = Checkpoint::verified(&note, &key().verifying()).unwrap();
        for index in [0, 255, 256, 65_535, 65_536, 66_099] {
            let proof = log.prove(index).unwrap();
            let leaf = all[usize::try_from(index).unwrap()];
            assert_eq!(verify_inclusion(leaf, index, checkpoint.size, &proof, checkpoint.root), Ok(()));
        }
    }

    #[test]
    fn after_a_crash_anywhere_the_log_is_as_of_a_checkpoint_and_goes_on() {
        let all = leaves(2_000);
        let mut crashes = 0;
        for seed in 0..150 {
            let disk = SimulatedDisk::new(seed, Plan { crash_at: Some(3 + seed), ..Plan::default() });
            let mut signed = 0;
            let run = |disk: &SimulatedDisk, signed: &mut u64| -> Result<(), SealLogError> {
                let mut log = open(disk)?;
                assert!(log.size() >= *signed, "seed {seed}: a signed state is gone");
                while log.size() < 2_000 {
                    let size = usize::try_from(log.size()).unwrap();
                    all[size..2_000.min(size + 170)].iter().for_each(|leaf| log.push(*leaf));
                    log.checkpoint()?;
                    *signed = log.size();
                }
                Ok(())
            };
            crashes += u32::from(run(&disk, &mut signed).is_err());
            let after = disk.crash(Plan::default());
            run(&after, &mut signed)
                .unwrap_or_else(|error| panic!("seed {seed}: {error}: {:?}", std::error::Error::source(&error)));
            let levels = Levels::over(all.clone());
            assert_eq!(
                open(&after).unwrap_or_else(|error| panic!("seed {seed}: {error}")).root(),
                tree::root(&levels, 2_000).unwrap()
            );
        }
        assert!(crashes > 100, "{crashes}");
    }

    #[test]
    fn a_log_that_failed_to_write_signs_nothing_until_it_is_opened_again() {
        let disk = SimulatedDisk::new(1, Plan { failing_syncs: vec![1], ..Plan::default() });
        let mut log = open(&disk).unwrap();
        leaves(3).into_iter().for_each(|leaf| log.push(leaf));
        assert!(matches!(log.checkpoint(), Err(SealLogError::Disk { .. })));
        assert!(matches!(log.checkpoint(), Err(SealLogError::Broken)));
        let mut log = open(&disk).unwrap();
        assert_eq!(log.size(), 0);
        leaves(3).into_iter().for_each(|leaf| log.push(leaf));
        log.checkpoint().unwrap();
        assert_eq!(open(&disk).unwrap().size(), 3);
    }

    #[test]
    fn altered_hashes_and_checkpoints_are_noticed() {
        let disk = SimulatedDisk::new(1, Plan::default());
        let mut log = open(&disk).unwrap();
        leaves(1_000).into_iter().for_each(|leaf| log.push(leaf));
        log.checkpoint().unwrap();
        disk.tamper(&Path::new(FOLDER).join("hashes/1/0000000000"), |bytes| bytes[5] ^= 1);
        assert!(matches!(open(&disk), Err(SealLogError::Altered { size: 1_000, .. })));
        disk.tamper(&Path::new(FOLDER).join("checkpoint"), |bytes| bytes[5] ^= 1);
        assert!(matches!(open(&disk), Err(SealLogError::Checkpoint { .. })));
    }
}
