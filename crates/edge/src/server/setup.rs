//! From settings to what runs: every problem found, none left for later.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use super::shared::{Listening, Place};
use crate::http1;
use crate::listen;
use crate::pages::Pages;
use crate::route::RouteTable;
use crate::settings::{Limits, Listener, Route, Target};
use crate::tls::{CertificateSet, Certificates, TlsError, acceptor};
use crate::upstream::{Cluster, ClusterError};

/// Why an edge cannot be started, or its routes not be changed.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// There is nothing to listen on.
    #[error("no address to listen on")]
    NoListener,
    /// An address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Certificates cannot be used.
    #[error("certificates for {address}")]
    Tls {
        /// The address they are for.
        address: SocketAddr,
        /// Why.
        source: TlsError,
    },
    /// A directory of pages cannot be served.
    #[error("cannot serve pages from {}", directory.display())]
    Pages {
        /// The directory.
        directory: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An upstream cannot be used.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// A thread cannot be started.
    #[error("cannot start a thread")]
    Thread(#[source] io::Error),
}

/// A listener and its sockets, one a worker.
pub(super) struct Bound {
    pub(super) listening: Arc<Listening>,
    pub(super) address: SocketAddr,
    pub(super) sockets: Vec<TcpListener>,
}

/// Binds a listener for `workers` workers.
pub(super) fn bind(listener: &Listener, workers: usize) -> Result<Bound, SetupError> {
    let address = listener.address;
    let certificates = match &listener.tls {
        None => None,
        Some(files) => {
            let set = CertificateSet::read(files).map_err(|source| SetupError::Tls { address, source })?;
            Some((files.clone(), Arc::new(Certificates::new(set))))
        }
    };
    let listen_error = |source| SetupError::Listen { address, source };
    let sockets = listen::bind(address, workers).map_err(listen_error)?;
    let bound = sockets.first().map(TcpListener::local_addr).transpose().map_err(listen_error)?;
    let listening = Listening {
        tls: certificates.as_ref().map(|(_, certificates)| acceptor(Arc::clone(certificates))),
        certificates,
        proxy_protocol_from: listener.proxy_protocol_from.clone(),
    };
    Ok(Bound { listening: Arc::new(listening), address: bound.unwrap_or(address), sockets })
}

/// Sets up the targets of all routes.
pub(super) fn routes(routes: &[Route], limits: &Limits) -> Result<RouteTable<Place>, SetupError> {
    RouteTable::new(routes, |route| {
        let place = match &route.target {
            Target::Upstream(upstream) => Place::Cluster(Cluster::new(Arc::clone(upstream))?),
            Target::Pages { directory } => {
                let pages = Pages::new(directory, limits.page_bytes_max)
                    .map_err(|source| SetupError::Pages { directory: directory.clone(), source })?;
                Place::Pages { pages, prefix: route.path.as_str().to_owned() }
            }
        };
        Ok(Arc::new(place))
    })
}

/// The gate's share of the limits.
pub(super) fn gate_limits(limits: &Limits) -> http1::Limits {
    http1::Limits {
        head_bytes_max: limits.head_bytes_max,
        headers_max: limits.headers_max,
        target_bytes_max: limits.uri_bytes_max,
        length_beside_chunked: limits.tolerated.length_beside_chunked,
        connect: limits.tolerated.connect,
        ..http1::Limits::default()
    }
    .within_ceilings()
}

/// The gate's share of the time-outs.
pub(super) fn gate_timeouts(limits: &Limits) -> http1::Timeouts {
    http1::Timeouts {
        head_timeout_ms: limits.head_timeout_ms,
        idle_timeout_ms: limits.idle_timeout_ms,
        body_idle_timeout_ms: limits.body_idle_timeout_ms,
        ..http1::Timeouts::default()
    }
}
