//! Asks a running service at its admin address.
//!
//! One request a connection, in plain HTTP: the address is local or private. The answer is bounded in size and time.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Bytes of an answer, head and body.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the service may be silent.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(10);

/// What the service answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdminError {
    /// Nothing accepts connections there.
    #[error("nothing listens at {address}: is the service running, and is this its admin address?")]
    NotRunning {
        /// The address.
        address: SocketAddr,
    },
    /// The connection failed.
    #[error("failed to ask the service at {address}")]
    Connection {
        /// The address.
        address: SocketAddr,
        /// How.
        #[source]
        source: io::Error,
    },
    /// What came is no HTTP response.
    #[error("what listens at {address} is no admin address of sekisho")]
    NotHttp {
        /// The address.
        address: SocketAddr,
    },
}

/// Asks for `target`, a path with its query.
///
/// # Errors
///
/// If nothing listens at the address, the connection fails, or the answer is not HTTP. Any status is an answer.
pub(crate) fn get(address: SocketAddr, target: &str) -> Result<Answer, AdminError> {
    let answer = exchange(address, target).map_err(|source| match source.kind() {
        io::ErrorKind::ConnectionRefused => AdminError::NotRunning { address },
        _ => AdminError::Connection { address, source },
    })?;
    parse(&answer).ok_or(AdminError::NotHttp { address })
}

fn exchange(address: SocketAddr, target: &str) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, CONNECT_TIMEOUT)?;
    stream.set_read_timeout(Some(SILENCE_TIMEOUT))?;
    stream.set_write_timeout(Some(SILENCE_TIMEOUT))?;
    // HTTP/1.0: the end of the connection is the end of the body, whatever its length.
    write!(stream, "GET {target} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    Ok(answer)
}

fn parse(answer: &[u8]) -> Option<Answer> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, body: answer[end + 4..].to_vec() })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Asks a server that answers with `answer` whatever it is asked; also what it was asked.
    fn asked(answer: &'static [u8]) -> (Result<Answer, AdminError>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                request.extend(byte);
            }
            stream.write_all(answer).unwrap();
            String::from_utf8(request).unwrap()
        });
        (get(address, "/rate-keys?rule=a"), server.join().unwrap())
    }

    #[test]
    fn an_answer_has_a_status_and_a_body() {
        let (answer, request) = asked(b"HTTP/1.0 404 Not Found\r\ncontent-length: 6\r\n\r\n{\"a\":1");
        assert_eq!(answer.unwrap(), Answer { status: 404, body: b"{\"a\":1".to_vec() });
        assert!(request.starts_with("GET /rate-keys?rule=a HTTP/1.0\r\n"), "{request}");
    }

    #[test]
    fn says_when_nothing_or_something_else_listens() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert!(matches!(get(free, "/"), Err(AdminError::NotRunning { .. })));
        assert!(matches!(asked(b"SSH-2.0-x\r\n\r\n").0, Err(AdminError::NotHttp { .. })));
        assert!(matches!(asked(b"").0, Err(AdminError::NotHttp { .. })));
    }
}
