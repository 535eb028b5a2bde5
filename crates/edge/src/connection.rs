//! One client connection, from its first byte to its last.
//!
//! Everything about it happens in one task of one worker: PROXY protocol, TLS, the gate, hyper, requests, origins.

mod opening;
mod outlet;
mod serving;

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use http::header::{CONNECTION, UPGRADE};
use http::{HeaderValue, Response, request};
use tokio::time::Instant;

use crate::body::Source;
use crate::client::client_address;
use crate::fingerprint::Fingerprints;
use crate::http1::Heads;
use crate::server::Worker;
use crate::upstream::Switched;

pub(crate) use opening::serve;

/// What protects a connection.
#[derive(Debug)]
pub(crate) enum Security {
    /// Nothing.
    Clear,
    /// TLS; with the client's fingerprints, if its first message could be read.
    Tls(Option<Box<Fingerprints>>),
}

impl Security {
    /// Whether it is TLS.
    pub(crate) fn is_tls(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// The fingerprints of the client's TLS.
    pub(crate) fn fingerprints(&self) -> Option<&Fingerprints> {
        match self {
            Self::Tls(fingerprints) => fingerprints.as_deref(),
            Self::Clear => None,
        }
    }
}

/// What all requests of one connection share.
pub(crate) struct Peer {
    pub(crate) worker: Rc<Worker>,
    /// Who connected: through the PROXY protocol, whom the balancer named.
    pub(crate) address: SocketAddr,
    /// The same, as the value of a field.
    pub(crate) address_value: HeaderValue,
    /// The address it reached, if it could be told.
    pub(crate) local: Option<SocketAddr>,
    /// Whether its forwarding fields are believed.
    pub(crate) trusted: bool,
    /// Whether it speaks TLS, and as which client.
    pub(crate) security: Security,
    /// The gate's side channel; none with HTTP/2.
    pub(crate) heads: Option<Heads>,
    /// The origin's side of an upgrade, once it was accepted.
    switched: RefCell<Option<Switched>>,
    /// HTTP/2: requests whose response is not complete.
    open: Cell<u32>,
    /// HTTP/2: when a request came or was answered, or a client last took a part of a response.
    moved: Cell<Instant>,
    /// HTTP/2: whether the connection is to be closed as it is.
    cut: Cell<bool>,
}

/// Who is at the two ends of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    /// The client: through the PROXY protocol, whom the balancer named.
    client: SocketAddr,
    /// The address it reached, if it could be told.
    local: Option<SocketAddr>,
}

/// A request of an HTTP/2 connection, until it is answered.
pub(crate) struct OpenStream(Rc<Peer>);

impl OpenStream {
    pub(crate) fn new(peer: &Rc<Peer>) -> Self {
        peer.open.set(peer.open.get() + 1);
        peer.moved.set(Instant::now());
        Self(Rc::clone(peer))
    }

    /// The client took a part of the response.
    pub(crate) fn moved(&self) {
        self.0.moved.set(Instant::now());
    }
}

impl std::fmt::Debug for OpenStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenStream").field("of", &self.0.address).finish()
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.open.set(self.0.open.get() - 1);
        self.moved();
    }
}

impl Peer {
    fn new(worker: Rc<Worker>, ends: Ends, security: Security, heads: Option<Heads>) -> Rc<Self> {
        let Ends { client: address, local } = ends;
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        let value = HeaderValue::from_str(&address.ip().to_string()).expect("an address is visible ASCII");
        Rc::new(Self {
            trusted: worker.shared.trust.includes(address.ip()),
            worker,
            address,
            address_value: value,
            local,
            security,
            heads,
            switched: RefCell::new(None),
            open: Cell::new(0),
            moved: Cell::new(Instant::now()),
            cut: Cell::new(false),
        })
    }

    /// The client of a request: the peer, or whom it is trusted to name.
    pub(crate) fn client(&self, head: &request::Parts) -> IpAddr {
        client_address(self.address.ip(), &head.headers, &self.worker.shared.trust)
    }

    /// Accepts an upgrade for the client: once the response is sent, the two connections are joined.
    pub(crate) fn switch(&self, mut switched: Switched) -> Response<Source> {
        let (mut head, ()) = Response::new(()).into_parts();
        std::mem::swap(&mut head, &mut switched.head);
        let protocol = head.headers.remove(UPGRADE);
        crate::forward::to_client(&mut head);
        head.headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        if let Some(protocol) = protocol {
            head.headers.insert(UPGRADE, protocol);
        }
        if let Some(heads) = &self.heads {
            heads.resolve_upgrade(true);
        }
        *self.switched.borrow_mut() = Some(switched);
        Response::from_parts(head, Source::Empty)
    }

    /// Closes the connection with nothing more said on it.
    pub(crate) fn cut(&self) {
        self.cut.set(true);
    }

    fn take_switched(&self) -> Option<Switched> {
        self.switched.borrow_mut().take()
    }
}
