//! One HTTP/1.1 connection to an origin, polled in the task of the request it serves.
//!
//! hyper's client runs each connection as a task of its own and talks to it through channels. On a proxy that is
//! two more wake-ups and half a dozen allocations a request. Here the request's own task writes, reads and hands the
//! connection back to the pool. The head stays with the caller, so that a retry needs no copy made beforehand.
//!
//! Absent on purpose: choosing an origin, retrying, and what the response means.

mod chunks;
mod head;
mod response;
mod sending;

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderValue, Method, request};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::Instant;

use super::Fault;
use crate::body::Upload;
use crate::patience::Patience;
use crate::stream::Stream;

pub(crate) use head::{Received, ResponseHead};
pub(crate) use response::ResponseBody;
use sending::Sending;

/// Bytes of a read buffer at first, and once a body has filled smaller ones.
const READ_BYTES: usize = 8 * 1024;
const READ_BYTES_MAX: usize = 64 * 1024;
/// Informational responses passed over before the final one.
const INFORMATIONAL_MAX: u32 = 8;

/// A connection on which no request is under way, or one.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Stream,
    incoming: BytesMut,
    outgoing: BytesMut,
    read_bytes: usize,
    patience: Patience,
    /// When it was put aside, for the pool.
    pub(crate) idle_since: Instant,
    /// Whether it has served a request before: only then can it have gone stale.
    pub(crate) reused: bool,
}

/// A request under way: what is still being sent, and how to read what comes back.
#[derive(Debug)]
pub(crate) struct Exchange {
    connection: Box<Connection>,
    sending: Sending,
}

/// What an origin answered.
pub(crate) enum Answer {
    /// A response; its body follows on the connection.
    Response(ResponseHead, Exchange),
    /// It switched protocols: the stream is the tunnel's now, with what was read of it already.
    Switched(ResponseHead, Stream, Bytes),
}

impl Connection {
    pub(crate) fn new(stream: Stream, response_timeout: Duration) -> Self {
        Self {
            stream,
            incoming: BytesMut::new(),
            outgoing: BytesMut::with_capacity(1024),
            read_bytes: READ_BYTES,
            patience: Patience::new(response_timeout),
            idle_since: Instant::now(),
            reused: false,
        }
    }

    /// Whether the connection can take a request: nothing unasked has come, nor its end.
    pub(crate) fn is_fresh(&mut self) -> bool {
        let mut context = Context::from_waker(std::task::Waker::noop());
        self.incoming.is_empty() && self.poll_fill(&mut context).is_pending()
    }

    /// Reads what there is; ready with the number of bytes, zero at the end.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        // What was read before still lends its values to heads on their way, so every new buffer is an allocation: one
        // serves several small responses.
        if self.incoming.capacity() - self.incoming.len() < self.read_bytes / 4 {
            self.incoming.reserve(self.read_bytes);
        }
        let room = self.incoming.capacity() - self.incoming.len();
        let filled = ready!(pin!(self.stream.read_buf(&mut self.incoming)).poll(cx))?;
        if filled == room {
            self.read_bytes = (self.read_bytes * 2).min(READ_BYTES_MAX);
        }
        Poll::Ready(Ok(filled))
    }

    /// Writes all of `outgoing`.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outgoing.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.outgoing))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.outgoing.advance(written);
            self.patience.renew();
        }
        match &self.stream {
            Stream::Tcp(_) => Poll::Ready(Ok(())),
            // TLS records wait in a buffer of their own.
            Stream::Tls(_) | Stream::Client(_) => pin!(self.stream.flush()).poll(cx),
        }
    }
}

impl Exchange {
    /// Sends a request and waits for the head of the final response.
    ///
    /// # Errors
    ///
    /// With whose fault it was. [`Fault::Closed`] means that not one byte of a response came.
    pub(crate) async fn run(
        connection: Box<Connection>,
        head: &request::Parts,
        upgrade: Option<&HeaderValue>,
        upload: Upload,
    ) -> Result<Answer, Fault> {
        let mut exchange = Self { connection, sending: Sending::new(upload, upgrade.is_some()) };
        exchange.connection.outgoing.clear();
        head::write(&mut exchange.connection.outgoing, head, upgrade, exchange.sending.coding());
        for _ in 0..=INFORMATIONAL_MAX {
            let answer = poll_fn(|cx| exchange.poll_head(cx, &head.method)).await?;
            match answer.head.status.as_u16() {
                101 if upgrade.is_some() => {
                    let Connection { stream, incoming, .. } = *exchange.connection;
                    return Ok(Answer::Switched(answer, stream, incoming.freeze()));
                }
                101 => return Err(Fault::Malformed("switches protocols unasked")),
                100..=199 => {}
                _ => return Ok(Answer::Response(answer, exchange)),
            }
        }
        Err(Fault::Malformed("too many informational responses"))
    }

    fn poll_head(&mut self, cx: &mut Context<'_>, method: &Method) -> Poll<Result<ResponseHead, Fault>> {
        let sent = self.sending.poll(cx, &mut self.connection);
        if let Poll::Ready(Err(fault @ Fault::Upload(_))) = sent {
            return Poll::Ready(Err(fault));
        }
        // Even if sending failed: an origin may answer and close before it has read a whole body.
        if let Poll::Ready(outcome) = self.poll_read_head(cx, method) {
            return Poll::Ready(outcome);
        }
        match sent {
            Poll::Ready(Err(fault)) => Poll::Ready(Err(fault)),
            Poll::Pending if self.sending.waits_for_client() => Poll::Pending,
            _ => self.connection.patience.poll_exhausted(cx).map(|()| Err(Fault::Timeout)),
        }
    }

    fn poll_read_head(&mut self, cx: &mut Context<'_>, method: &Method) -> Poll<Result<ResponseHead, Fault>> {
        let connection = &mut *self.connection;
        loop {
            if !connection.incoming.is_empty()
                && let Some(head) = head::read(&mut connection.incoming, method)?
            {
                connection.patience.renew();
                return Poll::Ready(Ok(head));
            }
            match ready!(connection.poll_fill(cx)) {
                Ok(1..) => connection.patience.renew(),
                Ok(0) if connection.incoming.is_empty() => return Poll::Ready(Err(Fault::Closed(None))),
                Ok(0) => return Poll::Ready(Err(Fault::Malformed("response head cut short"))),
                Err(error) if connection.incoming.is_empty() => return Poll::Ready(Err(Fault::Closed(Some(error)))),
                Err(error) => return Poll::Ready(Err(Fault::Broken(error))),
            }
        }
    }
}
