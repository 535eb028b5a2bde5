//! One request over a connection of its own, from an address of its own: that is how it is found again in logs.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result};
use socket2::{Domain, Socket, Type};

/// How long an answer may be waited for.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// Most of an answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// The status of the answer, or how there was none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Answer {
    Status(u16),
    /// Closed, or answered with what is no HTTP.
    Nothing,
    /// Nothing came in time.
    Silence,
}

/// The client address of request `number`: all of 127.0.0.0/8 is this machine.
pub(super) fn client_of(number: usize) -> Ipv4Addr {
    let number = u32::try_from(number).unwrap_or(u32::MAX) & 0x00ff_ffff;
    Ipv4Addr::from(0x7f00_0000 | (number + 256))
}

/// Sends `bytes` to `server` as request `number`, and reads the answer.
///
/// # Errors
///
/// If there is no connection.
pub(super) fn exchange(server: SocketAddr, number: usize, bytes: &[u8]) -> Result<Answer> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).context("open a socket")?;
    let client = SocketAddr::V4(SocketAddrV4::new(client_of(number), 0));
    socket.bind(&client.into()).with_context(|| format!("bind {client}"))?;
    socket.connect(&server.into()).with_context(|| format!("connect to {server}"))?;
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(ANSWER_TIMEOUT)).context("set a time-out")?;
    stream.set_write_timeout(Some(ANSWER_TIMEOUT)).context("set a time-out")?;
    // A server may answer and close before it has read everything.
    let _ = stream.write_all(bytes);
    Ok(read(&mut stream, bytes.starts_with(b"HEAD ")))
}

fn read(stream: &mut impl Read, is_head: bool) -> Answer {
    let mut answer = Vec::new();
    let mut part = [0; 16 * 1024];
    while answer.len() < ANSWER_BYTES_MAX && !is_whole(&answer, is_head) {
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(read) => answer.extend_from_slice(&part[..read]),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                return status(&answer).map_or(Answer::Silence, Answer::Status);
            }
            Err(_) => break,
        }
    }
    status(&answer).map_or(Answer::Nothing, Answer::Status)
}

/// The answer behind interim ones.
fn last(answer: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, rest) = (&answer[..end], &answer[end + 4..]);
    if head.starts_with(b"HTTP/1.1 1") { last(rest) } else { Some((head, rest)) }
}

fn status(answer: &[u8]) -> Option<u16> {
    let (head, _) = last(answer)?;
    let line = String::from_utf8_lossy(head.split(|byte| *byte == b'\r').next()?).into_owned();
    line.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()
}

fn is_whole(answer: &[u8], is_head: bool) -> bool {
    let Some((head, body)) = last(answer) else { return false };
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    if is_head {
        return true;
    }
    if head.contains("\r\ntransfer-encoding: chunked") {
        return body.ends_with(b"0\r\n\r\n");
    }
    let length = head.split("\r\n").find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    length.is_some_and(|length: usize| body.len() >= length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_final_status_is_read_and_nothing_is_waited_for() {
        let mut answer: &[u8] =
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nnomore";
        assert_eq!(read(&mut answer, false), Answer::Status(403));
        assert!(is_whole(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", false));
        assert!(!is_whole(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", false));
        assert_eq!(read(&mut b"".as_slice(), false), Answer::Nothing);
    }

    #[test]
    fn every_number_has_an_address_of_this_machine() {
        assert_eq!(client_of(0).to_string(), "127.0.1.0");
        assert_eq!(client_of(65_535).to_string(), "127.1.0.255");
    }
}
