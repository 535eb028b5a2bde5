//! Certificates and keys as files hold them.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring::sign::any_supported_type;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::settings::{CertificateFiles, TlsFiles};

/// What is wrong with a certificate or its key.
#[derive(Debug, thiserror::Error)]
pub enum CertificateProblem {
    /// The file cannot be read.
    #[error("cannot read it")]
    Read(#[source] std::io::Error),
    /// The file is no PEM, or holds nothing of the kind.
    #[error("not the PEM expected")]
    Pem(#[source] rustls_pki_types::pem::Error),
    /// The chain is empty.
    #[error("it holds no certificate")]
    Empty,
    /// The server's own certificate cannot be read.
    #[error("the first certificate is malformed")]
    Certificate(#[source] webpki::Error),
    /// The key is of no usable kind, or belongs to another certificate.
    #[error("the key does not fit")]
    Key(#[source] rustls::Error),
}

/// The problems of a set of certificate files: all of them, each with its file.
#[derive(Debug)]
pub struct TlsError {
    /// File and problem.
    pub problems: Vec<(PathBuf, CertificateProblem)>,
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot use the certificates")?;
        for (path, problem) in &self.problems {
            write!(f, "; {}: {problem}", path.display())?;
            if let Some(source) = std::error::Error::source(problem) {
                write!(f, ": {source}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for TlsError {}

/// Certificates by host name.
#[derive(Debug)]
pub(crate) struct CertificateSet {
    by_name: HashMap<String, Arc<CertifiedKey>>,
    first: Arc<CertifiedKey>,
    /// The files' content, to tell when it changes.
    content: Vec<[Vec<u8>; 2]>,
}

impl CertificateSet {
    /// Reads all files.
    ///
    /// # Errors
    ///
    /// With every problem of every file.
    pub(crate) fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        let mut problems = Vec::new();
        let (mut by_name, mut first, mut content) = (HashMap::new(), None, Vec::new());
        for pair in &files.pairs {
            match read_pair(pair) {
                Ok((key, names, bytes)) => {
                    content.push(bytes);
                    first.get_or_insert_with(|| Arc::clone(&key));
                    for name in names {
                        by_name.entry(name).or_insert_with(|| Arc::clone(&key));
                    }
                }
                Err(problem) => problems.push(problem),
            }
        }
        match first {
            Some(first) if problems.is_empty() => Ok(Self { by_name, first, content }),
            _ => Err(TlsError { problems }),
        }
    }

    /// Whether the files hold something else now. A file that cannot be read counts as changed: reading it all says why.
    pub(crate) fn is_stale(&self, files: &TlsFiles) -> bool {
        let held = files.pairs.iter().zip(&self.content);
        self.content.len() != files.pairs.len()
            || held.into_iter().any(|(pair, [chain, key])| {
                let same = |path: &Path, before: &[u8]| std::fs::read(path).is_ok_and(|now| now == before);
                !same(&pair.chain, chain) || !same(&pair.key, key)
            })
    }

    /// The certificate for a host: its own, then that of a wildcard, then the first.
    pub(super) fn find(&self, host: Option<&str>) -> Arc<CertifiedKey> {
        let named = host.and_then(|host| {
            let host = host.to_ascii_lowercase();
            let wildcard = || self.by_name.get(&format!("*.{}", host.split_once('.')?.1));
            self.by_name.get(&host).or_else(wildcard)
        });
        Arc::clone(named.unwrap_or(&self.first))
    }
}

type Pair = (Arc<CertifiedKey>, Vec<String>, [Vec<u8>; 2]);

fn read_pair(files: &CertificateFiles) -> Result<Pair, (PathBuf, CertificateProblem)> {
    let in_chain = |problem| (files.chain.clone(), problem);
    let in_key = |problem| (files.key.clone(), problem);
    let chain_bytes = std::fs::read(&files.chain).map_err(|error| in_chain(CertificateProblem::Read(error)))?;
    let key_bytes = std::fs::read(&files.key).map_err(|error| in_key(CertificateProblem::Read(error)))?;
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&chain_bytes)
        .collect::<Result<_, _>>()
        .map_err(|error| in_chain(CertificateProblem::Pem(error)))?;
    let own = chain.first().ok_or_else(|| in_chain(CertificateProblem::Empty))?;
    let names = webpki::EndEntityCert::try_from(own)
        .map_err(|error| in_chain(CertificateProblem::Certificate(error)))?
        .valid_dns_names()
        .map(str::to_ascii_lowercase)
        .collect();
    let key = PrivateKeyDer::from_pem_slice(&key_bytes).map_err(|error| in_key(CertificateProblem::Pem(error)))?;
    let key = any_supported_type(&key).map_err(|error| in_key(CertificateProblem::Key(error)))?;
    let certified = CertifiedKey::new(chain, key);
    match certified.keys_match() {
        // Of some kinds of key the public half cannot be told; then the handshake will show.
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {}
        Err(error) => return Err(in_key(CertificateProblem::Key(error))),
    }
    Ok((Arc::new(certified), names, [chain_bytes, key_bytes]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(folder: &Path, name: &str, hosts: &[&str]) -> CertificateFiles {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(hosts).unwrap();
        let files =
            CertificateFiles { chain: folder.join(format!("{name}.pem")), key: folder.join(format!("{name}.key")) };
        std::fs::write(&files.chain, made.cert.pem()).unwrap();
        std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
        files
    }

    #[test]
    fn the_certificate_is_chosen_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let files = TlsFiles {
            pairs: vec![
                pair(folder.path(), "first", &["first.example"]),
                pair(folder.path(), "wild", &["*.shop.example", "shop.example"]),
            ],
        };
        let set = CertificateSet::read(&files).unwrap();
        let found = |host| Arc::ptr_eq(&set.find(host), &set.first);
        assert!(found(None) && found(Some("first.example")) && found(Some("unknown.example")));
        assert!(!found(Some("SHOP.example")) && !found(Some("eu.shop.example")));
        assert!(found(Some("a.b.shop.example")));
    }

    #[test]
    fn every_problem_is_named_with_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut mixed = pair(folder.path(), "a", &["a.example"]);
        mixed.key = pair(folder.path(), "b", &["b.example"]).key;
        let missing = CertificateFiles { chain: folder.path().join("none.pem"), key: folder.path().join("none.key") };
        let mut garbled = pair(folder.path(), "c", &["c.example"]);
        garbled.chain = folder.path().join("garbled.pem");
        std::fs::write(&garbled.chain, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        let error = CertificateSet::read(&TlsFiles { pairs: vec![mixed, missing, garbled] }).unwrap_err();
        let files: Vec<_> =
            error.problems.iter().map(|(path, _)| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(files, ["b.key", "none.pem", "garbled.pem"], "{error}");
    }

    #[test]
    fn a_change_of_content_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let files = TlsFiles { pairs: vec![pair(folder.path(), "a", &["a.example"])] };
        let set = CertificateSet::read(&files).unwrap();
        assert!(!set.is_stale(&files));
        pair(folder.path(), "a", &["a.example"]);
        assert!(set.is_stale(&files));
    }
}
