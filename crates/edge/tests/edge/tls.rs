//! TLS: certificates by name, changed while running, and towards origins.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use sekisho_edge::settings::{CertificateFiles, TlsFiles};

use crate::support::{Origin, Setup, TestEdge};

/// Writes a new self-signed certificate for `host`.
fn certificate(folder: &Path, name: &str, host: &str) -> (CertificateFiles, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(vec![host.to_owned()]).unwrap();
    let files = CertificateFiles { chain: folder.join(format!("{name}.pem")), key: folder.join(format!("{name}.key")) };
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    std::fs::write(&files.chain, made.cert.pem()).unwrap();
    (files, made.cert.der().clone())
}

/// Asks over TLS, trusting only `trusted`. The error is that of the handshake.
fn ask(address: SocketAddr, host: &str, trusted: &CertificateDer<'static>) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connection = ClientConnection::new(Arc::new(config), ServerName::try_from(host.to_owned()).unwrap()).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(address)?);
    stream.write_all(format!("GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").as_bytes())?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    Ok(response)
}

fn serve(origin: &Origin, pairs: Vec<CertificateFiles>) -> TestEdge {
    let mut setup = Setup::to(&[origin.address]);
    setup.settings.listeners[0].tls = Some(TlsFiles { pairs });
    setup.limits(|limits| limits.tls_reload_interval_ms = 20).start()
}

#[test]
fn each_host_gets_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let (first, first_trust) = certificate(folder.path(), "first", "first.example");
    let (second, second_trust) = certificate(folder.path(), "second", "second.example");
    let origin = Origin::start();
    let edge = serve(&origin, vec![first, second]);
    assert!(ask(edge.address(), "first.example", &first_trust).unwrap().starts_with("HTTP/1.1 200"));
    assert!(ask(edge.address(), "second.example", &second_trust).unwrap().starts_with("HTTP/1.1 200"));
    assert!(ask(edge.address(), "second.example", &first_trust).is_err());
    assert_eq!(origin.seen()[0].all("x-forwarded-proto"), ["https"]);
}

#[test]
fn changed_files_are_taken_up_and_broken_ones_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let (files, old) = certificate(folder.path(), "a", "a.example");
    let origin = Origin::start();
    let edge = serve(&origin, vec![files.clone()]);
    assert!(ask(edge.address(), "a.example", &old).is_ok());

    let until = |done: &dyn Fn() -> bool| {
        let begun = Instant::now();
        while !done() {
            assert!(begun.elapsed() < Duration::from_secs(10), "the change takes effect");
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    std::fs::write(&files.chain, "no certificate").unwrap();
    let failed = "result=\"failure\"";
    let text = || edge.metrics.encode();
    until(&|| {
        text().lines().any(|line| line.contains("certificate") && line.contains("fail") && !line.ends_with(" 0"))
    });
    assert!(ask(edge.address(), "a.example", &old).is_ok(), "{failed}");

    let (_, new) = certificate(folder.path(), "a", "a.example");
    until(&|| ask(edge.address(), "a.example", &new).is_ok());
    assert!(ask(edge.address(), "a.example", &old).is_err());
}

#[test]
fn an_origin_over_tls_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let (files, _) = certificate(folder.path(), "origin", "localhost");
    let (others, _) = certificate(folder.path(), "others", "localhost");
    let behind = Origin::start();
    let origin = serve(&behind, vec![files.clone()]);
    let to_origin = |authorities: &Path| {
        let mut upstream = Setup::upstream(&[format!("https://localhost:{}", origin.address().port())]);
        upstream.authorities = Some(authorities.to_owned());
        Setup::to_upstream(upstream).start()
    };
    assert_eq!(crate::support::get(to_origin(&files.chain).address(), "/").status, 200);
    assert_eq!(behind.seen().len(), 1);
    assert_eq!(crate::support::get(to_origin(&others.chain).address(), "/").status, 503);
    assert_eq!(behind.seen().len(), 1);
}
