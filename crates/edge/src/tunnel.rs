//! After an upgrade: bytes both ways, nothing looked at, until either side ends or both rest too long.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};

use crate::patience::Patience;

/// Bytes on their way in one direction.
const BUFFER_BYTES: usize = 16 * 1024;

/// One direction.
struct Pipe {
    buffer: BytesMut,
    read_ended: bool,
    flush_due: bool,
    ended: bool,
}

impl Pipe {
    fn new(early: &[u8]) -> Self {
        let mut buffer = BytesMut::with_capacity(BUFFER_BYTES.max(early.len()));
        buffer.extend_from_slice(early);
        Self { buffer, read_ended: false, flush_due: false, ended: false }
    }

    /// Moves bytes until one side has to be waited for, or all have gone and the writing side is shut.
    fn poll<R, W>(&mut self, cx: &mut Context<'_>, from: &mut R, to: &mut W, moved: &mut bool) -> Poll<io::Result<()>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        while !self.ended {
            while !self.buffer.is_empty() {
                let written = ready!(Pin::new(&mut *to).poll_write(cx, &self.buffer))?;
                if written == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.buffer.advance(written);
                self.flush_due = true;
                *moved = true;
            }
            if self.read_ended {
                ready!(Pin::new(&mut *to).poll_shutdown(cx))?;
                self.ended = true;
                break;
            }
            self.buffer.reserve(BUFFER_BYTES);
            match pin!(from.read_buf(&mut self.buffer)).poll(cx) {
                Poll::Ready(read) => self.read_ended = read? == 0,
                Poll::Pending => {
                    if self.flush_due {
                        ready!(Pin::new(&mut *to).poll_flush(cx))?;
                        self.flush_due = false;
                    }
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// Joins two streams. `from_client` and `from_origin` were read already and go first.
///
/// # Errors
///
/// If either stream fails, or nothing moves for `idle_timeout`.
pub(crate) async fn join<C, O>(
    mut client: C,
    mut origin: O,
    from_client: &[u8],
    from_origin: &[u8],
    idle_timeout: Duration,
) -> io::Result<()>
where
    C: AsyncRead + AsyncWrite + Unpin,
    O: AsyncRead + AsyncWrite + Unpin,
{
    let (mut up, mut down) = (Pipe::new(from_client), Pipe::new(from_origin));
    let mut patience = Patience::new(idle_timeout);
    poll_fn(|cx| {
        let mut moved = false;
        let up = up.poll(cx, &mut client, &mut origin, &mut moved)?;
        let down = down.poll(cx, &mut origin, &mut client, &mut moved)?;
        if up.is_ready() && down.is_ready() {
            return Poll::Ready(Ok(()));
        }
        if moved {
            patience.renew();
        }
        ready!(patience.poll_exhausted(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    })
    .await
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn bytes_go_both_ways_until_both_sides_end() {
        let (client, near) = duplex(64);
        let (far, origin) = duplex(64);
        let tunnel = join(near, far, b"early up ", b"early down ", Duration::from_secs(5));
        let talk = |mut side: tokio::io::DuplexStream, said: &'static [u8]| async move {
            let mut heard = Vec::new();
            side.write_all(said).await.unwrap();
            side.shutdown().await.unwrap();
            side.read_to_end(&mut heard).await.unwrap();
            heard
        };
        // Less than the pipes hold, so that each may say all before it listens.
        let (joined, down, up) = tokio::join!(tunnel, talk(client, b"up"), talk(origin, b"down"));
        joined.unwrap();
        assert_eq!((up.as_slice(), down.as_slice()), (b"early up up".as_slice(), b"early down down".as_slice()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_tunnel_at_rest_is_ended() {
        let (_client, near) = duplex(64);
        let (far, _origin) = duplex(64);
        let error = join(near, far, b"", b"", Duration::from_secs(5)).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
