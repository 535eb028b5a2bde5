//! What is done to the lake now and then: small files are merged, old ones move and go.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sekisho_lake::{Lake, LakeError, Policy};

use super::Inside;

/// What is done how often.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// Between two merges; never if none.
    pub(super) compact: Option<Duration>,
    /// How long a file stays after its merge.
    pub(super) grace: Duration,
    /// Between two looks for what is old; never if none.
    pub(super) retain: Option<Duration>,
    /// What is old.
    pub(super) policy: Policy,
}

/// The thread.
pub(super) struct Upkeep {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Upkeep {
    pub(super) fn start(plan: Plan, inside: &Arc<Inside>) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let inside = Arc::clone(inside);
        let thread = std::thread::Builder::new().name("lake-upkeep".to_owned());
        let thread = thread.spawn(move || work(plan, &inside, &stopped))?;
        Ok(Self { stop, thread })
    }

    /// Waits until what is under way is done.
    pub(super) fn stop(self) {
        drop(self.stop);
        if self.thread.join().is_err() {
            tracing::error!("the thread of the lake's upkeep has panicked");
        }
    }
}

/// A task and when it is due.
struct Task {
    name: &'static str,
    interval: Duration,
    due: Instant,
    run: fn(&Lake, &Plan) -> Result<(), LakeError>,
}

fn work(plan: Plan, inside: &Inside, stopped: &Receiver<()>) {
    let task = |name, interval: Option<Duration>, run| {
        interval.map(|interval| Task { name, interval, due: Instant::now() + interval, run })
    };
    let tasks = [task("merging files", plan.compact, compact), task("retention", plan.retain, retain)];
    let mut tasks: Vec<Task> = tasks.into_iter().flatten().collect();
    while let Some(next) = tasks.iter_mut().min_by_key(|task| task.due) {
        let wait = next.due.saturating_duration_since(Instant::now());
        if stopped.recv_timeout(wait) != Err(RecvTimeoutError::Timeout) {
            return;
        }
        let failed = (next.run)(&inside.lake, &plan).err();
        let told = failed.map(|error| format!("{:#}", anyhow::Error::from(error)));
        if let Some(error) = &told {
            tracing::error!(task = next.name, error, "upkeep of the lake fails; it is tried again");
        }
        inside.note(next.name, told);
        next.due = Instant::now() + next.interval;
    }
}

fn compact(lake: &Lake, plan: &Plan) -> Result<(), LakeError> {
    let made = match lake.compact(plan.grace) {
        // One of those who share the tables does it: it is this one's turn another time.
        Err(LakeError::Compacting { .. }) => 0,
        made => made?,
    };
    if made > 0 {
        tracing::info!(made, "files of the lake were made of smaller ones");
    }
    Ok(())
}

fn retain(lake: &Lake, plan: &Plan) -> Result<(), LakeError> {
    let retained = lake.retain(plan.policy)?;
    if retained.moved + retained.deleted > 0 {
        let (moved, deleted, records) = (retained.moved, retained.deleted, retained.records);
        tracing::info!(moved, deleted, records, "old files of the lake were moved and deleted");
    }
    Ok(())
}
