//! A tokio stream seen as a hyper stream, for the shop and its client.
//!
//! hyper reads into uninitialised memory, which safe code cannot hand to tokio; the bytes pass through a small buffer
//! of this adapter instead. The copy is of no account here; the checkpoint itself must not use this type.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const READ_BYTES_MAX: usize = 8 * 1024;

/// Wraps a tokio stream for hyper.
#[derive(Debug)]
pub(crate) struct HyperStream<S>(S);

impl<S> HyperStream<S> {
    pub(crate) const fn new(stream: S) -> Self {
        Self(stream)
    }
}

impl<S: AsyncRead + Unpin> hyper::rt::Read for HyperStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut cursor: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut bytes = [0; READ_BYTES_MAX];
        let room = cursor.remaining().min(READ_BYTES_MAX);
        let mut buffer = ReadBuf::new(&mut bytes[..room]);
        let polled = Pin::new(&mut self.0).poll_read(context, &mut buffer);
        if matches!(polled, Poll::Ready(Ok(()))) {
            cursor.put_slice(buffer.filled());
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> hyper::rt::Write for HyperStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
