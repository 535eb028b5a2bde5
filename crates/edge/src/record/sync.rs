//! Makes written records durable on a thread of its own, so that a slow disk does not keep later records from being
//! written at all: what is written survives the end of the process, what is synced survives the end of power.

use std::fs::File;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use crate::metrics::RecordMetrics;

#[derive(Debug, Default)]
struct State {
    /// Files written to since they were last synced; more than one right after a rotation.
    files: Vec<Arc<File>>,
    asked: u64,
    done: u64,
    /// Whether the last sync succeeded.
    ok: bool,
    close: bool,
    gone: bool,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The syncing thread. Dropping it ends the thread after what was asked for is done.
#[derive(Debug)]
pub(super) struct Syncer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Syncer {
    pub(super) fn start(metrics: RecordMetrics) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("record-sync".to_owned()).spawn(move || {
            // Also when it panics: nobody may wait for a thread that is gone.
            let leaving = Leaving(&theirs);
            leaving.0.work(&metrics);
        })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Asks for what is in the file by now to be made durable. Returns at once.
    pub(super) fn ask(&self, file: &Arc<File>) {
        let mut state = self.shared.lock();
        state.asked += 1;
        if !state.files.iter().any(|known| Arc::ptr_eq(known, file)) {
            state.files.push(Arc::clone(file));
        }
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Waits until all that was asked for is done; whether it succeeded.
    pub(super) fn wait(&self) -> bool {
        let state = self.shared.lock();
        let wanted = state.asked;
        let busy = |state: &mut State| state.done < wanted && !state.gone;
        let state = self.shared.changed.wait_while(state, busy).unwrap_or_else(PoisonError::into_inner);
        wanted == 0 || (state.done >= wanted && state.ok)
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.shared.lock().close = true;
        self.shared.changed.notify_all();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that makes records durable has panicked");
        }
    }
}

struct Leaving<'a>(&'a Shared);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.lock().gone = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn work(&self, metrics: &RecordMetrics) {
        let mut failing = false;
        loop {
            let idle = |state: &mut State| state.asked == state.done && !state.close;
            let mut state = self.changed.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
            if state.asked == state.done {
                return;
            }
            let asked = state.asked;
            let files = std::mem::take(&mut state.files);
            drop(state);
            let began = Instant::now();
            let result: io::Result<()> = files.iter().try_for_each(|file| file.sync_data());
            metrics.sync_seconds.observe(began.elapsed());
            if let Err(error) = &result {
                metrics.write_errors.inc();
                if !failing {
                    tracing::error!(%error, "failed to make records durable");
                }
            }
            failing = result.is_err();
            let mut state = self.lock();
            state.done = asked;
            state.ok = result.is_ok();
            drop(state);
            self.changed.notify_all();
        }
    }
}
