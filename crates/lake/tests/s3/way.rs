//! A way to a server on which requests and answers are lost, late, cut off or refused, drawn from a seed.
//!
//! One request a connection. Conditional writes go through one after another: S3 decides about them one at a time, moto's server, which has threads, looks
//! first and writes then.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::random::Random;

/// Longer than any client here waits.
const HANGS: Duration = Duration::from_secs(3);
/// Slow, but in time.
const SLOW: Duration = Duration::from_millis(300);
/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Passes,
    /// 503 without being handed on.
    Refused,
    /// The connection is reset before the request is handed on.
    Reset,
    /// Nothing comes for longer than anyone waits; the request is not handed on.
    Swallowed,
    /// It takes effect, then the connection is reset.
    ResetAfter,
    /// It takes effect, and the answer is 500.
    FailedAfter,
    /// It takes effect, and the answer comes when nobody waits for it any more.
    LateAfter,
    /// Half of the answer comes.
    Cut,
    /// The answer takes its time.
    Slow,
    /// A conditional write is told that another is under way (409), and has no effect.
    Conflict,
}

use Fate::{Conflict, Cut, FailedAfter, LateAfter, Passes, Refused, Reset, ResetAfter, Slow, Swallowed};

/// All that goes wrong.
pub(crate) const FATES: [Fate; 9] =
    [Refused, Reset, ResetAfter, FailedAfter, Cut, Slow, Conflict, Swallowed, LateAfter];

#[derive(Debug)]
struct Chance {
    random: Random,
    /// One request in so many meets something; none if it is nought.
    one_in: u64,
    /// How often what came about.
    counts: [u64; FATES.len()],
    /// What happens to the next conditional write, whatever chance says.
    next: Option<Fate>,
    conditional: u64,
    /// Whether conditions are taken off, as some stores pass over them.
    unconditional: bool,
}

/// The way.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    pub(crate) at: SocketAddr,
    chance: Arc<Mutex<Chance>>,
}

