//! A response's body held back until rules in phases have seen it.
//!
//! At most what they see and one read beyond is in memory; the rest stays with its source until the client takes it.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use super::room::Taken;
use super::{COPIES, Reach, Source};
use crate::upstream::Fault;

/// The first part of a response's body, in one piece, and where the rest comes from.
#[derive(Debug)]
pub(crate) struct Gathered {
    bytes: Bytes,
    trailers: Option<HeaderMap>,
    rest: Source,
    reach: Reach,
    /// The room it takes up, kept until it is gone.
    room: Taken,
}

/// Holds a body until it ends, more than `bytes_max` bytes of it are held, or `room` has none left.
///
/// # Errors
///
/// If it breaks off or stalls.
pub(crate) async fn gather(mut source: Source, bytes_max: u64, mut room: Taken) -> Result<Gathered, Fault> {
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    let mut trailers = None;
    let mut fits = true;
    let mut ended = source.is_end_stream();
    let mut bytes = 0;
    while !ended && fits && bytes <= bytes_max {
        let Some(frame) = poll_fn(|cx| Pin::new(&mut source).poll_frame(cx)).await.transpose()? else {
            ended = true;
            break;
        };
        match frame.into_data() {
            Ok(data) => {
                fits = room.grow(data.len() * COPIES);
                bytes += data.len() as u64;
                if first.is_empty() && joined.is_empty() {
                    first = data;
                } else {
                    joined.extend_from_slice(&std::mem::take(&mut first));
                    joined.extend_from_slice(&data);
                }
            }
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
        ended = source.is_end_stream();
    }
    let reach = if ended && fits && bytes <= bytes_max { Reach::Whole } else { Reach::Cut };
    let bytes = if joined.is_empty() { first } else { joined.freeze() };
    let rest = if ended { Source::Empty } else { source };
    Ok(Gathered { bytes, trailers, rest, reach, room })
}

impl Gathered {
    /// What is held.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How much of the body that is.
    pub(crate) fn reach(&self) -> Reach {
        self.reach
    }

    /// Gives up the room for the copy that rules look at: what they made of it is counted where it is kept.
    pub(crate) fn give_up_copy(&mut self) {
        self.room.settle(self.room.bytes() / COPIES);
    }

    /// The body as the client gets it.
    pub(crate) fn into_source(self) -> Source {
        Source::Gathered(Box::new(self))
    }

    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        if !self.bytes.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.bytes)))));
        }
        if let Some(trailers) = self.trailers.take() {
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        Pin::new(&mut self.rest).poll_frame(cx)
    }

    pub(super) fn is_end(&self) -> bool {
        self.bytes.is_empty() && self.trailers.is_none() && self.rest.is_end_stream()
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        let held = self.bytes.len() as u64;
        match self.rest.size_hint().exact() {
            Some(rest) => SizeHint::with_exact(held + rest),
            None => SizeHint::default(),
        }
    }
}
