//! What an edge is told: listeners, routes, upstreams, whom to trust, limits.
//!
//! Plain, validated values: the binary maps its configuration file onto them, so nothing here reads a file, and nothing
//! here can be half right. What may change while the edge runs (rules, certificates, routes) is swapped whole through
//! [`crate::Running`].

mod limits;
mod origin;
mod pattern;

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use ipnet::IpNet;

pub use limits::{Limits, Tolerated};
pub use origin::{Origin, OriginError};
pub use pattern::{HostPattern, PathPrefix, PatternError};

/// All an edge needs to start, besides its rules.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where clients are served. At least one.
    pub listeners: Vec<Listener>,
    /// Where metrics and health are served; nowhere if none.
    pub admin: Option<SocketAddr>,
    /// Worker threads; one a core if none.
    pub workers: Option<NonZeroUsize>,
    /// Which requests go where.
    pub routes: Vec<Route>,
    /// Which peers are believed about the client behind them.
    pub trust: Trust,
    /// What happens to a request when its inspection fails.
    pub on_fault: OnFault,
    /// The named limits.
    pub limits: Limits,
}

/// One address to listen on.
#[derive(Debug, Clone)]
pub struct Listener {
    /// The address; port 0 takes any free one.
    pub address: SocketAddr,
    /// Certificates, if it speaks TLS.
    pub tls: Option<TlsFiles>,
    /// Peers that open each connection with a PROXY protocol header, and must; others are served without. Empty: none.
    pub proxy_protocol_from: Vec<IpNet>,
}

/// The certificates of a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificate chains and keys. The first serves clients that name no known host.
    pub pairs: Vec<CertificateFiles>,
}

/// One certificate chain and its key, both PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The chain, the server's own certificate first.
    pub chain: PathBuf,
    /// The private key: PKCS#8, PKCS#1 or SEC1.
    pub key: PathBuf,
}

/// Requests to one host pattern and path prefix, and where they go.
#[derive(Debug, Clone)]
pub struct Route {
    /// The hosts.
    pub host: HostPattern,
    /// The paths.
    pub path: PathPrefix,
    /// Where to.
    pub target: Target,
}

/// Where the requests of a route go.
#[derive(Debug, Clone)]
pub enum Target {
    /// To a service.
    Upstream(Arc<Upstream>),
    /// To files under a directory.
    Pages {
        /// The directory.
        directory: PathBuf,
    },
}

/// A service: one or more origins that give the same answers.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// Its name in logs and metrics.
    pub name: String,
    /// The origins, used in turn. At least one.
    pub origins: Vec<Origin>,
    /// What is spoken to them.
    pub protocol: Protocol,
    /// What the `Host` field carries.
    pub host: HostField,
    /// A path that answers 2xx or 3xx while an origin is well, asked each [`Limits::health_interval_ms`].
    pub health_path: Option<String>,
    /// A PEM file of the certificate authorities `https` origins are checked against; the Web's if none.
    pub authorities: Option<PathBuf>,
}

/// What is spoken to an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// HTTP/1.1; over TLS, whichever of the two the origin picks.
    #[default]
    Auto,
    /// HTTP/1.1.
    Http1,
    /// HTTP/2, with prior knowledge where there is no TLS.
    Http2,
}

/// What the `Host` field carries towards an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HostField {
    /// What the client sent.
    #[default]
    Client,
    /// The origin's own authority.
    Origin,
}

/// Whom to believe about the client.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Peers whose forwarding fields are believed.
    pub proxies: Vec<IpNet>,
    /// The field they report the client in.
    pub field: TrustedField,
}

impl Trust {
    /// Whether `address` is a trusted proxy.
    #[must_use]
    pub fn includes(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|net| net.contains(&address))
    }
}

/// The field trusted proxies report the client in. Only one is believed: a proxy that writes one may pass on the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TrustedField {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded`, RFC 7239.
    Forwarded,
}

/// What happens to a request when its inspection fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFault {
    /// It is refused.
    #[default]
    Closed,
    /// It goes on, uninspected.
    Open,
}
