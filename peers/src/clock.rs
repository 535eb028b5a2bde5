//! CPU time of this thread: what else the machine does is not counted.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What `work` takes.
pub fn cpu_of<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let before = now();
    let done = work();
    (now().saturating_sub(before), done)
}

fn now() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}
