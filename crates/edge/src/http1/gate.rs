//! The gate itself: a connection as hyper sees it, with everything malformed taken out.
//!
//! It reads into its own buffer, asks the [`Framer`], and hands over what is cleared. One request passes at a time; it waits
//! for slow clients only so long; after an upgrade it steps aside. It never writes anything of its own.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use hyper::rt::ReadBufCursor;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::time::Instant;

use super::framer::{Framer, Step};
use super::head::Head;
use super::heads::{HeadReport, Heads, MalformedHead};
use super::limits::{Limits, Timeouts};
use super::malformed::Malformed;
use super::patience::{Alarm, BodyClock};

/// What hyper gets in the place of a malformed head. The service recognises it by its report, never by its text.
const STAND_IN: &[u8] = b"GET /malformed HTTP/1.1\r\nhost: sekisho.invalid\r\nconnection: close\r\n\r\n";
/// Bytes kept of a malformed head, for the record.
const REFUSED_BYTES_MAX: usize = 4 * 1024;
/// Bytes of buffer for a head; a usual one fits several times, and an idle connection does not hold much.
const HEAD_READ_BYTES: usize = 4 * 1024;
/// Bytes of room below which the buffer is renewed before a head is read into it.
const HEAD_ROOM_BYTES_MIN: usize = 1024;
/// Bytes read at most in one go of a body or a tunnel.
const BODY_READ_BYTES_MAX: usize = 64 * 1024;
/// Bytes read and dropped at most while a connection is closed.
const LINGER_BYTES_MAX: usize = 1024 * 1024;
/// How far ahead an alarm is set that only serves to look again.
const ALARM_AHEAD_MIN: Duration = Duration::from_millis(10);

/// A connection to a client, as an IO for hyper's HTTP/1 server.
#[derive(Debug)]
pub struct Gate<IO> {
    io: IO,
    framer: Framer,
    heads: Heads,
    timeouts: Timeouts,
    /// Received, not yet handed over.
    held: BytesMut,
    /// A cleared head, or what is left of it.
    head: Bytes,
    /// How many of the bytes held are cleared.
    cleared: usize,
    fate: Fate,
    /// Since when a head is being waited for: from the start for the first one, from its first byte for the others.
    head_since: Option<Instant>,
    body_clock: BodyClock,
    alarm: Alarm,
    closing: Closing,
}

/// What became of the incoming side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open,
    /// The client closed its side, or was idle for too long.
    Ended,
    /// A head was malformed; the stand-in is the last request.
    Refused,
    /// A body was malformed or did not come.
    Failed(Malformed),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closing {
    NotYet,
    Lingering { until: Instant, bytes: usize },
    Done,
}

/// What to do when nothing is cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// More was cleared or disposed of: look again.
    Again,
    /// The client has to send more.
    Read,
    /// Something else has to happen; a wake-up is arranged for.
    Wait,
    /// No more bytes will come.
    End,
    /// The body cannot go on.
    Fail(Malformed),
}

impl<IO> Gate<IO> {
    /// A gate in front of `io`, and the side channel for the service behind it. The head time-out begins here.
    #[must_use]
    pub fn new(io: IO, limits: Limits, timeouts: Timeouts) -> (Self, Heads) {
        let gate = Self::with(io, Framer::new(limits), timeouts);
        let heads = gate.heads.clone();
        (gate, heads)
    }

    /// An open gate: everything passes, no time-out applies. For HTTP/2, whose frames leave no room for
    /// two readings.
    #[must_use]
    pub fn transparent(io: IO) -> Self {
        Self::with(io, Framer::tunnel(), Timeouts::default())
    }

    fn with(io: IO, framer: Framer, timeouts: Timeouts) -> Self {
        Self {
            io,
            framer,
            heads: Heads::new(),
            timeouts,
            held: BytesMut::new(),
            head: Bytes::new(),
            cleared: 0,
            fate: Fate::Open,
            head_since: Some(Instant::now()),
            body_clock: BodyClock::default(),
            alarm: Alarm::default(),
            closing: Closing::NotYet,
        }
    }

