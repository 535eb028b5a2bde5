//! Where batches wait for the thread that writes.

use std::ops::Range;
use std::sync::mpsc::Sender;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::batch::Batch;
use crate::error::Refused;

/// What becomes of a batch: the indexes of its records, or why it was refused.
pub(crate) type Outcome = Result<Range<u64>, Refused>;

/// A batch, and whom to tell.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) batch: Batch,
    /// Which came together: once one is refused, those after it are.
    pub(crate) set: u64,
    pub(crate) told: Sender<Outcome>,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<Waiting>,
    bytes: usize,
    sets: u64,
    closed: bool,
}

/// The queue, bounded by bytes.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    bytes_max: usize,
    /// Something came, or the queue was closed.
    came: Condvar,
    /// There is room again.
    went: Condvar,
}

impl Queue {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { state: Mutex::default(), bytes_max, came: Condvar::new(), went: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics with the queue in hand")
    }

    /// Adds batches, which are taken together; waits while there is no room. What is larger than all room waits until it is alone.
    pub(crate) fn push(&self, set: Vec<(Batch, Sender<Outcome>)>) -> Result<(), Refused> {
        let bytes: usize = set.iter().map(|(batch, _)| batch.bytes()).sum();
        let is_full = |state: &mut State| !state.closed && state.bytes > 0 && state.bytes + bytes > self.bytes_max;
        let mut state = self.went.wait_while(self.state(), is_full).expect("nothing panics with the queue in hand");
        if state.closed {
            return Err(Refused::Closed);
        }
        state.bytes += bytes;
        state.sets += 1;
        let number = state.sets;
        state.waiting.extend(set.into_iter().map(|(batch, told)| Waiting { batch, set: number, told }));
        drop(state);
        self.came.notify_one();
        Ok(())
    }

    /// Takes all that waits: once something came, it waits `pause` for more, or until `enough` bytes are there. None if the queue is
    /// closed and empty.
    pub(crate) fn take(&self, pause: Duration, enough: usize) -> Option<Vec<Waiting>> {
        let is_idle = |state: &mut State| state.waiting.is_empty() && !state.closed;
        let mut state = self.came.wait_while(self.state(), is_idle).expect("nothing panics with the queue in hand");
        let until = Instant::now() + pause;
        while !state.closed && state.bytes < enough {
            let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else { break };
            state = self.came.wait_timeout(state, left).expect("nothing panics with the queue in hand").0;
        }
        state.bytes = 0;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        self.went.notify_all();
        if waiting.is_empty() { None } else { Some(waiting) }
    }

    /// Refuses what comes from now on.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.came.notify_all();
        self.went.notify_all();
    }
}
