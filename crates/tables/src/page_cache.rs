//! Reads of what the operating system has in memory already.
//!
//! A question asks for a few KB of hundreds of files. Each read that is handed to a thread which may wait for the disk
//! costs more than the read itself, and mostly nobody has to wait: the pages are in memory. So a read is first tried
//! where it is wanted, on the condition that it does not wait (Linux's `RESOLVE_CACHED` and `RWF_NOWAIT`).

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;

use bytes::Bytes;

/// Bytes that are read at once, all ranges together: copying more takes long enough (some 100 µs) to let others run.
const BYTES_MAX: u64 = 1 << 20;

/// A file, if its name, too, is in memory.
#[cfg(target_os = "linux")]
pub(crate) fn open(path: &Path) -> Option<File> {
    use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};
    openat2(CWD, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty(), ResolveFlags::CACHED).ok().map(File::from)
}

/// Reads as much as can be read without waiting.
#[cfg(target_os = "linux")]
fn read_at(file: &File, into: &mut [u8], offset: u64) -> io::Result<usize> {
    use rustix::io::{ReadWriteFlags, preadv2};
    Ok(preadv2(file, &mut [io::IoSliceMut::new(into)], offset, ReadWriteFlags::NOWAIT)?)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn open(_: &Path) -> Option<File> {
    None
}

#[cfg(not(target_os = "linux"))]
fn read_at(_: &File, _: &mut [u8], _: u64) -> io::Result<usize> {
    Err(io::ErrorKind::WouldBlock.into())
}

/// Parts of a file. None: some of it is not in memory, or not in the file, or it is more than is read at once.
pub(crate) fn read(file: &File, ranges: &[Range<u64>]) -> Option<Vec<Bytes>> {
    let bytes = ranges.iter().try_fold(0_u64, |sum, range| sum.checked_add(range.end.checked_sub(range.start)?))?;
    if bytes > BYTES_MAX {
        return None;
    }
    let read = |range: &Range<u64>| {
        let mut buffer = vec![0; usize::try_from(range.end - range.start).ok()?];
        (read_at(file, &mut buffer, range.start).ok()? == buffer.len()).then(|| Bytes::from(buffer))
    };
    ranges.iter().map(read).collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::single_range_in_vec_init, reason = "one range is meant")]
    fn what_was_just_written_is_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, vec![b'a'; 2 << 20]).unwrap();
        let Some(file) = open(&path) else {
            // A kernel before 5.12, or one that is told to refuse the call: then nothing is read here.
            return;
        };
        assert!(open(&folder.path().join("another")).is_none());
        let parts = read(&file, &[0..3, 10..10, 100..(1 << 20)]);
        // Where the file system cannot say what is in memory, nothing is read here either.
        let lengths: Option<Vec<_>> = parts.map(|parts| parts.iter().map(Bytes::len).collect());
        assert!(lengths.is_none_or(|lengths| lengths == [3, 0, (1 << 20) - 100]));
        assert!(read(&file, &[0..1, 0..(1 << 20)]).is_none(), "more than is read at once");
        assert!(read(&file, &[(2 << 20) - 1..(2 << 20) + 1]).is_none(), "more than there is");
        let backwards = Range { start: 5, end: 4 };
        assert!(read(&file, &[backwards]).is_none() && read(&file, &[u64::MAX - 2..u64::MAX]).is_none());
    }
}
