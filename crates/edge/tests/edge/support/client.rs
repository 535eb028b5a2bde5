//! A client that sends exactly what it is told.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// One connection.
pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
}

/// A response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

impl Raw {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        // Only so that a fault fails a test instead of hanging it.
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Self { stream, buffer: Vec::new() }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.stream.write_all(bytes.as_ref()).unwrap();
        self
    }

    /// Reads a response to a request other than HEAD; none if the connection ends first.
    pub(crate) fn response(&mut self) -> Option<Response> {
        self.response_to("GET")
    }

    pub(crate) fn response_to(&mut self, method: &str) -> Option<Response> {
        let head_end = loop {
            if let Some(at) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            self.fill()?;
        };
        let head = String::from_utf8(self.buffer.drain(..head_end).collect()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut response = Response { status, head, body: Vec::new() };
        if method == "HEAD" || matches!(status, 100..=199 | 204 | 304) {
            return Some(response);
        }
        if response.field("transfer-encoding") == Some("chunked") {
            response.body = self.chunked()?;
        } else if let Some(length) = response.field("content-length") {
            let length: usize = length.parse().unwrap();
            response.body = self.take(length)?;
        } else {
            while self.fill().is_some() {}
            response.body = std::mem::take(&mut self.buffer);
        }
        Some(response)
    }

    fn chunked(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let end = loop {
                if let Some(at) = self.buffer.windows(2).position(|window| window == b"\r\n") {
                    break at;
                }
                self.fill()?;
            };
            let line: Vec<u8> = self.buffer.drain(..end + 2).take(end).collect();
            let size = usize::from_str_radix(std::str::from_utf8(&line).unwrap(), 16).unwrap();
            let chunk = self.take(size + 2)?;
            if size == 0 {
                return Some(body);
            }
            body.extend(&chunk[..size]);
        }
    }

    pub(crate) fn take(&mut self, bytes: usize) -> Option<Vec<u8>> {
        while self.buffer.len() < bytes {
            self.fill()?;
        }
        Some(self.buffer.drain(..bytes).collect())
    }

    fn fill(&mut self) -> Option<()> {
        let mut block = [0; 16 * 1024];
        match self.stream.read(&mut block) {
            Ok(0) => None,
            Ok(read) => {
                self.buffer.extend(&block[..read]);
                Some(())
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => None,
            Err(error) => panic!("reading a response: {error}"),
        }
    }
}

/// Sends a GET on a connection of its own.
pub(crate) fn get(address: SocketAddr, target: &str) -> Response {
    let mut raw = Raw::connect(address);
    raw.send(format!("GET {target} HTTP/1.1\r\nhost: test\r\n\r\n"));
    raw.response().expect("a response")
}

/// The status of the response to these bytes; none if the connection is closed without one.
pub(crate) fn status_of(address: SocketAddr, bytes: impl AsRef<[u8]>) -> Option<u16> {
    let mut raw = Raw::connect(address);
    raw.send(bytes);
    raw.response().map(|response| response.status)
}
