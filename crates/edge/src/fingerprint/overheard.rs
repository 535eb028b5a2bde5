//! A stream that keeps a copy of what is read from it first.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::client_hello::CLIENT_HELLO_BYTES_MAX;

/// A connection whose first bytes are kept until someone takes them.
#[derive(Debug)]
pub(crate) struct Overheard<S> {
    stream: S,
    /// What was read so far, up to [`CLIENT_HELLO_BYTES_MAX`]; nothing once it was taken.
    heard: Option<Vec<u8>>,
}

impl<S> Overheard<S> {
    /// Listens from now on.
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, heard: Some(Vec::new()) }
    }

    /// What was read so far. From now on nothing is kept.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        self.heard.take().unwrap_or_default()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Overheard<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(cx, buf);
        if let Some(heard) = &mut self.heard {
            let read = &buf.filled()[before..];
            heard.extend_from_slice(&read[..read.len().min(CLIENT_HELLO_BYTES_MAX - heard.len())]);
        }
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Overheard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
