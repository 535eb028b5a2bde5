//! Tells HTTP/2 from HTTP/1 on a connection without TLS, by its first bytes, losing none of them.
//!
//! Source: RFC 9113 section 3.4, the connection preface of a client with prior knowledge.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::time::timeout;

use super::limits::Timeouts;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Bytes read at first: a head of usual size comes in one go, and is handed on with what was sniffed.
const FIRST_READ_BYTES: usize = 4 * 1024;

/// What a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1, or anything that is not HTTP/2: the gate will say.
    Http1,
    /// HTTP/2 with prior knowledge.
    Http2,
}

/// A connection whose protocol is known.
#[derive(Debug)]
pub struct Sniffed<IO> {
    /// What the client speaks.
    pub protocol: Protocol,
    /// The connection, from its first byte.
    pub io: Rewind<IO>,
}

/// A connection with the bytes that were read from it put back in front.
#[derive(Debug)]
pub struct Rewind<IO> {
    before: Bytes,
    io: IO,
}

/// Reads until the protocol is certain: for HTTP/1 that is the first byte that differs from the preface.
///
/// # Errors
///
/// `TimedOut` if it is not certain within [`Timeouts::head_timeout_ms`]; otherwise what reading failed with. A connection that
/// ends early counts as HTTP/1.
pub async fn sniff<IO: AsyncRead + Unpin>(mut io: IO, timeouts: &Timeouts) -> io::Result<Sniffed<IO>> {
    let mut read = BytesMut::with_capacity(FIRST_READ_BYTES);
    let protocol = timeout(timeouts.head(), async {
        loop {
            let ended = io.read_buf(&mut read).await? == 0;
            let compared = read.len().min(PREFACE.len());
            if ended || read[..compared] != PREFACE[..compared] {
                return io::Result::Ok(Protocol::Http1);
            }
            if compared == PREFACE.len() {
                return Ok(Protocol::Http2);
            }
        }
    })
    .await??;
    Ok(Sniffed { protocol, io: Rewind { before: read.freeze(), io } })
}

impl<IO> Rewind<IO> {
    /// A connection of which nothing was read.
    pub fn untouched(io: IO) -> Self {
        Self { before: Bytes::new(), io }
    }

    /// The connection beneath.
    pub fn get_ref(&self) -> &IO {
        &self.io
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Rewind<IO> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.before.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buf);
        }
        let bytes = self.before.len().min(buf.remaining());
        buf.put_slice(&self.before[..bytes]);
        self.before.advance(bytes);
        if self.before.is_empty() {
            self.before = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Rewind<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
