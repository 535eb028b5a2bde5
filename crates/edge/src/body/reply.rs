//! The body of a response, from wherever it comes, and what must last as long as it.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::Gathered;
use crate::connection::OpenStream;
use crate::http1::InService;
use crate::pages::PageBody;
use crate::upstream::{Fault, Http1Body, Http2Body};

/// A response body on its way to the client.
#[derive(Debug)]
pub(crate) struct Reply {
    source: Source,
    attendance: Attendance,
}

/// What knows that a request is not answered yet.
#[derive(Debug)]
pub(crate) enum Attendance {
    /// Nothing.
    None,
    /// The gate, which lets the next request of an HTTP/1 connection through after this one.
    Http1(#[expect(dead_code, reason = "kept for what its end does")] InService),
    /// The HTTP/2 connection, which is not idle meanwhile.
    Http2(OpenStream),
}

/// Where a body comes from.
#[derive(Debug)]
pub(crate) enum Source {
    /// Nothing.
    Empty,
    /// Bytes at hand.
    Full(Bytes),
    /// From an origin over HTTP/1.1.
    Http1(Http1Body),
    /// From an origin over HTTP/2.
    Http2(Http2Body),
    /// From a file.
    Page(PageBody),
    /// Held back for rules; the rest follows from where it came.
    Gathered(Box<Gathered>),
}

impl Reply {
    pub(crate) fn new(source: Source, attendance: Attendance) -> Self {
        Self { source, attendance }
    }
}

impl Body for Source {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                *self = Self::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Self::Http1(body) => Pin::new(body).poll_frame(cx),
            Self::Http2(body) => Pin::new(body).poll_frame(cx),
            Self::Page(body) => Pin::new(body).poll_frame(cx),
            Self::Gathered(body) => body.poll_next(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Full(_) => false,
            Self::Http1(body) => body.is_end_stream(),
            Self::Http2(body) => body.is_end_stream(),
            Self::Page(body) => body.is_end_stream(),
            Self::Gathered(body) => body.is_end(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Http1(body) => body.size_hint(),
            Self::Http2(body) => body.size_hint(),
            Self::Page(body) => body.size_hint(),
            Self::Gathered(body) => body.size_hint(),
        }
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let frame = Pin::new(&mut self.source).poll_frame(cx);
        if matches!(frame, Poll::Ready(None | Some(Err(_)))) {
            self.attendance = Attendance::None;
        } else if let Attendance::Http2(open) = &self.attendance {
            open.moved();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.source.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.source.size_hint()
    }
}
