//! Entries on their way from workers to the thread that writes them.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::plan::Destination;

/// Bytes of entries that wait for the disk, of all workers together: some thousand usual ones. A disk that stalls for longer
/// costs entries, not memory.
pub(super) const QUEUE_BYTES_MAX: usize = 16 << 20;
/// Entries that come within this time after one that found nothing to do before it are written with it: waking the thread for each
/// costs the workers more than composing them.
const GATHERED: Duration = Duration::from_millis(5);

/// Something for the writer to do.
#[derive(Debug)]
pub(super) enum Job {
    /// Write an entry.
    Write(Entry),
    /// Open this anew, as from now on entries go there.
    Open(Arc<Destination>),
    /// Let go of all files: they may have been renamed.
    Reopen,
}

/// An entry, composed.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) destination: Arc<Destination>,
    /// All of it.
    pub(super) text: Vec<u8>,
    /// Where it goes if it gets a file of its own.
    pub(super) own: Option<Own>,
}

/// What it takes to give an entry a file of its own.
#[derive(Debug)]
pub(super) struct Own {
    /// Folders and name, below that of all entries.
    pub(super) path: String,
    /// Its line in the index up to the name of the file.
    pub(super) index: Vec<u8>,
}

#[derive(Debug, Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    bytes: usize,
    closed: bool,
}

/// Entries on their way.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    bell: Condvar,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Only whole jobs are moved under the lock.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves a job; false if there is no room, or nobody to do it.
    pub(super) fn push(&self, job: Job) -> bool {
        let bytes = job.bytes();
        let mut waiting = self.lock();
        if waiting.closed || (waiting.bytes > 0 && waiting.bytes + bytes > QUEUE_BYTES_MAX) {
            return false;
        }
        waiting.bytes += bytes;
        let is_first = waiting.jobs.is_empty();
        waiting.jobs.push_back(job);
        drop(waiting);
        if is_first {
            self.bell.notify_one();
        }
        true
    }

    /// The next job; none once the queue is closed and empty.
    pub(super) fn next(&self) -> Option<Job> {
        let waits = |waiting: &mut Waiting| waiting.jobs.is_empty() && !waiting.closed;
        let mut waiting = self.lock();
        if waits(&mut waiting) {
            waiting = self.bell.wait_while(waiting, waits).unwrap_or_else(PoisonError::into_inner);
            let gathered = self.bell.wait_timeout_while(waiting, GATHERED, |waiting| !waiting.closed);
            (waiting, _) = gathered.unwrap_or_else(PoisonError::into_inner);
        }
        let job = waiting.jobs.pop_front()?;
        waiting.bytes -= job.bytes();
        Some(job)
    }

    /// Takes no more jobs.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.bell.notify_all();
    }
}

impl Job {
    fn bytes(&self) -> usize {
        match self {
            Self::Write(entry) => entry.text.len() + entry.own.as_ref().map_or(0, |own| own.index.len()),
            Self::Open(_) | Self::Reopen => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(bytes: usize) -> Job {
        let destination = Arc::new(Destination { log: None, folder: None, file_mode: 0o640, folder_mode: 0o750 });
        Job::Write(Entry { destination, text: vec![b'x'; bytes], own: None })
    }

    #[test]
    fn what_waits_is_bounded_and_nothing_comes_after_the_end() {
        let queue = Queue::default();
        assert!(queue.push(entry(QUEUE_BYTES_MAX - 10)) && queue.push(entry(10)) && !queue.push(entry(1)));
        assert!(queue.next().is_some() && queue.push(entry(1)));
        queue.close();
        assert!(!queue.push(entry(1)));
        assert!(queue.next().is_some() && queue.next().is_some() && queue.next().is_none());
        // One that is larger than all room passes alone.
        assert!(Queue::default().push(entry(QUEUE_BYTES_MAX + 1)));
    }
}
