//! The client's body as an origin gets it: what was held back, then the rest as it comes.
//!
//! The original bytes travel, whatever inspection decoded. Trailers do not: rules never saw them, and some origins take
//! them for headers. (RFC 9110 section 6.5.1 lets an intermediary discard them.)

use std::cell::Cell;
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::room::Taken;
use crate::patience::Patience;

/// Why a client's body came to no good end. Always the client's fault.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadFault {
    /// More bytes than are passed on.
    #[error("body larger than {bytes_max} bytes")]
    TooLarge {
        /// The limit.
        bytes_max: u64,
    },
    /// Nothing came for too long.
    #[error("body stalled")]
    TimedOut,
    /// The connection broke, or the bytes broke the framing.
    #[error("body broken off")]
    Broken(#[source] hyper::Error),
}

/// A body on its way from the client to an origin.
#[derive(Debug, Default)]
pub(crate) struct Upload(Option<Box<Parts>>);

/// What an upload is made of.
#[derive(Debug)]
pub(crate) struct Parts {
    /// What was held back.
    pub(crate) held: VecDeque<Bytes>,
    /// What is still to come, unless all was held.
    pub(crate) rest: Option<Incoming>,
    /// All bytes, if known.
    pub(crate) length: Option<u64>,
    /// Bytes that came so far. Shared: whoever waits for the origin wants to know whether anything moves.
    pub(crate) received: Rc<Cell<u64>>,
    /// Bytes that may come.
    pub(crate) bytes_max: u64,
    /// How long to wait for the next.
    pub(crate) patience: Patience,
    /// The room that what was held back takes up, kept until it is gone.
    pub(crate) _room: Option<Taken>,
}

impl Upload {
    /// An upload; nothing at all if it is known to be empty.
    pub(crate) fn new(parts: Parts) -> Self {
        Self((parts.length != Some(0)).then(|| Box::new(parts)))
    }

    /// Bytes in all, if known.
    pub(crate) fn length(&self) -> Option<u64> {
        self.0.as_ref().map_or(Some(0), |parts| parts.length)
    }

    /// Counts the bytes that have come from the client.
    pub(crate) fn progress(&self) -> Rc<Cell<u64>> {
        self.0.as_ref().map_or_else(Rc::default, |parts| Rc::clone(&parts.received))
    }
}

impl Parts {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, UploadFault>>> {
        if let Some(bytes) = self.held.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        loop {
            let Some(rest) = &mut self.rest else { return Poll::Ready(None) };
            let Poll::Ready(frame) = Pin::new(rest).poll_frame(cx) else {
                ready!(self.patience.poll_exhausted(cx));
                return Poll::Ready(Some(Err(UploadFault::TimedOut)));
            };
            self.patience.renew();
            let Some(frame) = frame else { return Poll::Ready(None) };
            let Ok(data) = frame.map_err(UploadFault::Broken)?.into_data() else { continue };
            self.received.set(self.received.get() + data.len() as u64);
            if self.received.get() > self.bytes_max {
                return Poll::Ready(Some(Err(UploadFault::TooLarge { bytes_max: self.bytes_max })));
            }
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = UploadFault;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, UploadFault>>> {
        match &mut self.get_mut().0 {
            Some(parts) => parts.poll_next(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(|parts| parts.held.is_empty() && parts.rest.as_ref().is_none_or(Body::is_end_stream))
    }

    fn size_hint(&self) -> SizeHint {
        self.length().map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
