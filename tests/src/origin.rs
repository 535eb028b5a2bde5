//! An origin server that writes down, byte for byte, what the checkpoint forwards to it.
//!
//! Reads HTTP/1.1 by hand on purpose: a library would tidy up exactly what these tests look for. Answers every request
//! `200` with a short body, unless told otherwise, and keeps connections open.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;

const HEAD_BYTES_MAX: u64 = 256 * 1024;
const BODY_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// One forwarded request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Request line and headers with the empty line after them, as they came.
    pub head: String,
    /// The body without its transfer coding.
    pub body: Vec<u8>,
}

impl Received {
    /// The value of a header, by its name in any case; the first of several.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The request line without its line end.
    #[must_use]
    pub fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }
}

/// A recording origin on a thread of its own; stops accepting when dropped.
#[derive(Debug)]
pub struct Origin {
    address: SocketAddr,
    tally: Arc<Tally>,
    closing: Arc<AtomicBool>,
}

/// Writes the response to a request.
type Answer = dyn Fn(&Received, &mut dyn Write) -> io::Result<()> + Send + Sync;

/// What came in, over all connections.
#[derive(Debug, Default)]
struct Tally {
    received: Mutex<Vec<Received>>,
    /// Every byte, also of a request that never became complete.
    bytes: AtomicU64,
}

/// A connection whose bytes are counted as they are read.
struct Counted<'a> {
    stream: &'a TcpStream,
    tally: &'a Tally,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(buffer)?;
        self.tally.bytes.fetch_add(count as u64, Ordering::SeqCst);
        Ok(count)
    }
}

impl Origin {
    /// Starts one on a free port.
    ///
    /// # Errors
    ///
    /// When no port can be taken.
    pub fn start() -> anyhow::Result<Self> {
        Self::answering(|_, stream| {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n\r\norigin\n")
        })
    }

    /// Starts one that answers each request with what `answer` writes.
    ///
    /// # Errors
    ///
    /// When no port can be taken.
    pub fn answering(
        answer: impl Fn(&Received, &mut dyn Write) -> io::Result<()> + Send + Sync + 'static,
    ) -> anyhow::Result<Self> {
        let answer: Arc<Answer> = Arc::new(answer);
        let listener = TcpListener::bind(("127.0.0.1", 0)).context("failed to listen")?;
        let address = listener.local_addr()?;
        let tally = Arc::new(Tally::default());
        let closing = Arc::new(AtomicBool::new(false));
        let (record, stop) = (Arc::clone(&tally), Arc::clone(&closing));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let (record, answer) = (Arc::clone(&record), Arc::clone(&answer));
                // A connection that breaks off is the test's own doing; what it sent whole is on record.
                std::thread::spawn(move || stream.and_then(|stream| serve(&stream, &record, &*answer)).ok());
            }
        });
        Ok(Self { address, tally, closing })
    }

    /// The base URL to put the checkpoint in front of.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything forwarded so far, in the order it was complete.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.tally.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many bytes have come in, those of requests that never became complete among them.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.tally.bytes.load(Ordering::SeqCst)
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::SeqCst);
        // Wakes the accept loop; if the port is gone, so is the loop.
        drop(TcpStream::connect(self.address));
    }
}

fn serve(stream: &TcpStream, tally: &Tally, answer: &Answer) -> io::Result<()> {
    let mut reader = BufReader::new(Counted { stream, tally });
    let mut writer = stream;
    loop {
        let head = read_head(&mut reader)?;
        if head.is_empty() {
            return Ok(());
        }
        let mut received = Received { head, body: Vec::new() };
        received.body = read_body(&mut reader, &received)?;
        tally.received.lock().unwrap_or_else(PoisonError::into_inner).push(received.clone());
        answer(&received, &mut writer)?;
    }
}

/// Reads through the empty line; an empty text when the connection ended first.
fn read_head(reader: &mut impl BufRead) -> io::Result<String> {
    let mut head = Vec::new();
    let mut limited = reader.take(HEAD_BYTES_MAX);
    loop {
        let count = limited.read_until(b'\n', &mut head)?;
        if count == 0 {
            return Ok(String::new());
        }
        if head.ends_with(b"\r\n\r\n") {
            return Ok(String::from_utf8_lossy(&head).into_owned());
        }
    }
}

fn read_body(reader: &mut impl BufRead, received: &Received) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if received.header("transfer-encoding").is_some() {
        loop {
            let size = read_chunk_size(reader)?;
            if size == 0 {
                // Trailers, through the empty line.
                while !matches!(read_line(reader)?.as_str(), "" | "\r\n") {}
                return Ok(body);
            }
            read_exactly(reader, size, &mut body)?;
            read_line(reader)?;
        }
    }
    let length = received.header("content-length").and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    read_exactly(reader, length.min(BODY_BYTES_MAX), &mut body)?;
    Ok(body)
}

/// Appends `bytes` bytes to `body`: a body that breaks off is no body.
fn read_exactly(reader: &mut impl BufRead, bytes: u64, body: &mut Vec<u8>) -> io::Result<()> {
    let read = reader.by_ref().take(bytes).read_to_end(body)?;
    if read as u64 == bytes { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

fn read_chunk_size(reader: &mut impl BufRead) -> io::Result<u64> {
    let line = read_line(reader)?;
    let digits = line.split(';').next().unwrap_or_default().trim();
    let size = u64::from_str_radix(digits, 16).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    if size > BODY_BYTES_MAX { Err(io::Error::from(io::ErrorKind::InvalidData)) } else { Ok(size) }
}

fn read_line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    reader.take(HEAD_BYTES_MAX).read_line(&mut line)?;
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::Origin;
    use crate::raw::RawConnection;

    #[test]
    fn requests_are_recorded_as_they_came() {
        let origin = Origin::start().unwrap();
        let sent =
            b"POST /a HTTP/1.1\r\nhOst: x\r\nTransfer-Encoding: chunked\r\n\r\n3;e=1\r\nabc\r\n2\r\nde\r\n0\r\n\r\n\
                     GET /b HTTP/1.1\r\nHost: x\r\n\r\n";
        let mut connection = RawConnection::open(origin.address).unwrap();
        assert!(connection.send(sent));
        let mut replies = Vec::new();
        while replies.len() < 2 {
            let reply = connection.read(200).unwrap();
            replies.extend(reply.statuses());
        }
        assert_eq!(replies, [200, 200]);
        let received = origin.received();
        assert_eq!(received[0].body, b"abcde");
        assert!(received[0].head.contains("\r\nhOst: x\r\n"));
        assert_eq!(received[0].header("HOST"), Some("x"));
        assert_eq!(received[1].line(), "GET /b HTTP/1.1");
        assert_eq!(origin.bytes(), sent.len() as u64);
    }
}
