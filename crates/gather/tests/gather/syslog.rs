//! Syslog over real sockets: every framing, TLS with and without client certificates, hostile senders.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use sekisho_gather::{Gather, Stopper, stop};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio_rustls::TlsConnector;

use crate::world::{World, feed, until};

/// A receiver that runs.
struct Running {
    gather: Arc<Gather>,
    stopper: Stopper,
    task: tokio::task::JoinHandle<Result<(), sekisho_gather::GatherError>>,
}

impl Running {
    async fn start(world: &World, settings: serde_json::Value) -> Self {
        let gather = Arc::new(world.gather().unwrap());
        let (stopper, stopped) = stop();
        let (running, feed) = (Arc::clone(&gather), feed(settings));
        let task = tokio::spawn(async move { running.run(vec![feed], &stopped).await });
        until("a receiver that listens", || !gather.listening().is_empty() || task.is_finished()).await;
        Self { gather, stopper, task }
    }

    fn at(&self, protocol: &str) -> SocketAddr {
        self.gather.listening().into_iter().find(|(name, _)| *name == protocol).unwrap().1
    }

    async fn stored(&self, records: u64) {
        let count = || self.gather.counts().get("syslog").map_or(0, |counts| counts.stored_records);
        until(&format!("{records} records"), || count() >= records).await;
    }

    async fn stop(self) {
        self.stopper.stop();
        self.task.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn datagrams_and_connections_bring_messages() {
    let world = World::new();
    let settings = json!({"from": "syslog", "udp": "127.0.0.1:0", "tcp": "127.0.0.1:0"});
    let running = Running::start(&world, settings).await;
    until("both sockets", || running.gather.listening().len() == 2).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(b"<34>Oct 11 22:14:15 host su: password=x\n", running.at("syslog-udp")).await.unwrap();
    running.stored(1).await;
    let mut stream = TcpStream::connect(running.at("syslog-tcp")).await.unwrap();
    stream.write_all(b"6 <1>a\nb<2>line\n<3>not en").await.unwrap();
    running.stored(3).await;
    stream.write_all(b"ded").await.unwrap();
    drop(stream);
    running.stored(4).await;
    running.stop().await;
    assert_eq!(world.raws(), ["<34>Oct 11 22:14:15 host su: password=REDACTED", "<1>a\nb", "<2>line", "<3>not ended"]);
    assert!(world.kept().iter().all(|kept| kept.source == "syslog"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_senders_are_bounded_and_others_are_served() {
    let world = World::new();
    let settings = json!({"from": "syslog", "tcp": "127.0.0.1:0", "connections_max": 2, "message_bytes_max": 1000, "idle_ms": 600});
    let running = Running::start(&world, settings).await;
    let at = running.at("syslog-tcp");
    // A line without end is cut; a length that never comes holds nothing.
    let mut endless = TcpStream::connect(at).await.unwrap();
    endless.write_all(&vec![b'x'; 100_500]).await.unwrap();
    running.stored(100).await;
    let mut claims = TcpStream::connect(at).await.unwrap();
    claims.write_all(b"999999999 <1>").await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    // A third is turned away.
    let mut third = TcpStream::connect(at).await.unwrap();
    let mut byte = [0];
    let ended = tokio::time::timeout(Duration::from_secs(5), third.read(&mut byte)).await.unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)));
    // Those from whom nothing comes are let go, with what they sent.
    running.stored(102).await;
    let mut later = TcpStream::connect(at).await.unwrap();
    later.write_all(b"<9>fine\n").await.unwrap();
    running.stored(103).await;
    assert!(running.gather.counts()["syslog"].rejected >= 3);
    running.stop().await;
    let raws = world.raws();
    assert_eq!(raws.iter().filter(|raw| raw.starts_with('x')).map(String::len).sum::<usize>(), 100_500);
    assert!(raws.contains(&"<9>fine".to_owned()) && raws.contains(&"<1>".to_owned()));
}

/// A certificate for `localhost` and its key, in files.
fn certificate(folder: &std::path::Path, name: &str) -> (PathBuf, PathBuf) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    (certificate, key)
}

fn connector(server: &std::path::Path, client: Option<&(PathBuf, PathBuf)>) -> TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(server).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    let config = match client {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let certificate = CertificateDer::from_pem_file(certificate).unwrap();
            builder.with_client_auth_cert(vec![certificate], PrivateKeyDer::from_pem_file(key).unwrap()).unwrap()
        }
    };
    TlsConnector::from(Arc::new(config))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_only_those_with_a_certificate_may_send() {
    let folder = tempfile::tempdir().unwrap();
    let server = certificate(folder.path(), "server");
    let client = certificate(folder.path(), "client");
    let world = World::new();
    let files = json!({"certificate": server.0, "key": server.1, "client_authority": client.0});
    let settings = json!({"from": "syslog", "tls": "127.0.0.1:0", "tls_files": files});
    let running = Running::start(&world, settings).await;
    let at = running.at("syslog-tls");
    let name = ServerName::try_from("localhost").unwrap();
    let plain = TcpStream::connect(at).await.unwrap();
    let mut stream = connector(&server.0, Some(&client)).connect(name.clone(), plain).await.unwrap();
    stream.write_all(b"8 <1>known").await.unwrap();
    stream.shutdown().await.unwrap();
    running.stored(1).await;
    // Without a certificate the handshake, or what follows it, fails.
    let plain = TcpStream::connect(at).await.unwrap();
    if let Ok(mut stream) = connector(&server.0, None).connect(name, plain).await {
        _ = stream.write_all(b"<2>unknown\n").await;
        let mut byte = [0];
        assert!(stream.read(&mut byte).await.is_err());
    }
    let mut garbage = TcpStream::connect(at).await.unwrap();
    garbage.write_all(b"<3>without TLS\n").await.unwrap();
    until("two refusals", || running.gather.counts()["syslog"].rejected >= 2).await;
    running.stop().await;
    assert_eq!(world.raws(), ["<1>known"]);
}

#[tokio::test]
async fn settings_that_cannot_be_are_explained() {
    let world = World::new();
    for (settings, part) in [
        (json!({"from": "syslog"}), "udp"),
        (json!({"from": "syslog", "tls": "127.0.0.1:0"}), "certificate"),
        (json!({"from": "syslog", "udp": "192.0.2.1:1"}), "192.0.2.1"),
    ] {
        let error = world.run(&[feed(settings)]).await.err().unwrap();
        assert!(error.to_string().contains(part), "{error}");
    }
}
