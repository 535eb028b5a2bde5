//! Somebody at the door: sends the requests of a script over HTTP/1.1 and reads the replies.
//!
//! Keeps one connection and the cookies of one visitor. Reaches loopback addresses only.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::loopback::Loopback;
use crate::request::Request;

/// A longer reply is an error.
const REPLY_BYTES_MAX: usize = 1024 * 1024;
/// A request without a full reply after this long is an error.
const REPLY_MS_MAX: u64 = 15_000;

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status code; `None` when the connection closed without one.
    pub status: Option<u16>,
    /// The body; for a raw request everything after the status line.
    pub body: Bytes,
}

impl Reply {
    /// Whether the body holds that text.
    #[must_use]
    pub fn contains(&self, text: &str) -> bool {
        text.is_empty() || self.body.windows(text.len()).any(|window| window == text.as_bytes())
    }
}

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
pub enum VisitError {
    /// Nobody listens there.
    #[error("failed to connect to {base}")]
    Connect {
        /// The base URL asked for.
        base: Loopback,
        /// What the system said.
        source: io::Error,
    },
    /// The reply did not end in time.
    #[error("no full reply within {REPLY_MS_MAX} ms")]
    TimedOut,
    /// The reply was no HTTP, too long, or broke off.
    #[error("failed to read the reply")]
    Reply(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The script holds a request that cannot be built.
    #[error("failed to build the request")]
    Request(#[from] http::Error),
}

/// One visitor with a connection and cookies.
#[derive(Debug)]
pub struct Visitor {
    base: Loopback,
    cookies: Vec<(String, String)>,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Visitor {
    /// A visitor without cookies; connects at the first request.
    #[must_use]
    pub const fn new(base: Loopback) -> Self {
        Self { base, cookies: Vec::new(), connection: None }
    }

    /// Sends one request and reads the whole reply.
    ///
    /// # Errors
    ///
    /// [`VisitError`]; a connection closed instead of a reply is a [`Reply`] without status, not an error.
    pub async fn send(&mut self, request: &Request) -> Result<Reply, VisitError> {
        let exchange = async {
            match request {
                Request::Raw(bytes) => self.send_raw(bytes).await,
                Request::Message { method, target, headers, body } => {
                    let message = self.message(method, target, headers, body)?;
                    self.send_message(message).await
                }
            }
        };
        let limit = Duration::from_millis(REPLY_MS_MAX);
        tokio::time::timeout(limit, exchange).await.unwrap_or(Err(VisitError::TimedOut))
    }

    fn message(
        &self,
        method: &str,
        target: &str,
        headers: &[(&'static str, String)],
        body: &[u8],
    ) -> Result<http::Request<Full<Bytes>>, VisitError> {
        let mut builder =
            http::Request::builder().method(method).uri(target).header(header::HOST, self.base.address().to_string());
        for (name, value) in headers {
            builder = builder.header(*name, value);
        }
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            builder = builder.header(header::COOKIE, pairs.join("; "));
        }
        Ok(builder.body(Full::new(Bytes::copy_from_slice(body)))?)
    }

    async fn send_message(&mut self, message: http::Request<Full<Bytes>>) -> Result<Reply, VisitError> {
        let (mut sender, fresh) = match self.kept_connection().await {
            Some(sender) => (sender, false),
            None => (self.connect().await?, true),
        };
        let mut sent = sender.send_request(message.clone()).await;
        if !fresh && sent.as_ref().is_err_and(hyper::Error::is_canceled) {
            // The other side closed the kept connection before anything was sent on it.
            sender = self.connect().await?;
            sent = sender.send_request(message).await;
        }
        let response = match sent {
            Ok(response) => response,
            Err(error) if error.is_parse() => return Err(VisitError::Reply(Box::new(error))),
            Err(_) => return Ok(Reply { status: None, body: Bytes::new() }),
        };
        self.remember_cookies(response.headers());
        let status = Some(response.status().as_u16());
        let body = Limited::new(response.into_body(), REPLY_BYTES_MAX).collect().await.map_err(VisitError::Reply)?;
        self.connection = Some(sender);
        Ok(Reply { status, body: body.to_bytes() })
    }

    async fn kept_connection(&mut self) -> Option<SendRequest<Full<Bytes>>> {
        let mut sender = self.connection.take()?;
        sender.ready().await.is_ok().then_some(sender)
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, VisitError> {
        let stream = crate::stream::HyperStream::new(self.open().await?);
        let handshake = http1::Builder::new().title_case_headers(true).handshake(stream).await;
        let (sender, connection) = handshake.map_err(|error| VisitError::Reply(Box::new(error)))?;
        // Ends with the sender; its failure reaches the sender as well.
        tokio::spawn(async move { drop(connection.await) });
        Ok(sender)
    }

    async fn open(&self) -> Result<TcpStream, VisitError> {
        let connect_error = |source| VisitError::Connect { base: self.base, source };
        let stream = TcpStream::connect(self.base.address()).await.map_err(connect_error)?;
        stream.set_nodelay(true).map_err(connect_error)?;
        Ok(stream)
    }

    /// Sends bytes on a connection of their own and reads until the other side closes or a first answer is there.
    async fn send_raw(&self, bytes: &[u8]) -> Result<Reply, VisitError> {
        let mut stream = self.open().await?;
        // The other side may close before it has read everything; what it said first still counts.
        drop(stream.write_all(bytes).await);
        let mut reply = Vec::new();
        let mut buffer = [0; 4096];
        while reply.len() < REPLY_BYTES_MAX && !reply.windows(4).any(|window| window == b"\r\n\r\n") {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(count) => reply.extend_from_slice(&buffer[..count]),
            }
        }
        Ok(Reply { status: status_of(&reply), body: reply.into() })
    }

    fn remember_cookies(&mut self, headers: &http::HeaderMap) {
        for value in headers.get_all(header::SET_COOKIE).iter().filter_map(|value: &HeaderValue| value.to_str().ok()) {
            let pair = value.split(';').next().unwrap_or_default();
            let Some((name, value)) = pair.split_once('=') else { continue };
            self.cookies.retain(|(known, _)| known != name);
            self.cookies.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
}

/// The status code of a raw reply; `None` where it does not begin with a status line.
fn status_of(reply: &[u8]) -> Option<u16> {
    let rest = reply.strip_prefix(b"HTTP/1.")?;
    std::str::from_utf8(rest.get(2..5)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::status_of;

    #[test]
    fn a_status_line_is_read_and_anything_else_is_none() {
        assert_eq!(status_of(b"HTTP/1.1 400 Bad Request\r\n"), Some(400));
        assert_eq!(status_of(b"HTTP/1.1 40"), None);
        assert_eq!(status_of(b""), None);
        assert_eq!(status_of(b"220 mail.example ESMTP"), None);
    }
}
