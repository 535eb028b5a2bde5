//! How long the gate goes on waiting: one timer a connection, armed when it first waits and moved as seldom as possible.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::limits::Timeouts;
use super::malformed::Malformed;

/// One timer. It may be set earlier than needed: it then fires, finds nothing due, and is set again. A busy connection so
/// touches the timer once in an idle time-out, not once a request.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    /// Ready once `deadline` has passed.
    pub(super) fn poll_until(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        while sleep.as_mut().poll(cx).is_ready() {
            if sleep.deadline() >= deadline || Instant::now() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}

/// The time spent waiting for one body.
///
/// Only time in which the gate was asked for bytes and the client had sent none counts.
#[derive(Debug, Default)]
pub(super) struct BodyClock {
    bytes: u64,
    waited: Duration,
    waiting_since: Option<Instant>,
}

impl BodyClock {
    /// Counts bytes of the body that arrived.
    pub(super) fn arrived(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes as u64);
    }

    /// Notes that the client has sent something.
    pub(super) fn stop_waiting(&mut self) {
        if let Some(since) = self.waiting_since.take() {
            self.waited = self.waited.saturating_add(since.elapsed());
        }
    }

    /// Until when to wait from here, and what to say then.
    pub(super) fn deadline(&mut self, now: Instant, timeouts: &Timeouts) -> (Instant, Malformed) {
        let since = *self.waiting_since.get_or_insert(now);
        let idle = since + timeouts.body_idle();
        let slow = since + timeouts.body_allowance(self.bytes).saturating_sub(self.waited);
        match slow < idle {
            true => (slow, Malformed::BodySlow { bytes_per_s: timeouts.body_rate_min_bytes_per_s }),
            false => (idle, Malformed::BodyIdle { timeout_ms: timeouts.body_idle_timeout_ms }),
        }
    }
}
