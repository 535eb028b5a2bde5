//! Holding back the part of a body that is inspected.
//!
//! At most the inspected bytes and one read beyond them are in memory; the rest stays in the socket until an origin takes
//! it. A body that rules do not look at is not held at all.

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::Body;
use hyper::body::Incoming;

use super::UploadFault;
use super::upload::{Parts, Upload};
use crate::patience::Patience;
use crate::settings::Limits;

/// The first part of a body.
#[derive(Debug)]
pub(crate) struct Held {
    chunks: VecDeque<Bytes>,
    bytes: u64,
    /// What is still to come.
    rest: Option<Incoming>,
    declared: Option<u64>,
}

impl Held {
    /// A body none of which is held.
    pub(crate) fn none(body: Incoming) -> Self {
        let declared = body.size_hint().exact();
        let rest = (declared != Some(0)).then_some(body);
        Self { chunks: VecDeque::new(), bytes: 0, rest, declared }
    }

    /// Bytes of the whole body, if known.
    pub(crate) fn length(&self) -> Option<u64> {
        self.declared.or_else(|| self.rest.is_none().then_some(self.bytes))
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether the whole body is held.
    pub(crate) fn is_whole(&self) -> bool {
        self.rest.is_none()
    }

    /// The held bytes in one piece; `joined` is overwritten if they are not.
    pub(crate) fn contiguous<'a>(&'a self, joined: &'a mut Vec<u8>) -> &'a [u8] {
        match self.chunks.len() {
            0 => &[],
            1 => &self.chunks[0],
            _ => {
                joined.clear();
                self.chunks.iter().for_each(|chunk| joined.extend_from_slice(chunk));
                joined
            }
        }
    }

    /// The body for an origin.
    pub(crate) fn into_upload(self, limits: &Limits) -> Upload {
        Upload::new(Parts {
            length: self.length(),
            held: self.chunks,
            rest: self.rest,
            received: Rc::new(Cell::new(self.bytes)),
            bytes_max: limits.body_bytes_max,
            patience: Patience::new(Duration::from_millis(limits.body_idle_timeout_ms)),
        })
    }
}

/// Holds more of a body, until `bytes_max` bytes are held or it ends.
///
/// # Errors
///
/// If it breaks off, stalls, takes longer than allowed in all, or is larger than is ever passed on.
pub(crate) async fn hold(mut held: Held, bytes_max: usize, limits: &Limits) -> Result<Held, UploadFault> {
    let within = Duration::from_millis(limits.body_inspected_timeout_ms);
    let mut idle = Patience::new(Duration::from_millis(limits.body_idle_timeout_ms));
    let mut whole = Patience::new(within);
    while held.bytes < bytes_max as u64 {
        let Some(rest) = &mut held.rest else { break };
        let frame = poll_fn(|cx| {
            if let Poll::Ready(frame) = Pin::new(&mut *rest).poll_frame(cx) {
                return Poll::Ready(Ok(frame));
            }
            if whole.poll_exhausted(cx).is_pending() {
                ready!(idle.poll_exhausted(cx));
            }
            Poll::Ready(Err(UploadFault::TimedOut))
        });
        let Some(frame) = frame.await? else {
            held.rest = None;
            break;
        };
        idle.renew();
        if let Ok(data) = frame.map_err(UploadFault::Broken)?.into_data() {
            held.bytes += data.len() as u64;
            held.chunks.push_back(data);
        }
        if held.bytes > limits.body_bytes_max {
            return Err(UploadFault::TooLarge { bytes_max: limits.body_bytes_max });
        }
        if held.rest.as_ref().is_some_and(Body::is_end_stream) {
            held.rest = None;
        }
    }
    Ok(held)
}
