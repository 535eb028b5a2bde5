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

use bytes::{Bytes, BytesMut};
use http_body::Body;
use hyper::body::Incoming;

use super::UploadFault;
use super::room::Taken;
use super::upload::{Parts, Upload};
use crate::patience::Patience;
use crate::settings::Limits;

/// A body that rules see whole has the time limit anew for each of this many bytes: large ones take longer, and none may take
/// for ever.
const PACE_BYTES: u64 = 1024 * 1024;

/// A body that rules in phases see is in memory twice: as it came, and as they look at it. Room for both is taken while it
/// arrives, so that what was held back can also be looked at.
pub(crate) const COPIES: usize = 2;

/// The first part of a body.
#[derive(Debug)]
pub(crate) struct Held {
    chunks: VecDeque<Bytes>,
    bytes: u64,
    /// What is still to come.
    rest: Option<Incoming>,
    declared: Option<u64>,
    /// The room it takes up among the bodies held for rules in phases.
    room: Option<Taken>,
}

/// How much of a body rules in phases see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// All of it.
    Whole,
    /// There is more of it than they are to see, or than there is room for.
    Cut,
}

impl Held {
    /// A body none of which is held.
    pub(crate) fn none(body: Incoming) -> Self {
        let declared = body.size_hint().exact();
        let rest = (declared != Some(0)).then_some(body);
        Self { chunks: VecDeque::new(), bytes: 0, rest, declared, room: None }
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

    /// Gives up the room for the copy that rules look at: what they made of it is counted where it is kept.
    pub(crate) fn give_up_copy(&mut self) {
        if let Some(room) = &mut self.room {
            room.settle(room.bytes() / COPIES);
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
            _room: self.room,
        })
    }

    /// The next part of the body; none at its end.
    async fn next(&mut self, idle: &mut Patience, whole: &mut Patience) -> Result<Option<Bytes>, UploadFault> {
        loop {
            let Some(rest) = &mut self.rest else { return Ok(None) };
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
                self.rest = None;
                return Ok(None);
            };
            idle.renew();
            let data = frame.map_err(UploadFault::Broken)?.into_data();
            if self.rest.as_ref().is_some_and(Body::is_end_stream) {
                self.rest = None;
            }
            if let Ok(data) = data {
                self.bytes += data.len() as u64;
                return Ok(Some(data));
            }
        }
    }
}

/// Holds more of a body, until `bytes_max` bytes are held or it ends.
///
/// # Errors
///
/// If it breaks off, stalls, takes longer than allowed in all, or is larger than is ever passed on.
pub(crate) async fn hold(mut held: Held, bytes_max: usize, limits: &Limits) -> Result<Held, UploadFault> {
    let mut idle = Patience::new(Duration::from_millis(limits.body_idle_timeout_ms));
    let mut whole = Patience::new(Duration::from_millis(limits.body_inspected_timeout_ms));
    while held.bytes < bytes_max as u64 {
        let Some(data) = held.next(&mut idle, &mut whole).await? else { break };
        held.chunks.push_back(data);
        if held.bytes > limits.body_bytes_max {
            return Err(UploadFault::TooLarge { bytes_max: limits.body_bytes_max });
        }
    }
    Ok(held)
}

/// Holds all of a body in one piece, as rules in phases see it: until it ends, more than `bytes_max` bytes are held, or
/// `room` has none left.
///
/// # Errors
///
/// As [`hold`]; the time allowed in all is for each [`PACE_BYTES`].
pub(crate) async fn hold_whole(
    held: &mut Held,
    bytes_max: u64,
    mut room: Taken,
    limits: &Limits,
) -> Result<Reach, UploadFault> {
    let mut idle = Patience::new(Duration::from_millis(limits.body_idle_timeout_ms));
    let mut whole = Patience::new(Duration::from_millis(limits.body_inspected_timeout_ms));
    let mut pace_bytes = PACE_BYTES;
    let mut joined = BytesMut::new();
    let mut fits = room.grow(usize::try_from(held.bytes).unwrap_or(usize::MAX).saturating_mul(COPIES));
    while fits && held.bytes <= bytes_max {
        let Some(data) = held.next(&mut idle, &mut whole).await? else { break };
        if held.bytes > limits.body_bytes_max {
            return Err(UploadFault::TooLarge { bytes_max: limits.body_bytes_max });
        }
        fits = room.grow(data.len() * COPIES);
        if held.chunks.is_empty() && joined.is_empty() {
            held.chunks.push_back(data);
        } else {
            // Clients choose how a body is cut up; one that comes byte by byte must not cost more than its bytes.
            held.chunks.drain(..).for_each(|chunk| joined.extend_from_slice(&chunk));
            joined.extend_from_slice(&data);
        }
        if held.bytes >= pace_bytes {
            pace_bytes = held.bytes + PACE_BYTES;
            whole.renew();
        }
    }
    if !joined.is_empty() {
        held.chunks.push_back(joined.freeze());
    }
    let reach = if held.is_whole() && held.bytes <= bytes_max && fits { Reach::Whole } else { Reach::Cut };
    held.room = Some(room);
    Ok(reach)
}
