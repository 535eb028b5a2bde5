//! TLS connections that trust exactly the certificates a test made.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use anyhow::Context;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::certificate::Certificate;
use crate::reply::{Client, connect};

/// A stream over TLS.
pub type TlsConnection = StreamOwned<ClientConnection, TcpStream>;

/// Connects with HTTP/1.1 over TLS, trusting `certificates` only.
///
/// # Errors
///
/// When nobody listens, or the handshake fails, as with a certificate that is none of those.
pub fn connect_tls(address: SocketAddr, certificates: &[&Certificate]) -> anyhow::Result<Client<TlsConnection>> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots.add(CertificateDer::from(certificate.der.clone())).context("failed to trust a certificate")?;
    }
    // Named, because other crates of the workspace bring another provider along.
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .context("ring speaks the default versions")?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").context("localhost is a name")?;
    let mut connection = ClientConnection::new(Arc::new(config), name).context("failed to set up TLS")?;
    let mut stream = connect(address)?;
    while connection.is_handshaking() {
        connection.complete_io(&mut stream).context("failed to shake hands")?;
    }
    Ok(Client::over(StreamOwned::new(connection, stream)))
}

impl Client<TlsConnection> {
    /// Whether the server showed this certificate.
    #[must_use]
    pub fn was_shown(&self, certificate: &Certificate) -> bool {
        let shown = self.stream().conn.peer_certificates().and_then(<[_]>::first);
        shown.is_some_and(|shown| shown.as_ref() == certificate.der)
    }
}