    /// Hands over what is cleared, as far as it fits.
    fn hand_over(&mut self, cursor: &mut ReadBufCursor<'_>) {
        let bytes = self.head.len().min(cursor.remaining());
        if bytes > 0 {
            cursor.put_slice(&self.head[..bytes]);
            self.head.advance(bytes);
            if self.head.is_empty() {
                // An emptied `Bytes` still keeps its buffer from being reused.
                self.head = Bytes::new();
            }
        }
        let bytes = self.cleared.min(cursor.remaining());
        if bytes > 0 {
            cursor.put_slice(&self.held[..bytes]);
            self.held.advance(bytes);
            self.cleared -= bytes;
        }
    }

    /// Asks the framer about what is held; nothing of it is cleared yet.
    fn examine(&mut self, cx: &mut Context<'_>) -> Next {
        match self.fate {
            Fate::Open => {}
            Fate::Ended => return Next::End,
            Fate::Refused => return Next::Wait,
            Fate::Failed(reason) => return Next::Fail(reason),
        }
        if self.framer.is_between_requests() && self.must_wait_in_line(cx) {
            return self.only_watch();
        }
        let in_head = self.framer.is_in_head();
        match self.framer.step(&self.held) {
            Ok(Step::More) => Next::Read,
            Ok(Step::Drop { bytes }) => {
                self.held.advance(bytes);
                Next::Again
            }
            Ok(Step::Head { bytes }) => {
                self.admit(bytes);
                Next::Again
            }
            Ok(Step::Body { bytes, .. }) => {
                self.body_clock.arrived(bytes);
                self.cleared = bytes;
                Next::Again
            }
            Ok(Step::Tunnel { bytes }) => {
                self.cleared = bytes;
                Next::Again
            }
            Ok(Step::AwaitUpgrade) => match self.heads.upgrade_accepted(cx) {
                Some(accepted) => {
                    self.framer.resolve_upgrade(accepted);
                    Next::Again
                }
                None => self.only_watch(),
            },
            Ok(Step::Closed) => self.only_watch(),
            Err(reason) if in_head => {
                self.refuse(reason);
                Next::Again
            }
            Err(reason) => {
                self.fate = Fate::Failed(reason);
                Next::Fail(reason)
            }
        }
    }

    /// Whether the next request must wait for the one in service. With nothing held there is nothing to be woken for, and the
    /// usual client that waits for its response costs no wake-up.
    fn must_wait_in_line(&self, cx: &mut Context<'_>) -> bool {
        if self.held.is_empty() { self.heads.is_in_service() } else { self.heads.wait_for_service(cx) }
    }

    /// Nothing may pass now, but a client that goes away should be noticed: that takes reading, as long as there is nothing
    /// to keep.
    fn only_watch(&self) -> Next {
        if self.held.is_empty() { Next::Read } else { Next::Wait }
    }

    fn admit(&mut self, bytes: usize) {
        let raw = self.held.split_to(bytes).freeze();
        let index = self.framer.take_index(self.heads.take_spare());
        self.head = raw.clone();
        self.head_since = None;
        self.body_clock = BodyClock::default();
        let upgrades = index.upgrades();
        self.heads.announce(HeadReport::Well(Head { raw, index }), upgrades);
    }

    fn refuse(&mut self, reason: Malformed) {
        let raw = Bytes::copy_from_slice(&self.held[..self.held.len().min(REFUSED_BYTES_MAX)]);
        self.heads.announce(HeadReport::Malformed(MalformedHead { reason, raw }), false);
        self.held.clear();
        self.head = Bytes::from_static(STAND_IN);
        self.fate = Fate::Refused;
    }

