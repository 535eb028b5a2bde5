//! The shop on a socket: accepts connections, reads bounded requests, hands them to the counter.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::counter::{Answer, Counter};
use crate::database::Books;
use crate::files::Sandbox;
use crate::loopback::{Loopback, LoopbackError};
use crate::stream::HyperStream;

/// A request line with its headers; larger ones are answered 431.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// A form or a payment; larger ones are answered 413.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// Connections served at once; the rest wait in the listen queue.
const CONNECTIONS_MAX: usize = 256;
/// A connection is closed after this long, whatever it does.
const CONNECTION_MS_MAX: u64 = 10 * 60 * 1000;
/// Rest after a failed accept (out of file descriptors), so that the loop does not spin.
const ACCEPT_RETRY_MS: u64 = 50;

/// The sample shop.
#[derive(Debug, Clone, Copy)]
pub struct Shop;

/// Why the shop did not open.
#[derive(Debug, thiserror::Error)]
pub enum ShopError {
    /// The address is not on this machine.
    #[error(transparent)]
    Address(#[from] LoopbackError),
    /// The port could not be taken.
    #[error("failed to listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The temporary folder with the downloads could not be written.
    #[error("failed to lay out the download folder")]
    Files(#[source] io::Error),
    /// The tables could not be written.
    #[error("failed to open the shop's database")]
    Database(#[source] rusqlite::Error),
}

impl Shop {
    /// Takes the port and lays out the shop; nobody is served before the returned future is polled.
    ///
    /// Returns the address taken (port 0 asks for any free one) and the future that serves for as long as it is
    /// polled. It runs on any tokio runtime with I/O and time enabled.
    ///
    /// # Errors
    ///
    /// [`ShopError::Address`] for any address but a loopback one, and the failures of the system.
    pub fn bind(address: SocketAddr) -> Result<(SocketAddr, impl Future<Output = io::Result<()>> + Send), ShopError> {
        let address = Loopback::new(address)?.address();
        let listen_error = |source| ShopError::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(listen_error)?;
        listener.set_nonblocking(true).map_err(listen_error)?;
        let bound = listener.local_addr().map_err(listen_error)?;
        let files = Sandbox::new().map_err(ShopError::Files)?;
        let books = Books::new().map_err(ShopError::Database)?;
        Ok((bound, serve(listener, Arc::new(Counter::new(books, files)))))
    }
}

async fn serve(listener: TcpListener, counter: Arc<Counter>) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    // Dropping the set ends the connections with the shop.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let place = Arc::clone(&places).acquire_owned().await.expect("the semaphore is never closed");
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(ACCEPT_RETRY_MS)).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        let counter = Arc::clone(&counter);
        connections.spawn(async move {
            serve_connection(stream, counter).await;
            drop(place);
        });
    }
}

async fn serve_connection(stream: TcpStream, counter: Arc<Counter>) {
    let service = service_fn(move |request| serve_request(request, Arc::clone(&counter)));
    let connection =
        http1::Builder::new().max_buf_size(HEAD_BYTES_MAX).serve_connection(HyperStream::new(stream), service);
    // A visitor who breaks off or talks nonsense is no concern of the shop; hyper has answered what it could.
    drop(tokio::time::timeout(Duration::from_millis(CONNECTION_MS_MAX), connection).await);
}

async fn serve_request(request: Request<Incoming>, counter: Arc<Counter>) -> hyper::Result<Answer> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_BYTES_MAX).collect().await else {
        return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE));
    };
    let visit = Request::from_parts(head, body.to_bytes());
    let answer = tokio::task::spawn_blocking(move || counter.serve(&visit)).await;
    Ok(answer.unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR)))
}

fn plain(status: StatusCode) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from_static(b"")));
    *answer.status_mut() = status;
    answer
}
