//! A disk in memory that fails as disks do.
//!
//! It keeps apart what was written from what is durable. [`SimulatedDisk::crash`] cuts the power: what is left is what was
//! durable, any part of the rest, and zeros where a failed sync had forgotten pages. Which part is drawn from a seed, so that a
//! run can be repeated.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::{Disk, DiskFile};

/// What is to go wrong, counted in operations of the whole disk from 1 on.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The power fails at this operation: it and all later ones are refused.
    pub crash_at: Option<u64>,
    /// Syncs of files that fail, counted among themselves; what was written before them may be lost.
    pub failing_syncs: Vec<u64>,
    /// Bytes that fit on the disk; what is beyond is refused, a part of it written.
    pub bytes_max: Option<u64>,
}

/// The disk. Clones are the same disk.
#[derive(Debug, Clone)]
pub struct SimulatedDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    plan: Plan,
    random: u64,
    operations: u64,
    syncs: u64,
    crashed: bool,
    /// Contents by a number that stays when names change.
    files: Vec<Contents>,
    names: BTreeMap<PathBuf, usize>,
    /// Names as they would be after a crash, unless the changes since happened to reach the disk.
    durable_names: BTreeMap<PathBuf, usize>,
}

#[derive(Debug, Clone, Default)]
struct Contents {
    bytes: Vec<u8>,
    /// So many bytes the disk believes to be durable.
    durable: usize,
    /// Written, not synced, and believed to be clean: gone after a crash.
    forgotten: Vec<Range<usize>>,
}

impl SimulatedDisk {
    /// An empty disk. `seed` decides what a crash leaves.
    #[must_use]
    pub fn new(seed: u64, plan: Plan) -> Self {
        Self { state: Arc::new(Mutex::new(State { plan, random: seed, ..State::default() })) }
    }

    /// Operations so far.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Replaces what is to go wrong. Counting goes on.
    pub fn set_plan(&self, plan: Plan) {
        self.state().plan = plan;
    }

    /// Whether the power has failed.
    #[must_use]
    pub fn is_crashed(&self) -> bool {
        self.state().crashed
    }

    /// Cuts the power, and gives what the next start finds.
    #[must_use]
    pub fn crash(&self, plan: Plan) -> Self {
        let mut state = self.state();
        state.crashed = true;
        let mut names = state.durable_names.clone();
        let (now, before) = (state.names.clone(), state.durable_names.clone());
        for path in now.keys().chain(before.keys()) {
            // Each change of a name reached the disk or did not.
            if now.get(path) != before.get(path) && state.chance(2) {
                match now.get(path) {
                    Some(file) => names.insert(path.clone(), *file),
                    None => names.remove(path),
                };
            }
        }
        let mut files = state.files.clone();
        for contents in &mut files {
            let unsafe_bytes = contents.bytes.len() - contents.durable.min(contents.bytes.len());
            let kept = if state.chance(3) { unsafe_bytes } else { state.below(unsafe_bytes + 1) };
            let durable = contents.durable.min(contents.bytes.len());
            contents.bytes.truncate(durable + kept);
            if kept > 0 && state.chance(4) {
                // Lengths and contents reach the disk apart from one another.
                let from = durable + state.below(kept);
                contents.bytes[from..].fill(0);
            }
            for range in std::mem::take(&mut contents.forgotten) {
                let end = range.end.min(contents.bytes.len());
                if range.start < end {
                    contents.bytes[range.start..end].fill(0);
                }
            }
            contents.durable = contents.bytes.len();
        }
        let random = state.next();
        let after = State { plan, random, files, durable_names: names.clone(), names, ..State::default() };
        Self { state: Arc::new(Mutex::new(after)) }
    }

    /// All files.
    #[must_use]
    pub fn paths(&self) -> Vec<PathBuf> {
        self.state().names.keys().cloned().collect()
    }

    /// Changes a file behind everyone's back.
    ///
    /// # Panics
    ///
    /// If it is not there.
    pub fn tamper(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.state();
        let file = state.names[path];
        let contents = &mut state.files[file];
        change(&mut contents.bytes);
        contents.durable = contents.bytes.len();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no operation panics")
    }

    fn begin(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        state.operations += 1;
        if state.plan.crash_at.is_some_and(|at| state.operations >= at) {
            state.crashed = true;
        }
        if state.crashed { Err(io::Error::other("the power has failed")) } else { Ok(state) }
    }
}

impl State {
    /// SplitMix64. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
    fn next(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("below a usize")
    }

    /// True once in `times`.
    fn chance(&mut self, times: u64) -> bool {
        self.next().is_multiple_of(times)
    }

    fn file(&self, path: &Path) -> io::Result<usize> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn used(&self) -> u64 {
        self.names.values().map(|file| self.files[*file].bytes.len() as u64).sum()
    }
}

impl Disk for SimulatedDisk {
    fn create_folder(&self, _: &Path) -> io::Result<()> {
        self.begin().map(drop)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let state = self.begin()?;
        let mut names = Vec::new();
        for path in state.names.keys() {
            let Ok(below) = path.strip_prefix(folder) else { continue };
            let first = below.components().next().and_then(|part| part.as_os_str().to_str());
            names.extend(first.map(str::to_owned));
        }
        names.dedup();
        Ok(names)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.begin()?;
        let file = match state.names.get(path) {
            Some(file) => *file,
            None => {
                state.files.push(Contents::default());
                let file = state.files.len() - 1;
                state.names.insert(path.to_owned(), file);
                file
            }
        };
        Ok(Box::new(SimulatedFile { disk: self.clone(), file }))
    }

