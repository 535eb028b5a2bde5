//! A certificate for `localhost` and loopback, made for one test.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// A self-signed certificate and its key, in PEM files.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate chain, PEM.
    pub certificate_path: PathBuf,
    /// The private key, PEM.
    pub key_path: PathBuf,
    /// The certificate in DER, for the client's list of trusted roots.
    pub der: Vec<u8>,
}

impl Certificate {
    /// Makes a new one and writes `NAME.crt` and `NAME.key` into `folder`, over older ones.
    ///
    /// # Errors
    ///
    /// When the files cannot be written.
    pub fn write(folder: &Path, name: &str) -> anyhow::Result<Self> {
        let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let made = rcgen::generate_simple_self_signed(names).context("failed to make a certificate")?;
        let certificate_path = folder.join(format!("{name}.crt"));
        let key_path = folder.join(format!("{name}.key"));
        fs::write(&certificate_path, made.cert.pem()).context("failed to write the certificate")?;
        fs::write(&key_path, made.signing_key.serialize_pem()).context("failed to write the key")?;
        Ok(Self { certificate_path, key_path, der: made.cert.der().to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::Certificate;

    #[test]
    fn the_files_hold_a_certificate_and_a_key() {
        let folder = tempfile::tempdir().unwrap();
        let made = Certificate::write(folder.path(), "shop").unwrap();
        let read = |path| std::fs::read_to_string(path).unwrap();
        assert!(read(&made.certificate_path).starts_with("-----BEGIN CERTIFICATE-----"));
        assert!(read(&made.key_path).contains("PRIVATE KEY-----"));
        assert_ne!(Certificate::write(folder.path(), "shop").unwrap().der, made.der);
    }
}
