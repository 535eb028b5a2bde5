//! The unused connections of one worker. No locks: a worker is one thread.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use hyper::client::conn::http2::SendRequest;
use tokio::time::Instant;

use super::Endpoint;
use super::http1::Connection;
use crate::body::Upload;
use crate::settings::Limits;

/// A worker's connections to all endpoints.
#[derive(Debug)]
pub(crate) struct Pools {
    slots: RefCell<HashMap<usize, Rc<Slot>>>,
    idle_timeout: Duration,
    idle_max: usize,
}

/// A worker's connections to one endpoint.
#[derive(Debug)]
pub(crate) struct Slot {
    #[expect(clippy::vec_box, reason = "boxed once for its life: it moves in and out with each request")]
    http1: RefCell<Vec<Box<Connection>>>,
    http2: RefCell<Option<SendRequest<Upload>>>,
    idle_max: usize,
    last_used: std::cell::Cell<Instant>,
}

impl Pools {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            slots: RefCell::new(HashMap::new()),
            idle_timeout: Duration::from_millis(limits.upstream_idle_timeout_ms),
            idle_max: limits.upstream_idle_max,
        }
    }

    /// The connections to an endpoint.
    pub(super) fn slot(&self, endpoint: &Endpoint) -> Rc<Slot> {
        let mut slots = self.slots.borrow_mut();
        let slot = slots.entry(endpoint.id).or_insert_with(|| {
            Rc::new(Slot {
                http1: RefCell::default(),
                http2: RefCell::default(),
                idle_max: self.idle_max,
                last_used: std::cell::Cell::new(Instant::now()),
            })
        });
        Rc::clone(slot)
    }

    /// Drops what has been idle too long or was closed, and what belongs to endpoints of old. Call now and then.
    pub(crate) fn tidy(&self) {
        let now = Instant::now();
        self.slots.borrow_mut().retain(|_, slot| {
            let kept = |since: Instant| now.duration_since(since) < self.idle_timeout;
            slot.http1.borrow_mut().retain_mut(|connection| kept(connection.idle_since) && connection.is_fresh());
            let mut http2 = slot.http2.borrow_mut();
            if http2.as_ref().is_some_and(|sender| sender.is_closed() || !kept(slot.last_used.get())) {
                // Requests under way hold senders of their own.
                *http2 = None;
            }
            Rc::strong_count(slot) > 1 || http2.is_some() || !slot.http1.borrow().is_empty()
        });
    }
}

impl Slot {
    /// An unused connection that still stands; the one used last, so that surplus ones grow old.
    pub(super) fn take(&self) -> Option<Box<Connection>> {
        loop {
            let mut connection = self.http1.borrow_mut().pop()?;
            if connection.is_fresh() {
                connection.reused = true;
                return Some(connection);
            }
        }
    }

    /// Puts a connection aside for the next request.
    pub(super) fn put_back(&self, mut connection: Box<Connection>) {
        let mut idle = self.http1.borrow_mut();
        if idle.len() < self.idle_max {
            connection.idle_since = Instant::now();
            idle.push(connection);
        }
    }

    /// The HTTP/2 connection, if it stands.
    pub(super) fn http2(&self) -> Option<SendRequest<Upload>> {
        let mut http2 = self.http2.borrow_mut();
        if http2.as_ref().is_some_and(SendRequest::is_closed) {
            *http2 = None;
        }
        self.last_used.set(Instant::now());
        http2.clone()
    }

    /// Keeps an HTTP/2 connection for requests to come.
    pub(super) fn keep_http2(&self, sender: SendRequest<Upload>) {
        *self.http2.borrow_mut() = Some(sender);
    }
}
