//! HTTP/2 without TLS, frame by frame: for requests no library would send.
//!
//! Header lists are written as literals that need no tables, so any octet can be in any place.
//!
//! Source: RFC 9113 section 4.1 (frames), RFC 7541 section 6.2.2 (literal without indexing).

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::reply::connect;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const ACK: u8 = 1;
/// `:status: 200` in the static table of RFC 7541, as an indexed field.
const STATUS_200: u8 = 0x80 | 8;
const PAYLOAD_BYTES_MAX: usize = 1 << 20;

/// A connection that sends the frames it is told.
#[derive(Debug)]
pub struct FrameConnection {
    stream: TcpStream,
}

/// What came of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameReply {
    /// A response with status 200.
    Ok,
    /// A response with another status.
    OtherStatus,
    /// The stream was reset.
    Reset,
    /// The connection was given up or closed.
    Closed,
    /// Nothing came in the time given.
    TimeOver,
}

impl FrameReply {
    /// Whether the request was refused in so many words.
    #[must_use]
    pub fn is_refusal(self) -> bool {
        matches!(self, Self::OtherStatus | Self::Reset | Self::Closed)
    }
}

impl FrameConnection {
    /// Connects and begins HTTP/2 by prior knowledge.
    ///
    /// # Errors
    ///
    /// When nobody listens.
    pub fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let mut opened = Self { stream: connect(address)? };
        opened.stream.write_all(PREFACE)?;
        opened.frame(SETTINGS, 0, 0, &[])?;
        Ok(opened)
    }

    /// Sends any frame.
    ///
    /// # Errors
    ///
    /// When the connection is gone.
    pub fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> anyhow::Result<()> {
        let length = u32::try_from(payload.len())?.to_be_bytes();
        let mut frame = vec![length[1], length[2], length[3], kind, flags];
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        Ok(self.stream.write_all(&frame)?)
    }

    /// Sends a request with these fields, and a body if there is one.
    ///
    /// # Errors
    ///
    /// When the connection is gone.
    pub fn request(&mut self, stream: u32, fields: &[(&[u8], &[u8])], body: Option<&[u8]>) -> anyhow::Result<()> {
        let ends = if body.is_none() { END_STREAM } else { 0 };
        self.frame(HEADERS, END_HEADERS | ends, stream, &header_block(fields)?)?;
        match body {
            Some(body) => self.frame(DATA, END_STREAM, stream, body),
            None => Ok(()),
        }
    }

    /// Begins a header list and does not end it.
    ///
    /// # Errors
    ///
    /// When the connection is gone.
    pub fn begin_request(&mut self, stream: u32, fields: &[(&[u8], &[u8])]) -> anyhow::Result<()> {
        self.frame(HEADERS, END_STREAM, stream, &header_block(fields)?)
    }

    /// Reads until something becomes of `stream`, at most for `limit_ms`. Answers what has to be answered.
    ///
    /// # Errors
    ///
    /// When the socket cannot be set up.
    pub fn read(&mut self, stream: u32, limit_ms: u64) -> anyhow::Result<FrameReply> {
        let started = Instant::now();
        loop {
            let left = Duration::from_millis(limit_ms).saturating_sub(started.elapsed());
            if left.is_zero() {
                return Ok(FrameReply::TimeOver);
            }
            self.stream.set_read_timeout(Some(left))?;
            let mut head = [0; 9];
            if let Err(error) = self.stream.read_exact(&mut head) {
                let waited = matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut);
                return Ok(if waited { FrameReply::TimeOver } else { FrameReply::Closed });
            }
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            ensure!(length <= PAYLOAD_BYTES_MAX, "a frame of {length} bytes");
            let mut payload = vec![0; length];
            if self.stream.read_exact(&mut payload).is_err() {
                return Ok(FrameReply::Closed);
            }
            let of = u32::from_be_bytes([head[5] & 0x7f, head[6], head[7], head[8]]);
            match head[3] {
                SETTINGS if head[4] & ACK == 0 && self.frame(SETTINGS, ACK, 0, &[]).is_err() => {
                    return Ok(FrameReply::Closed);
                }
                PING if head[4] & ACK == 0 && self.frame(PING, ACK, 0, &payload).is_err() => {
                    return Ok(FrameReply::Closed);
                }
                HEADERS if of == stream && payload.first() == Some(&STATUS_200) => return Ok(FrameReply::Ok),
                HEADERS if of == stream => return Ok(FrameReply::OtherStatus),
                RST_STREAM if of == stream => return Ok(FrameReply::Reset),
                GOAWAY => return Ok(FrameReply::Closed),
                _ => {}
            }
        }
    }
}

fn header_block(fields: &[(&[u8], &[u8])]) -> anyhow::Result<Vec<u8>> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            ensure!(text.len() < 127, "a literal of this length needs a longer form");
            block.push(text.len() as u8);
            block.extend(*text);
        }
    }
    Ok(block)
}