    fn read_at(&self, path: &Path, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        let state = self.begin()?;
        let contents = &state.files[state.file(path)?].bytes;
        let offset = usize::try_from(offset).unwrap_or(usize::MAX).min(contents.len());
        let read = bytes.len().min(contents.len() - offset);
        bytes[..read].copy_from_slice(&contents[offset..offset + read]);
        Ok(read)
    }

    fn length(&self, path: &Path) -> io::Result<u64> {
        let state = self.begin()?;
        Ok(state.files[state.file(path)?].bytes.len() as u64)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.begin()?;
        let file = state.file(from)?;
        state.names.remove(from);
        state.names.insert(to.to_owned(), file);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.begin()?;
        state.file(path)?;
        state.names.remove(path);
        Ok(())
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.begin()?;
        let is_inside = |path: &Path| path.parent() == Some(folder);
        let mut names: BTreeMap<_, _> =
            state.durable_names.iter().filter(|(path, _)| !is_inside(path)).map(|(p, f)| (p.clone(), *f)).collect();
        names.extend(state.names.iter().filter(|(path, _)| is_inside(path)).map(|(p, f)| (p.clone(), *f)));
        state.durable_names = names;
        Ok(())
    }
}

#[derive(Debug)]
struct SimulatedFile {
    disk: SimulatedDisk,
    file: usize,
}

fn sync(disk: &SimulatedDisk, file: usize) -> io::Result<()> {
    let mut state = disk.begin()?;
    state.syncs += 1;
    let fails = state.plan.failing_syncs.contains(&state.syncs);
    let contents = &mut state.files[file];
    let written = contents.durable.min(contents.bytes.len())..contents.bytes.len();
    contents.durable = contents.bytes.len();
    if fails {
        contents.forgotten.push(written);
        return Err(io::Error::other("the disk failed to sync"));
    }
    Ok(())
}

impl DiskFile for SimulatedFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.begin()?;
        let room = state.plan.bytes_max.map_or(u64::MAX, |max| max.saturating_sub(state.used()));
        let fits = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
        state.files[self.file].bytes.extend_from_slice(&bytes[..fits]);
        if fits < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn length(&self) -> io::Result<u64> {
        let state = self.disk.begin()?;
        Ok(state.files[self.file].bytes.len() as u64)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let mut state = self.disk.begin()?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let contents = &mut state.files[self.file];
        contents.bytes.resize(length.max(contents.bytes.len()).min(length), 0);
        contents.durable = contents.durable.min(length);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        sync(&self.disk, self.file)
    }

    fn syncer(&self) -> io::Result<Box<dyn FnMut() -> io::Result<()> + Send>> {
        let (disk, file) = (self.disk.clone(), self.file);
        Ok(Box::new(move || sync(&disk, file)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replace;

    fn written(disk: &SimulatedDisk) -> (Vec<u8>, Vec<u8>) {
        let mut file = disk.open(Path::new("f/a")).unwrap();
        disk.sync_folder(Path::new("f")).unwrap();
        file.append(b"durable").unwrap();
        file.sync().unwrap();
        file.append(b" and not").unwrap();
        (b"durable".to_vec(), b"durable and not".to_vec())
    }

    #[test]
    fn a_crash_keeps_what_was_synced_and_any_part_of_the_rest() {
        let mut lengths = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let disk = SimulatedDisk::new(seed, Plan::default());
            let (durable, all) = written(&disk);
            let after = disk.crash(Plan::default()).read(Path::new("f/a")).unwrap();
            assert!(after.starts_with(&durable) && after.len() <= all.len());
            let kept = after.iter().zip(&all).filter(|(a, b)| a == b).count();
            lengths.insert(kept);
        }
        assert!(lengths.contains(&7) && lengths.contains(&15) && lengths.len() > 4, "{lengths:?}");
    }

    #[test]
    fn a_failed_sync_forgets_even_if_the_next_succeeds() {
        let disk = SimulatedDisk::new(1, Plan { failing_syncs: vec![2], ..Plan::default() });
        written(&disk);
        let mut file = disk.open(Path::new("f/a")).unwrap();
        assert!(file.sync().is_err());
        file.append(b"!").unwrap();
        file.sync().unwrap();
        assert_eq!(disk.read(Path::new("f/a")).unwrap(), b"durable and not!");
        assert_eq!(disk.crash(Plan::default()).read(Path::new("f/a")).unwrap(), b"durable\0\0\0\0\0\0\0\0!");
    }

    #[test]
    fn a_full_disk_takes_a_part() {
        let disk = SimulatedDisk::new(1, Plan { bytes_max: Some(10), ..Plan::default() });
        let mut file = disk.open(Path::new("a")).unwrap();
        assert_eq!(file.append(b"twelve bytes").unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(file.length().unwrap(), 10);
        file.truncate(0).unwrap();
        file.append(b"ten bytes.").unwrap();
    }

    #[test]
    fn replacing_is_all_or_nothing_wherever_the_power_fails() {
        let path = Path::new("f/a");
        for at in 1..12 {
            for seed in 0..20 {
                let disk = SimulatedDisk::new(seed, Plan::default());
                replace(&disk, path, b"old").unwrap();
                disk.set_plan(Plan { crash_at: Some(disk.operations() + at), ..Plan::default() });
                let done = replace(&disk, path, b"new").is_ok();
                let after = disk.crash(Plan::default()).read(path).unwrap();
                assert!(after == b"new" || after == b"old" && !done, "{after:?}");
            }
        }
    }
}
