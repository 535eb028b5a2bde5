//! The certificates of a listener while it runs.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::CertificateSet;

/// A set of certificates that is swapped while handshakes go on.
#[derive(Debug)]
pub(crate) struct Certificates(ArcSwap<CertificateSet>);

impl Certificates {
    pub(crate) fn new(set: CertificateSet) -> Self {
        Self(ArcSwap::from_pointee(set))
    }

    /// Puts another set in the place of the present one.
    pub(crate) fn swap(&self, set: CertificateSet) {
        self.0.store(Arc::new(set));
    }

    /// The present set.
    pub(crate) fn current(&self) -> Arc<CertificateSet> {
        self.0.load_full()
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load().find(hello.server_name()))
    }
}
