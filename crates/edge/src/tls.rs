//! TLS towards clients: certificates by name, read from files, swapped whole when the files change.

mod certificates;
mod files;

use std::sync::Arc;

use rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;

use crate::settings::TlsFiles;

pub(crate) use certificates::Certificates;
pub(crate) use files::CertificateSet;
pub use files::{CertificateProblem, TlsError};

/// Whether an edge could serve TLS with these files, without starting one.
///
/// # Errors
///
/// With the problems of all pairs, the first of each.
pub fn check_certificates(files: &TlsFiles) -> Result<(), TlsError> {
    CertificateSet::read(files).map(drop)
}

/// Accepts TLS with the certificates `certificates` holds at the time of each handshake. TLS 1.2 at least; HTTP/2 first.
pub(crate) fn acceptor(certificates: Arc<Certificates>) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has cipher suites for TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}
