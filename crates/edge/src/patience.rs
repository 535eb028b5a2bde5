//! A time-out that costs next to nothing while nothing times out.
//!
//! Arming and disarming a timer for each request is most of what timers cost. A [`Patience`] keeps one armed timer and
//! only moves a deadline; when the timer goes off early, it is set again for the rest.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// How long to wait for something that makes progress.
#[derive(Debug)]
pub(crate) struct Patience {
    timeout: Duration,
    deadline: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    /// Patience for `timeout` without progress.
    pub(crate) fn new(timeout: Duration) -> Self {
        Self { timeout, deadline: None, timer: None }
    }

    /// There was progress: the next wait begins anew.
    pub(crate) fn renew(&mut self) {
        self.deadline = None;
    }

    /// Call when there is nothing to do but wait. Ready when the wait has taken too long.
    pub(crate) fn poll_exhausted(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = *self.deadline.get_or_insert_with(|| Instant::now() + self.timeout);
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        while timer.as_mut().poll(cx).is_ready() {
            if timer.deadline() >= deadline {
                self.deadline = None;
                self.timer = None;
                return Poll::Ready(());
            }
            timer.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn progress_puts_the_deadline_off() {
        let start = Instant::now();
        let mut patience = Patience::new(Duration::from_secs(10));
        let short = tokio::time::timeout(Duration::from_secs(9), poll_fn(|cx| patience.poll_exhausted(cx)));
        assert!(short.await.is_err());
        patience.renew();
        poll_fn(|cx| patience.poll_exhausted(cx)).await;
        assert_eq!(start.elapsed().as_secs(), 19);
    }
}
