//! A new connection to an origin, TLS included.

use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{ClusterError, Endpoint, Fault};
use crate::settings::{Limits, Protocol, Upstream};
use crate::stream::Stream;

/// Why a file of certificate authorities is of no use.
#[derive(Debug, thiserror::Error)]
pub enum AuthoritiesError {
    /// It cannot be read as PEM.
    #[error("cannot be read as PEM certificates")]
    Pem(#[from] rustls_pki_types::pem::Error),
    /// One of them is no authority.
    #[error("hold one that is unusable")]
    Certificate(#[from] rustls::Error),
    /// It holds none.
    #[error("hold no certificate")]
    Empty,
}

/// The TLS side of an upstream.
#[derive(Clone)]
pub(super) struct Connectors {
    /// Offers what the upstream's protocol says.
    preferred: TlsConnector,
    /// Offers HTTP/1.1 only: for upgrades and health checks.
    http1: TlsConnector,
}

/// The TLS side of an upstream; none if all its origins are in the clear.
pub(super) fn connector(upstream: &Upstream) -> Result<Option<Connectors>, ClusterError> {
    if !upstream.origins.iter().any(|origin| origin.tls()) {
        return Ok(None);
    }
    let mut config = client_config(upstream.authorities.as_deref()).map_err(|source| ClusterError::Authorities {
        name: upstream.name.clone(),
        path: upstream.authorities.clone().unwrap_or_default(),
        source,
    })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let http1 = TlsConnector::from(Arc::new(config.clone()));
    match upstream.protocol {
        Protocol::Auto => config.alpn_protocols.insert(0, b"h2".to_vec()),
        Protocol::Http1 => {}
        Protocol::Http2 => config.alpn_protocols = vec![b"h2".to_vec()],
    }
    Ok(Some(Connectors { preferred: TlsConnector::from(Arc::new(config)), http1 }))
}

/// TLS as a client of a server whose certificate these authorities vouch for; the Web's if none are given.
pub(crate) fn client_config(authorities: Option<&Path>) -> Result<rustls::ClientConfig, AuthoritiesError> {
    let roots = match authorities {
        None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
        Some(path) => read_authorities(path)?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has cipher suites for TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth())
}

fn read_authorities(path: &Path) -> Result<RootCertStore, AuthoritiesError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path)? {
        roots.add(certificate?)?;
    }
    if roots.is_empty() { Err(AuthoritiesError::Empty) } else { Ok(roots) }
}

/// Connects; true if HTTP/2 is to be spoken.
pub(super) async fn connect(endpoint: &Endpoint, limits: &Limits) -> Result<(Stream, bool), Fault> {
    let connecting = async {
        let tcp = dial(endpoint).await?;
        let Some(tls) = &endpoint.tls else {
            return Ok((Stream::Tcp(tcp), endpoint.protocol == Protocol::Http2));
        };
        let stream = tls.preferred.connect(server_name(endpoint)?, tcp).await?;
        let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok((Stream::Tls(Box::new(stream)), http2))
    };
    within(connecting, limits).await
}

/// Connects for HTTP/1.1, whatever the upstream's protocol.
pub(super) async fn http1_only(endpoint: &Endpoint, limits: &Limits) -> Result<Stream, Fault> {
    let connecting = async {
        let tcp = dial(endpoint).await?;
        let Some(tls) = &endpoint.tls else { return Ok(Stream::Tcp(tcp)) };
        let stream = tls.http1.connect(server_name(endpoint)?, tcp).await?;
        Ok(Stream::Tls(Box::new(stream)))
    };
    within(connecting, limits).await
}

async fn within<T>(connecting: impl Future<Output = io::Result<T>>, limits: &Limits) -> Result<T, Fault> {
    let timeout_ms = limits.upstream_connect_timeout_ms;
    match tokio::time::timeout(Duration::from_millis(timeout_ms), connecting).await {
        Ok(outcome) => outcome.map_err(Fault::Connect),
        Err(_) => Err(Fault::ConnectTimeout { timeout_ms }),
    }
}

async fn dial(endpoint: &Endpoint) -> io::Result<TcpStream> {
    let (host, port) = (endpoint.origin.host(), endpoint.origin.port());
    let tcp = match host.parse::<IpAddr>() {
        Ok(address) => TcpStream::connect((address, port)).await?,
        Err(_) => TcpStream::connect((host, port)).await?,
    };
    tcp.set_nodelay(true)?;
    Ok(tcp)
}

fn server_name(endpoint: &Endpoint) -> io::Result<ServerName<'static>> {
    ServerName::try_from(endpoint.origin.host().to_owned())
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))
}
