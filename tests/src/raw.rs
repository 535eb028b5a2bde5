//! Bytes on a socket as they are: for requests no HTTP library would send, and for clients that dawdle.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::Context;

const CONNECT_MS_MAX: u64 = 5_000;
const REPLY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A connection that sends what it is told.
#[derive(Debug)]
pub struct RawConnection(TcpStream);

/// What came back, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawReply {
    /// The bytes received.
    pub bytes: Vec<u8>,
    /// Why nothing more was read.
    pub ending: Ending,
    /// Milliseconds spent reading.
    pub took_ms: u128,
}

/// Why reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The other side closed the connection.
    Closed,
    /// The other side reset the connection.
    Reset,
    /// The time given was over.
    TimeOver,
    /// 4 MiB were read.
    Full,
}

impl RawReply {
    /// The status codes of all status lines in the reply, in order; a smuggled request shows as one too many.
    #[must_use]
    pub fn statuses(&self) -> Vec<u16> {
        let text = String::from_utf8_lossy(&self.bytes);
        let lines = text.split("HTTP/1.").skip(1);
        lines.filter_map(|line| line.get(2..5)?.parse().ok()).collect()
    }

    /// Whether the request was refused: 400 and nothing else, or the connection ended without a word.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        let ended = matches!(self.ending, Ending::Closed | Ending::Reset);
        self.statuses() == [400] || (ended && self.bytes.is_empty())
    }
}

impl RawConnection {
    /// Connects.
    ///
    /// # Errors
    ///
    /// When nobody listens.
    pub fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, Duration::from_millis(CONNECT_MS_MAX))
            .with_context(|| format!("failed to connect to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    /// Sends bytes; `false` when the other side no longer takes them.
    pub fn send(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).is_ok()
    }

    /// Reads until the other side closes, at most for `limit_ms`.
    ///
    /// # Errors
    ///
    /// For failures of the socket other than a close or reset.
    pub fn read(&mut self, limit_ms: u64) -> anyhow::Result<RawReply> {
        let started = Instant::now();
        let mut bytes = Vec::new();
        let mut buffer = [0; 16 * 1024];
        let ending = loop {
            let left = Duration::from_millis(limit_ms).saturating_sub(started.elapsed());
            if left.is_zero() {
                break Ending::TimeOver;
            }
            if bytes.len() >= REPLY_BYTES_MAX {
                break Ending::Full;
            }
            self.0.set_read_timeout(Some(left))?;
            match self.0.read(&mut buffer) {
                Ok(0) => break Ending::Closed,
                Ok(count) => bytes.extend_from_slice(&buffer[..count]),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => break Ending::TimeOver,
                    ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => break Ending::Reset,
                    ErrorKind::Interrupted => {}
                    _ => return Err(error).context("failed to read the reply"),
                },
            }
        };
        Ok(RawReply { bytes, ending, took_ms: started.elapsed().as_millis() })
    }

    /// Sends `bytes` on a connection of their own and reads until it is closed, at most for `limit_ms`.
    ///
    /// # Errors
    ///
    /// As [`RawConnection::open`] and [`RawConnection::read`].
    pub fn exchange(address: SocketAddr, bytes: &[u8], limit_ms: u64) -> anyhow::Result<RawReply> {
        let mut connection = Self::open(address)?;
        // A refusal may close the connection before everything is sent; what was said first still counts.
        connection.send(bytes);
        connection.read(limit_ms)
    }
}
