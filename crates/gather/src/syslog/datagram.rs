//! Syslog over UDP: a message a datagram.
//!
//! How many datagrams the system dropped because nobody read them in time stands in `/proc/net/udp`, in the line of the socket: the option
//! that would tell it with each datagram (`SO_RXQ_OVFL`) cannot be read without `unsafe`.

use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::mpsc::Sender;

use super::Messages;
use crate::counters::{SourceCounters, add};
use crate::error::GatherError;
use crate::stop::Stop;

/// Bytes of the largest datagram.
const DATAGRAM_BYTES_MAX: usize = 64 << 10;
/// Datagrams that are handed over together.
const TOGETHER_MAX: usize = 64;
/// How often dropped datagrams are counted.
const COUNTED_EVERY: Duration = Duration::from_millis(500);

pub(super) async fn receive(
    socket: UdpSocket,
    messages: Sender<Messages>,
    counters: Arc<SourceCounters>,
    mut stop: Stop,
) -> Result<(), GatherError> {
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    let mut drops = Drops::new(&socket);
    let mut count = tokio::time::interval(COUNTED_EVERY);
    loop {
        let received = tokio::select! {
            () = stop.stopped() => None,
            _ = count.tick() => {
                add(&counters.dropped_datagrams, drops.more());
                continue;
            }
            received = socket.recv(&mut buffer) => Some(received),
        };
        let Some(received) = received else {
            add(&counters.dropped_datagrams, drops.more());
            return Ok(());
        };
        let mut together = Vec::new();
        match received {
            Ok(bytes) => push(&buffer[..bytes], &mut together),
            // What a sender's machine says of an earlier answer is none of ours.
            Err(error) => tracing::debug!(%error, "a datagram could not be read"),
        }
        while together.len() < TOGETHER_MAX {
            match socket.try_recv(&mut buffer) {
                Ok(bytes) => push(&buffer[..bytes], &mut together),
                Err(_) => break,
            }
        }
        if !together.is_empty() && messages.send(together).await.is_err() {
            return Ok(());
        }
    }
}

fn push(datagram: &[u8], together: &mut Messages) {
    let end = datagram.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r' | 0)).map_or(0, |last| last + 1);
    if end > 0 {
        together.push(datagram[..end].to_vec());
    }
}

/// How many datagrams of a socket the system dropped.
struct Drops {
    path: &'static str,
    inode: String,
    known: u64,
}

impl Drops {
    fn new(socket: &UdpSocket) -> Self {
        let is_v6 = socket.local_addr().is_ok_and(|at| at.is_ipv6());
        let inode = rustix::fs::fstat(socket.as_fd()).map_or(0, |stat| stat.st_ino);
        let path = if is_v6 { "/proc/net/udp6" } else { "/proc/net/udp" };
        Self { path, inode: inode.to_string(), known: 0 }
    }

    /// Those since it was asked last; 0 where the system does not tell.
    fn more(&mut self) -> u64 {
        let table = std::fs::read_to_string(self.path).unwrap_or_default();
        let dropped = table.lines().find_map(|line| dropped(line, &self.inode)).unwrap_or(self.known);
        let more = dropped.saturating_sub(self.known);
        self.known = dropped;
        more
    }
}

/// The number of dropped datagrams in the line of a socket. Source: Linux, `net/ipv4/udp.c`, `udp4_format_sock`.
fn dropped(line: &str, inode: &str) -> Option<u64> {
    let mut fields = line.split_ascii_whitespace();
    let is_it = fields.nth(9) == Some(inode);
    is_it.then(|| fields.last()?.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropped_datagrams_stand_at_the_end_of_the_line() {
        let line = "  349: 0100007F:0202 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12345 2 0000000000000000 17";
        assert_eq!(dropped(line, "12345"), Some(17));
        assert_eq!(dropped(line, "1234"), None);
    }

    #[test]
    fn line_ends_of_a_datagram_are_no_part_of_the_message() {
        let mut together = Vec::new();
        push(b"<1>a\nb\r\n\0", &mut together);
        push(b"\n", &mut together);
        assert_eq!(together, [b"<1>a\nb"]);
    }
}