    /// The client has sent nothing: has one waited long enough? If so, draws the consequence.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let now = Instant::now();
        if self.framer.is_in_body() {
            let (deadline, reason) = self.body_clock.deadline(now, &self.timeouts);
            ready!(self.alarm.poll_until(cx, deadline));
            self.fate = Fate::Failed(reason);
            return Poll::Ready(());
        }
        if !self.framer.is_in_head() {
            return Poll::Pending;
        }
        if !self.framer.is_between_requests() || !self.held.is_empty() {
            let since = *self.head_since.get_or_insert(now);
            ready!(self.alarm.poll_until(cx, since + self.timeouts.head()));
            self.refuse(Malformed::HeadTimeout { timeout_ms: self.timeouts.head_timeout_ms });
            return Poll::Ready(());
        }
        let deadline = match self.head_since {
            Some(since) => since + self.timeouts.head(),
            None if self.heads.is_in_service() => {
                // Nobody polls when the response ends, so the alarm is set now; when it rings, the idle time is known.
                let _armed = self.alarm.poll_until(cx, now + self.timeouts.idle().max(ALARM_AHEAD_MIN));
                return Poll::Pending;
            }
            None => self.heads.idle_since().unwrap_or(now) + self.timeouts.idle(),
        };
        ready!(self.alarm.poll_until(cx, deadline));
        self.fate = Fate::Ended;
        Poll::Ready(())
    }
}

impl<IO: AsyncRead + Unpin> Gate<IO> {
    fn poll_hand_over(&mut self, cx: &mut Context<'_>, cursor: &mut ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let room = cursor.remaining();
        loop {
            self.hand_over(cursor);
            if cursor.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            let next = self.examine(cx);
            if next == Next::Again {
                continue;
            }
            if cursor.remaining() < room {
                return Poll::Ready(Ok(()));
            }
            match next {
                Next::Again => {}
                Next::Read => ready!(self.poll_receive(cx, room))?,
                Next::Wait => return Poll::Pending,
                Next::End => return Poll::Ready(Ok(())),
                Next::Fail(reason) => return Poll::Ready(Err(reason.into_io_error())),
            }
        }
    }

    /// Receives something, learns that nothing more will come, or loses patience.
    fn poll_receive(&mut self, cx: &mut Context<'_>, room: usize) -> Poll<io::Result<()>> {
        if self.framer.is_in_head() {
            if self.held.capacity() - self.held.len() < HEAD_ROOM_BYTES_MIN {
                self.held.reserve(HEAD_READ_BYTES);
            }
        } else {
            self.held.reserve(room.clamp(HEAD_ROOM_BYTES_MIN, BODY_READ_BYTES_MAX));
        }
        match pin!(self.io.read_buf(&mut self.held)).poll(cx) {
            Poll::Ready(Ok(0)) => self.fate = Fate::Ended,
            Poll::Ready(Ok(_)) => self.body_clock.stop_waiting(),
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending => ready!(self.poll_patience(cx)),
        }
        Poll::Ready(Ok(()))
    }

    /// After the connection is closed: reads what the client is still sending, within bounds. Closing the socket over unread
    /// bytes would reset the connection, and the client could lose the response that says why.
    fn poll_linger(&mut self, cx: &mut Context<'_>, until: Instant, mut bytes: usize) -> Poll<()> {
        while bytes < LINGER_BYTES_MAX {
            self.held.clear();
            self.held.reserve(HEAD_READ_BYTES);
            match pin!(self.io.read_buf(&mut self.held)).poll(cx) {
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(()),
                Poll::Ready(Ok(more)) => bytes += more,
                Poll::Pending => {
                    self.closing = Closing::Lingering { until, bytes };
                    return self.alarm.poll_until(cx, until);
                }
            }
        }
        Poll::Ready(())
    }

    fn has_more_coming(&self) -> bool {
        match self.fate {
            Fate::Ended => false,
            Fate::Refused | Fate::Failed(_) => true,
            Fate::Open => self.framer.is_in_body() || !self.held.is_empty(),
        }
    }
}

impl<IO: AsyncRead + Unpin> hyper::rt::Read for Gate<IO> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, mut cursor: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_hand_over(cx, &mut cursor)
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> hyper::rt::Write for Gate<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.closing {
                Closing::NotYet => {
                    ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
                    self.closing = match self.has_more_coming() {
                        true => Closing::Lingering { until: Instant::now() + self.timeouts.linger(), bytes: 0 },
                        false => Closing::Done,
                    };
                }
                Closing::Lingering { until, bytes } => {
                    ready!(self.poll_linger(cx, until, bytes));
                    self.closing = Closing::Done;
                }
                Closing::Done => return Poll::Ready(Ok(())),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }
}
