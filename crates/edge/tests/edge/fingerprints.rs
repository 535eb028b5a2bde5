//! JA3 and JA4 of real TLS clients, in records and in rules, however their bytes arrive.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};
use sekisho_edge::fingerprint::Fingerprints;
use sekisho_edge::settings::{CertificateFiles, TlsFiles};
use sekisho_waf::Decision;
use sekisho_waf::ir::{Action, Condition, Field, OnMissing, Operator, Oversize, Position, Rule, RuleKind, Test};

use crate::support::{Origin, Setup, TestEdge, get, rule_set};

/// What one client is like.
#[derive(Clone, Copy)]
struct Browser {
    versions: &'static [&'static SupportedProtocolVersion],
    protocols: &'static [&'static str],
    host: &'static str,
}

static NEWEST: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];
static OLDEST: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12];
static BOTH: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

static MODERN: Browser = Browser { versions: BOTH, protocols: &["http/1.1"], host: "shop.example" };

struct Shop {
    edge: TestEdge,
    trusted: CertificateDer<'static>,
    _origin: Origin,
}

fn shop(folder: &Path, rules: Vec<Rule>) -> Shop {
    let made = rcgen::generate_simple_self_signed(vec!["shop.example".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let files = CertificateFiles { chain: folder.join("chain.pem"), key: folder.join("key.pem") };
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    std::fs::write(&files.chain, made.cert.pem()).unwrap();
    let origin = Origin::start();
    let mut setup = Setup::to(&[origin.address]).rules(rule_set(rules));
    setup.settings.listeners[0].tls = Some(TlsFiles { pairs: vec![files] });
    Shop { edge: setup.start(), trusted: made.cert.der().clone(), _origin: origin }
}

impl Shop {
    /// Asks for a page as a client does, through `address`; the status line of the answer.
    fn ask(&self, address: SocketAddr, browser: Browser) -> String {
        let mut roots = RootCertStore::empty();
        roots.add(self.trusted.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(browser.versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = browser.protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let name = ServerName::try_from(browser.host).unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream = StreamOwned::new(connection, TcpStream::connect(address).unwrap());
        stream.write_all(b"GET / HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.lines().next().unwrap_or_default().to_owned()
    }

    /// The fingerprints in the last record.
    fn recorded(&self) -> [String; 2] {
        let records = self.edge.records();
        let (_, record) = records.last().unwrap();
        ["ja3Fingerprint", "ja4Fingerprint"].map(|name| record[name].as_str().unwrap().to_owned())
    }
}

/// Passes one connection on to `target`, the client's bytes `piece` at a time; keeps what the client sent.
fn relay(target: SocketAddr, piece: usize) -> (SocketAddr, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let sent = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&sent);
    thread::spawn(move || {
        let (client, _) = listener.accept().unwrap();
        let server = TcpStream::connect(target).unwrap();
        server.set_nodelay(true).unwrap();
        let (mut from_server, mut to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        let back = thread::spawn(move || {
            let _ended = std::io::copy(&mut from_server, &mut to_client);
            let _closed = to_client.shutdown(Shutdown::Both);
        });
        let (mut client, mut server) = (client, server);
        let mut buffer = [0; 4096];
        while let Ok(bytes @ 1..) = client.read(&mut buffer) {
            kept.lock().unwrap().extend_from_slice(&buffer[..bytes]);
            for part in buffer[..bytes].chunks(piece) {
                if server.write_all(part).is_err() {
                    break;
                }
            }
        }
        let _closed = server.shutdown(Shutdown::Write);
        back.join().unwrap();
    });
    (address, sent)
}

#[test]
fn records_tell_clients_apart() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path(), Vec::new());
    let ciphers = rustls::crypto::ring::default_provider().cipher_suites.len();
    // Where older versions are offered, one value more signals secure renegotiation (RFC 5746).
    let both = ciphers + 1;
    let cases = [
        (MODERN, format!("t13d{both:02}"), "h1_"),
        (Browser { protocols: &["http/1.1", "http/1.0"], ..MODERN }, format!("t13d{both:02}"), "h1_"),
        (Browser { protocols: &[], ..MODERN }, format!("t13d{both:02}"), "00_"),
        (Browser { host: "127.0.0.1", ..MODERN }, format!("t13i{both:02}"), "h1_"),
        (Browser { versions: NEWEST, ..MODERN }, format!("t13d{ciphers:02}"), "h1_"),
        (Browser { versions: OLDEST, ..MODERN }, format!("t12d{both:02}"), "h1_"),
    ];
    let mut seen = Vec::new();
    for (browser, begin, end) in cases {
        assert_eq!(shop.ask(shop.edge.address(), browser), "HTTP/1.1 200 OK");
        let [ja3, ja4] = shop.recorded();
        assert!(ja3.len() == 32 && ja3.bytes().all(|byte| byte.is_ascii_hexdigit()), "{ja3}");
        assert!(ja4.len() == 36 && ja4.starts_with(&begin) && ja4[8..].starts_with(end), "{ja4}: {begin} {end}");
        seen.push(ja4);
    }
    assert_eq!(seen[0], seen[1], "only the first protocol counts");
    assert!(seen[0] != seen[2] && seen[0] != seen[3] && seen[0] != seen[4] && seen[4] != seen[5]);
}

#[test]
fn bytes_that_dribble_in_make_the_same_fingerprint() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path(), Vec::new());
    for piece in [1, 7, 4096] {
        let (address, sent) = relay(shop.edge.address(), piece);
        assert_eq!(shop.ask(address, MODERN), "HTTP/1.1 200 OK");
        let found = Fingerprints::of(&sent.lock().unwrap()).unwrap();
        assert_eq!(shop.recorded()[1], found.ja4(), "{piece}");
    }
}

#[test]
fn a_rule_ends_the_requests_of_one_client_and_of_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let before = shop(folder.path(), Vec::new());
    before.ask(before.edge.address(), MODERN);
    let [_, ja4] = before.recorded();
    let rule = |on_missing| {
        let operator = Operator::Bytes { literal: ja4.clone().into_bytes(), position: Position::Exactly };
        let (field, oversize) = (Field::Ja4, Oversize::Continue);
        let when = Condition::Test(Test { field, transforms: Vec::new(), operator, oversize, on_missing });
        let (name, kind) = ("ja4".to_owned(), RuleKind::Match { when, action: Action::block().into() });
        Rule { visibility: name.as_str().into(), name, labels: Vec::new(), kind }
    };
    let shop = shop(folder.path(), vec![rule(OnMissing::NoMatch)]);
    assert_eq!(shop.ask(shop.edge.address(), MODERN), "HTTP/1.1 403 Forbidden");
    let other = Browser { protocols: &[], ..MODERN };
    assert_eq!(shop.ask(shop.edge.address(), other), "HTTP/1.1 200 OK");

    // A client in the clear has none: what the rule says of that holds.
    let origin = Origin::start();
    for (on_missing, decision) in [(OnMissing::Match, Decision::Block), (OnMissing::NoMatch, Decision::Allow)] {
        let edge = Setup::to(&[origin.address]).rules(rule_set(vec![rule(on_missing)])).start();
        get(edge.address(), "/");
        let (decided, record) = &edge.records()[0];
        assert_eq!(*decided, decision);
        assert!(record.get("ja4Fingerprint").is_none() && record.get("ja3Fingerprint").is_none(), "{record}");
    }
}
