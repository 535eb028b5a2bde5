//! A plain HTTP/1.1 client that keeps its connection, over any stream, and says exactly what went wrong.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, ensure};

const CONNECT_MS_MAX: u64 = 5_000;
const REPLY_MS_MAX: u64 = 20_000;
const HEAD_BYTES_MAX: u64 = 64 * 1024;
const BODY_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// One response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The header lines, as they came.
    pub head: String,
    /// The body without its transfer coding.
    pub body: String,
}

impl Reply {
    /// The value of a header, by its name in any case; the first of several.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// A connection that is kept from one request to the next.
#[derive(Debug)]
pub struct Client<S> {
    reader: BufReader<S>,
}

impl Client<TcpStream> {
    /// Connects without TLS.
    ///
    /// # Errors
    ///
    /// When nobody listens.
    pub fn open(address: SocketAddr) -> anyhow::Result<Self> {
        Ok(Self::over(connect(address)?))
    }

    /// Gets `path` on a connection of its own.
    ///
    /// # Errors
    ///
    /// As [`Client::open`] and [`Client::get`].
    pub fn get_once(address: SocketAddr, path: &str) -> anyhow::Result<Reply> {
        Self::open(address)?.get(path)
    }
}

impl<S: Read + Write> Client<S> {
    /// Speaks over a stream that is connected.
    pub fn over(stream: S) -> Self {
        Self { reader: BufReader::new(stream) }
    }

    /// The stream below.
    pub fn stream(&self) -> &S {
        self.reader.get_ref()
    }

    /// The stream below, for those who go on without HTTP.
    #[must_use]
    pub fn into_stream(self) -> S {
        self.reader.into_inner()
    }

    /// Gets `path`, as a browser at `shop.example` would.
    ///
    /// # Errors
    ///
    /// See [`Client::ask`].
    pub fn get(&mut self, path: &str) -> anyhow::Result<Reply> {
        let head =
            format!("GET {path} HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\n\r\n");
        self.ask(head.as_bytes())
    }

    /// Sends a whole request and reads the response to it.
    ///
    /// # Errors
    ///
    /// When the connection ends, nothing comes within 20 s, or what comes is no response.
    pub fn ask(&mut self, request: &[u8]) -> anyhow::Result<Reply> {
        let stream = self.reader.get_mut();
        stream.write_all(request).context("failed to send the request")?;
        stream.flush().context("failed to send the request")?;
        self.read()
    }

    /// Reads the next response.
    ///
    /// # Errors
    ///
    /// See [`Client::ask`].
    pub fn read(&mut self) -> anyhow::Result<Reply> {
        let line = self.line()?;
        let status = line.get(9..12).and_then(|digits| digits.parse().ok());
        let status = status.with_context(|| format!("no status line: {line:?}"))?;
        let mut reply = Reply { status, head: String::new(), body: String::new() };
        loop {
            let line = self.line()?;
            if line == "\r\n" {
                break;
            }
            reply.head.push_str(&line);
        }
        let bytes = if reply.header("transfer-encoding").is_some() {
            self.chunks()?
        } else {
            let length = reply.header("content-length").map_or(Ok(0), str::parse).context("no length")?;
            self.exactly(length)?
        };
        reply.body = String::from_utf8_lossy(&bytes).into_owned();
        Ok(reply)
    }

    fn chunks(&mut self) -> anyhow::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line()?;
            let size = u64::from_str_radix(line.trim_end(), 16).with_context(|| format!("no chunk size: {line:?}"))?;
            body.extend(self.exactly(size)?);
            ensure!(self.line()? == "\r\n", "a chunk or the body does not end where it should");
            if size == 0 {
                return Ok(body);
            }
        }
    }

    fn exactly(&mut self, bytes: u64) -> anyhow::Result<Vec<u8>> {
        ensure!(bytes <= BODY_BYTES_MAX, "a body of {bytes} bytes");
        let mut body = vec![0; usize::try_from(bytes)?];
        self.reader.read_exact(&mut body).context("the connection ended within a body")?;
        Ok(body)
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        let mut limited = self.reader.by_ref().take(HEAD_BYTES_MAX);
        limited.read_line(&mut line).context("failed to read a reply")?;
        ensure!(line.ends_with("\r\n"), "the connection ended: {line:?}");
        Ok(line)
    }
}

/// Connects, with a limit on how long anything may take.
pub(crate) fn connect(address: SocketAddr) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, Duration::from_millis(CONNECT_MS_MAX))
        .with_context(|| format!("failed to connect to {address}"))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_millis(REPLY_MS_MAX)))?;
    stream.set_write_timeout(Some(Duration::from_millis(REPLY_MS_MAX)))?;
    Ok(stream)
}
