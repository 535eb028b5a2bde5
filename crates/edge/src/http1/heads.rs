//! The side channel from the gate to the service: what each request's head was, in order.
//!
//! The gate lets one request at a time through to hyper, so there is at most one report to fetch, and at most one request
//! in service. That keeps pipelined requests in the client's buffers instead of ours.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use bytes::Bytes;
use tokio::time::Instant;

use super::head::{Head, HeadIndex};
use super::malformed::Malformed;

/// The service's end of one connection's side channel.
#[derive(Debug, Clone)]
pub struct Heads {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    report: Option<HeadReport>,
    in_service: bool,
    idle_since: Option<Instant>,
    upgrade: Upgrade,
    spare: HeadIndex,
    /// Whoever waits in the gate for a change here.
    waker: Option<Waker>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Upgrade {
    #[default]
    Unasked,
    Asked,
    Resolved {
        accepted: bool,
    },
}

/// What the gate says of the request hyper hands to the service.
#[derive(Debug)]
pub enum HeadReport {
    /// It is well formed; this is its head as received.
    Well(Head),
    /// It is not: hyper got a stand-in, which must be answered with [`Malformed::status`] and recorded as this.
    Malformed(MalformedHead),
}

/// A head that was refused.
#[derive(Debug)]
pub struct MalformedHead {
    /// Why.
    pub reason: Malformed,
    /// The first 4,096 bytes of what was received from the start of the head.
    pub raw: Bytes,
}

/// A request that has come to the service.
#[derive(Debug)]
pub struct Arrival {
    /// What its head was.
    pub report: HeadReport,
    /// To be kept until its response is complete or given up: best within the response's body.
    pub in_service: InService,
}

/// Says that a request is being served. While it lives, no further request passes the gate, and the connection does not
/// count as idle. An upgrade that was not resolved before it is dropped is refused.
#[derive(Debug)]
pub struct InService {
    shared: Arc<Mutex<Shared>>,
}

impl Heads {
    pub(super) fn new() -> Self {
        Self { shared: Arc::default() }
    }

    /// Fetches the report of the request just handed over by hyper; call it once for each, before the first `await`.
    ///
    /// None if hyper made up a request that the gate knows nothing of, which is a fault: close the connection.
    #[must_use]
    pub fn next(&self) -> Option<Arrival> {
        let report = self.lock().report.take()?;
        Some(Arrival { report, in_service: InService { shared: Arc::clone(&self.shared) } })
    }

    /// Decides on the upgrade that the request in service asks for; call it before answering with 101. What the client
    /// sends next passes untouched if `accepted`, and is read as the next request otherwise.
    pub fn resolve_upgrade(&self, accepted: bool) {
        let waker = {
            let mut shared = self.lock();
            if shared.upgrade != Upgrade::Asked {
                return;
            }
            shared.upgrade = Upgrade::Resolved { accepted };
            shared.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Gives back a head that is no longer needed, so that the next request reuses its memory. Optional.
    pub fn recycle(&self, head: Head) {
        self.lock().spare = head.index;
    }

    pub(super) fn take_spare(&self) -> HeadIndex {
        std::mem::take(&mut self.lock().spare)
    }

    pub(super) fn announce(&self, report: HeadReport, upgrades: bool) {
        let mut shared = self.lock();
        shared.report = Some(report);
        shared.in_service = true;
        shared.upgrade = if upgrades { Upgrade::Asked } else { Upgrade::Unasked };
    }

    /// Whether a request is in service.
    pub(super) fn is_in_service(&self) -> bool {
        self.lock().in_service
    }

    /// Whether a request is in service; if so, `cx` is woken when it no longer is.
    pub(super) fn wait_for_service(&self, cx: &mut Context<'_>) -> bool {
        let mut shared = self.lock();
        if shared.in_service {
            shared.wake_later(cx);
        }
        shared.in_service
    }

    /// The decision on an upgrade; without one, `cx` is woken when it is made.
    pub(super) fn upgrade_accepted(&self, cx: &mut Context<'_>) -> Option<bool> {
        let mut shared = self.lock();
        match shared.upgrade {
            Upgrade::Resolved { accepted } => Some(accepted),
            Upgrade::Unasked => Some(false),
            Upgrade::Asked => {
                shared.wake_later(cx);
                None
            }
        }
    }

    /// Since when no request has been in service; none before the first.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        self.lock().idle_since
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        lock(&self.shared)
    }
}

impl Shared {
    fn wake_later(&mut self, cx: &mut Context<'_>) {
        match &mut self.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            None => self.waker = Some(cx.waker().clone()),
        }
    }
}

impl Drop for InService {
    fn drop(&mut self) {
        let waker = {
            let mut shared = lock(&self.shared);
            shared.in_service = false;
            shared.idle_since = Some(Instant::now());
            if shared.upgrade == Upgrade::Asked {
                shared.upgrade = Upgrade::Resolved { accepted: false };
            }
            shared.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Every change to the shared state is a few assignments that cannot panic, so a poisoned lock guards a sound value.
fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
