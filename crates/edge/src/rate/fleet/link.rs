//! A connection to the fleet's store: commands go out together, their replies come back together.
//!
//! It blocks, for a bounded time: only the thread that exchanges counts may use it.

use std::io::{self, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::{ClientConfig, ClientConnection, StreamOwned};
use rustls_pki_types::ServerName;

use super::endpoint::Endpoint;
use super::resp::{Reply, push_command, read_reply};

const CONNECT_TIMEOUT: Duration = Duration::from_millis(1_000);
/// How long a server may be silent before it counts as lost.
const SILENCE_TIMEOUT: Duration = Duration::from_millis(500);
/// How long the replies to one exchange may take to begin before the server counts as lost, however busy it seems.
const EXCHANGE_TIMEOUT: Duration = Duration::from_millis(2_000);
/// Bytes of all replies to one exchange. Those to 500 keys with all their buckets take less than a fifth.
const REPLIES_BYTES_MAX: usize = 16 << 20;

/// Why the store cannot be used now.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    /// The connection failed, or what comes is not the protocol.
    #[error("{0}")]
    Connection(#[from] io::Error),
    /// TLS could not be set up.
    #[error("{0}")]
    Tls(#[from] rustls::Error),
    /// The server refuses: its own words.
    #[error("the server refuses: {0}")]
    Refused(String),
    /// The server answers something else than was asked.
    #[error("the server answers something else than was asked")]
    Strange,
}

/// Written to see whether a server takes writes.
const PROBE: &[u8] = b"sekisho:rate:probe";

/// A stream, with or without TLS.
trait Duplex: Read + Write + Send {}
impl<T: Read + Write + Send> Duplex for T {}

/// A connection that is let in.
pub(super) struct Link {
    stream: BufReader<Box<dyn Duplex>>,
    /// How far the server's clock is ahead of ours, in milliseconds.
    pub(super) ahead_ms: i64,
}

/// Commands on their way out.
#[derive(Debug, Default)]
pub(super) struct Commands {
    bytes: Vec<u8>,
    count: usize,
}

impl Commands {
    pub(super) fn push(&mut self, words: &[&[u8]]) {
        push_command(&mut self.bytes, words);
        self.count += 1;
    }

    /// The commands as they go out.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.count = 0;
    }
}

impl Link {
    /// Connects, is let in, chooses the database, sees that it can be written to, and compares clocks; `now_ms` tells ours.
    pub(super) fn open(
        endpoint: &Endpoint,
        tls: Option<&Arc<ClientConfig>>,
        now_ms: impl Fn() -> u64,
    ) -> Result<Self, LinkError> {
        let mut link = Self { stream: BufReader::new(dial(endpoint, tls)?), ahead_ms: 0 };
        let mut commands = Commands::default();
        let database = endpoint.database.to_string();
        match (&endpoint.username, &endpoint.password) {
            (Some(username), Some(password)) => {
                commands.push(&[b"AUTH", username.as_bytes(), password.as_bytes()]);
            }
            (None, Some(password)) => commands.push(&[b"AUTH", password.as_bytes()]),
            (_, None) => {}
        }
        commands.push(&[b"SELECT", database.as_bytes()]);
        // A server that takes no writes, full or a replica, is of no use.
        commands.push(&[b"SET", PROBE, b"1", b"EX", b"60"]);
        link.exchange(&commands)?;
        link.compare_clocks(now_ms)?;
        Ok(link)
    }

    /// Finds out how far the server's clock is ahead.
    pub(super) fn compare_clocks(&mut self, now_ms: impl Fn() -> u64) -> Result<(), LinkError> {
        let mut commands = Commands::default();
        commands.push(&[b"TIME"]);
        let before_ms = now_ms();
        let replies = self.exchange(&commands)?;
        let [Reply::List(time)] = replies.as_slice() else { return Err(LinkError::Strange) };
        let parts: Vec<_> = time.iter().filter_map(Reply::number).collect();
        let &[seconds, microseconds] = parts.as_slice() else { return Err(LinkError::Strange) };
        // The server read its clock about half way through the exchange.
        let ours_ms = i64::try_from(before_ms / 2 + now_ms() / 2).unwrap_or(i64::MAX);
        self.ahead_ms = seconds.saturating_mul(1000).saturating_add(microseconds / 1000).saturating_sub(ours_ms);
        Ok(())
    }

    /// Sends commands and reads a reply to each.
    ///
    /// # Errors
    ///
    /// If the connection fails or a command is refused; then the connection must not be used again.
    pub(super) fn exchange(&mut self, commands: &Commands) -> Result<Vec<Reply>, LinkError> {
        let begun = Instant::now();
        let mut bytes = 0;
        let stream = self.stream.get_mut();
        stream.write_all(commands.bytes())?;
        stream.flush()?;
        let mut replies = Vec::with_capacity(commands.count);
        for _ in 0..commands.count {
            if begun.elapsed() > EXCHANGE_TIMEOUT {
                return Err(io::Error::from(io::ErrorKind::TimedOut).into());
            }
            match read_reply(&mut self.stream)? {
                Reply::Refused(words) => return Err(LinkError::Refused(printable(&words))),
                reply => {
                    bytes += reply.bytes();
                    if bytes > REPLIES_BYTES_MAX {
                        return Err(LinkError::Strange);
                    }
                    replies.push(reply);
                }
            }
        }
        if !self.stream.buffer().is_empty() {
            return Err(LinkError::Strange);
        }
        Ok(replies)
    }
}

fn dial(endpoint: &Endpoint, tls: Option<&Arc<ClientConfig>>) -> Result<Box<dyn Duplex>, LinkError> {
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in (endpoint.host.as_str(), endpoint.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
            Ok(tcp) => {
                tcp.set_nodelay(true)?;
                tcp.set_read_timeout(Some(SILENCE_TIMEOUT))?;
                tcp.set_write_timeout(Some(SILENCE_TIMEOUT))?;
                let Some(config) = tls else { return Ok(Box::new(tcp)) };
                let name = ServerName::try_from(endpoint.host.clone())
                    .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "the host is no name of a server"))?;
                let session = ClientConnection::new(Arc::clone(config), name)?;
                return Ok(Box::new(StreamOwned::new(session, tcp)));
            }
            Err(error) => failure = error,
        }
    }
    Err(failure.into())
}

/// A server's words, fit for a log.
fn printable(words: &str) -> String {
    words.chars().take(200).map(|char| if char.is_control() { ' ' } else { char }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says what it has, whatever is asked.
    struct Tape(io::Cursor<Vec<u8>>);

    impl Read for Tape {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.0.read(buf)
        }
    }

    impl Write for Tape {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            Ok(buf.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn large_replies_are_not_gathered_for_ever() {
        let item = [b"$4096\r\n".as_slice(), &[b'a'; 4096], b"\r\n"].concat();
        let list = [b"*1024\r\n".as_slice(), &item.repeat(1024)].concat();
        let exchanged = |lists: usize| {
            let tape: Box<dyn Duplex> = Box::new(Tape(io::Cursor::new(list.repeat(lists))));
            let mut commands = Commands::default();
            (0..lists).for_each(|_| commands.push(&[b"HGETALL", b"a"]));
            Link { stream: BufReader::new(tape), ahead_ms: 0 }.exchange(&commands).map(|replies| replies.len())
        };
        assert_eq!(exchanged(3).unwrap(), 3);
        assert!(matches!(exchanged(5), Err(LinkError::Strange)));
    }
}
