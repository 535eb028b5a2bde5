//! A connection to the reflecting backend: bytes of requests in, bytes of responses out.

use std::io::Write as _;

use sekisho_edge::http1::read::read;
use sekisho_edge::http1::{Framer, Limits, Malformed, Step};

use super::respond;
use crate::outcome::Response;

/// The requests of one connection, in their order.
#[derive(Debug)]
pub struct Connection {
    framer: Framer,
    /// Received, from the start of the request that is not complete.
    held: Vec<u8>,
    /// How many of the bytes held the framer has seen.
    seen: usize,
}

impl Default for Connection {
    fn default() -> Self {
        Self { framer: Framer::new(limits()), held: Vec::new(), seen: 0 }
    }
}

/// As much as an edge may send on.
fn limits() -> Limits {
    Limits { head_bytes_max: 65_535, headers_max: 1_000, target_bytes_max: 65_534, connect: true, ..Limits::default() }
}

impl Connection {
    /// Takes in `bytes`, and appends the responses to the requests that are complete. Whether the connection goes on.
    ///
    /// # Errors
    ///
    /// If the bytes are no well-formed requests.
    pub fn receive(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<bool, Malformed> {
        self.held.extend_from_slice(bytes);
        loop {
            let ends = match self.framer.step(&self.held[self.seen..])? {
                Step::More => return Ok(true),
                Step::Closed | Step::Tunnel { .. } => return Ok(false),
                Step::AwaitUpgrade => {
                    self.framer.resolve_upgrade(false);
                    continue;
                }
                Step::Drop { bytes } => {
                    self.held.drain(..bytes);
                    continue;
                }
                Step::Head { bytes } => {
                    self.seen += bytes;
                    !self.framer.is_in_body()
                }
                Step::Body { bytes, ends } => {
                    self.seen += bytes;
                    ends
                }
            };
            if ends {
                let closes = self.framer.index().closes();
                answer(&self.held[..self.seen], closes, out);
                self.held.drain(..self.seen);
                self.seen = 0;
                if closes {
                    return Ok(false);
                }
            }
        }
    }
}

/// Appends the response to a complete request.
fn answer(request: &[u8], closes: bool, out: &mut Vec<u8>) {
    let Ok(request) = read(request, limits()) else { return };
    let response = respond(request.method, request.parts.path_or_root(), &request.body);
    write(&response, request.method == b"HEAD", closes, out);
}

fn write(response: &Response, to_head: bool, closes: bool, out: &mut Vec<u8>) {
    let has_body = response.status >= 200 && !matches!(response.status, 204 | 304);
    // Writing to memory does not fail.
    let _ = write!(out, "HTTP/1.1 {} Reflected\r\n", response.status);
    for (name, value) in &response.headers {
        let _ = write!(out, "{name}: {value}\r\n");
    }
    let frames = |name: &str| response.header(name).is_some();
    if has_body && !frames("content-length") && !frames("transfer-encoding") {
        let _ = write!(out, "Content-Length: {}\r\n", response.body.len());
    }
    if closes {
        out.extend_from_slice(b"Connection: close\r\n");
    }
    out.extend_from_slice(b"\r\n");
    if has_body && !to_head {
        out.extend_from_slice(&response.body);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The responses to some bytes that come in two parts, and whether the connection goes on.
    fn receive(bytes: &str, cut: usize) -> (String, bool) {
        let mut connection = Connection::default();
        let mut out = Vec::new();
        let (first, second) = bytes.as_bytes().split_at(cut);
        let goes_on = connection.receive(first, &mut out).unwrap() && connection.receive(second, &mut out).unwrap();
        (String::from_utf8(out).unwrap(), goes_on)
    }

    #[test]
    fn requests_are_answered_in_their_order_however_they_come() {
        let requests = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n\
                        POST /reflect HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\
                        8\r\n{\"body\":\r\n8\r\n\"\\u003c\"\r\n1\r\n}\r\n0\r\n\r\n\
                        HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        let expected = "HTTP/1.1 200 Reflected\r\nContent-Length: 0\r\n\r\n\
                        HTTP/1.1 200 Reflected\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 1\r\n\r\n<\
                        HTTP/1.1 200 Reflected\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        for cut in [0, 10, 40, 100, 140, requests.len()] {
            assert_eq!(receive(requests, cut), (expected.to_owned(), false), "{cut}");
        }
        assert!(receive("GET /a HTTP/1.1\r\nHost: h\r\n\r\n", 0).1);
    }

    #[test]
    fn what_is_no_request_ends_the_connection() {
        assert!(Connection::default().receive(b"\x00", &mut Vec::new()).is_err());
    }
}