impl Way {
    pub(crate) async fn open(to: SocketAddr, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let chance = Chance {
            random: Random::new(seed),
            one_in: 0,
            counts: [0; FATES.len()],
            next: None,
            conditional: 0,
            unconditional: false,
        };
        let way = Self { at: listener.local_addr().unwrap(), chance: Arc::new(Mutex::new(chance)) };
        let (opened, turn) = (way.clone(), Arc::new(tokio::sync::Mutex::new(())));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (way, turn) = (opened.clone(), Arc::clone(&turn));
                // Whoever asks may be gone before it is answered.
                tokio::spawn(async move { _ = way.pass(stream, to, &turn).await });
            }
        });
        way
    }

    /// From now on one request in so many meets something.
    pub(crate) fn fail(&self, one_in: u64) {
        self.chance.lock().unwrap().one_in = one_in;
    }

    /// From now on conditions are taken off.
    pub(crate) fn take_off_conditions(&self) {
        self.chance.lock().unwrap().unconditional = true;
    }

    /// The next conditional write meets this.
    pub(crate) fn fail_next(&self, fate: Fate) {
        self.chance.lock().unwrap().next = Some(fate);
    }

    /// Whether what was to happen next has happened.
    pub(crate) fn has_failed(&self) -> bool {
        self.chance.lock().unwrap().next.is_none()
    }

    /// What happened, and how often.
    pub(crate) fn counts(&self) -> Vec<(Fate, u64)> {
        FATES.into_iter().zip(self.chance.lock().unwrap().counts).collect()
    }

    /// Conditional writes that came by.
    pub(crate) fn conditional(&self) -> u64 {
        self.chance.lock().unwrap().conditional
    }

    fn fate(&self, is_conditional: bool) -> Fate {
        let mut chance = self.chance.lock().unwrap();
        chance.conditional += u64::from(is_conditional);
        let drawn = if is_conditional && chance.next.is_some() {
            chance.next.take()
        } else {
            let one_in = chance.one_in;
            let meets = one_in > 0 && chance.random.chance(one_in);
            let place = usize::try_from(chance.random.below(FATES.len() as u64)).unwrap();
            // What hangs costs whole seconds: it is rarer.
            let is_rare = matches!(FATES[place], Swallowed | LateAfter) && !chance.random.chance(6);
            let conflicts = is_conditional && chance.random.chance(3);
            meets.then_some(if conflicts { Conflict } else { FATES[place] }).filter(|_| conflicts || !is_rare)
        };
        let fate = drawn.filter(|fate| *fate != Conflict || is_conditional).unwrap_or(Passes);
        if let Some(place) = FATES.iter().position(|known| *known == fate) {
            chance.counts[place] += 1;
        }
        fate
    }

    async fn pass(&self, mut client: TcpStream, to: SocketAddr, turn: &tokio::sync::Mutex<()>) -> std::io::Result<()> {
        let unconditional = self.chance.lock().unwrap().unconditional;
        let request = read_request(&mut client, unconditional).await?;
        let is_conditional = request.starts_with(b"PUT ") && {
            let head = String::from_utf8_lossy(&request[..request.len().min(HEAD_BYTES_MAX)]).to_lowercase();
            head.contains("\r\nif-none-match:") || head.contains("\r\nif-match:")
        };
        let fate = self.fate(is_conditional);
        match fate {
            Refused => return answer(client, "503 Slow Down", "<Error><Code>SlowDown</Code></Error>").await,
            Conflict => {
                let code = "<Error><Code>ConditionalRequestConflict</Code></Error>";
                return answer(client, "409 Conflict", code).await;
            }
            Reset => return reset(client),
            Swallowed => {
                tokio::time::sleep(HANGS).await;
                return Ok(());
            }
            _ => {}
        }
        let in_turn = if is_conditional { Some(turn.lock().await) } else { None };
        let mut server = TcpStream::connect(to).await?;
        server.write_all(&request).await?;
        let mut answered = Vec::new();
        server.read_to_end(&mut answered).await?;
        drop(in_turn);
        match fate {
            ResetAfter => return reset(client),
            FailedAfter => {
                return answer(client, "500 Internal Server Error", "<Error><Code>InternalError</Code></Error>").await;
            }
            LateAfter => tokio::time::sleep(HANGS).await,
            Slow => tokio::time::sleep(SLOW).await,
            Cut => answered.truncate(answered.len() / 2),
            _ => {}
        }
        client.write_all(&answered).await?;
        client.shutdown().await
    }
}

/// The connection ends as if the other machine had lost its power.
fn reset(client: TcpStream) -> std::io::Result<()> {
    client.set_zero_linger()
}

async fn answer(mut client: TcpStream, status: &str, body: &str) -> std::io::Result<()> {
    let length = body.len();
    let said = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    client.write_all(said.as_bytes()).await?;
    client.shutdown().await
}

/// A whole request, made to be the only one of its connection.
async fn read_request(client: &mut TcpStream, unconditional: bool) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        let read = client.read_buf(&mut bytes).await?;
        if read == 0 || bytes.len() > HEAD_BYTES_MAX && end_of_head(&bytes).is_none() {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = head.lines().filter_map(|line| line.split_once(':'));
    let mut length =
        length.filter(|(name, _)| name.eq_ignore_ascii_case("content-length")).map(|(_, value)| value.trim());
    let length: usize = length.next_back().map_or(0, |value| value.parse().unwrap_or_default());
    assert!(!head.to_lowercase().contains("transfer-encoding:"), "a request in chunks: {head}");
    while bytes.len() < end + length {
        if client.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    let kept: String = head
        .split_inclusive("\r\n")
        .filter(|line| {
            let line = line.to_lowercase();
            let is_condition = unconditional && line.starts_with("if-none-match:");
            !line.starts_with("connection:") && line != "\r\n" && !is_condition
        })
        .collect();
    Ok([format!("{kept}connection: close\r\n\r\n").as_bytes(), &bytes[end..end + length]].concat())
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n")
}
