//! What the gate lets pass is read by hyper with the same boundaries: as many requests, the same bodies.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use proptest::prelude::*;
use sekisho_edge::http1::{BodyFraming, Gate, HeadReport, Limits, Timeouts};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::vectors::{self, Outcome, frame};

/// A request as the service behind hyper saw it.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    target: String,
    /// None if the body ended in an error.
    body: Option<Vec<u8>>,
}

/// Sends `bytes` through gate and hyper. What the service saw, and what the client got.
async fn serve(bytes: Vec<u8>) -> (Vec<Seen>, Vec<u8>) {
    let (mut client, server) = tokio::io::duplex(1 << 20);
    let (gate, heads) = Gate::new(server, Limits::default(), Timeouts::default());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&seen);
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let arrival = heads.next().expect("every request has a report");
        let record = Arc::clone(&record);
        async move {
            let mut response = Response::new(Empty::<Bytes>::new());
            match &arrival.report {
                HeadReport::Malformed(refused) => *response.status_mut() = refused.reason.status(),
                HeadReport::Well(head) => {
                    if request.method() == Method::CONNECT {
                        // A 2xx would make a tunnel.
                        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
                    }
                    assert_eq!(head.method(), request.method().as_str().as_bytes());
                    assert_eq!(head.fields().len(), request.headers().len());
                    let target = String::from_utf8(head.target().to_vec()).unwrap();
                    let body = request.into_body().collect().await.map(|body| body.to_bytes().to_vec());
                    record.lock().unwrap().push(Seen { target, body: body.ok() });
                }
            }
            Ok::<_, Infallible>(response)
        }
    });
    let mut builder = http1::Builder::new();
    Limits::default().configure(&mut builder);
    // Clients here say all they have to say and then listen; without this hyper takes that for leaving.
    builder.half_close(true);
    let connection = async move {
        // A failed body makes the connection fail too; what matters is what was seen and answered.
        let _ = builder.serve_connection(gate, service).await;
    };
    let exchange = async move {
        client.write_all(&bytes).await.unwrap();
        client.shutdown().await.unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        answer
    };
    let ((), answer) = tokio::join!(connection, exchange);
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    (seen, answer)
}

fn serve_now(bytes: Vec<u8>) -> (Vec<Seen>, Vec<u8>) {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(serve(bytes))
}

/// What the service should have seen, going by the framer alone.
fn expected(outcome: &Outcome) -> Vec<Seen> {
    let seen = outcome.passed.iter().map(|passed| {
        let target = String::from_utf8(passed.head[passed.index.target()].to_vec()).unwrap();
        let body = passed.body.as_ref().map(|body| match passed.index.framing() {
            BodyFraming::Chunked => vectors::join_chunks(body),
            BodyFraming::Length(_) | BodyFraming::None => body.clone(),
        });
        Seen { target, body }
    });
    seen.collect()
}

#[test]
fn well_formed_requests_are_seen_as_framed() {
    for vector in vectors::wellformed() {
        let (seen, answer) = serve_now(vector.bytes());
        let bodies: Vec<_> = seen.into_iter().map(|seen| seen.body.expect("a whole body")).collect();
        assert_eq!(bodies, vector.bodies(), "{}", vector.name);
        let status: &[u8] = if vector.name == "connect" { b" 405 " } else { b" 200 " };
        assert!(answer.starts_with(b"HTTP/1.") && answer[8..].starts_with(status), "{}", vector.name);
    }
}

#[test]
fn malformed_heads_are_answered_and_never_seen() {
    for vector in vectors::malformed().into_iter().filter(|vector| vector.place == vectors::Place::Head) {
        let (seen, answer) = serve_now(vector.bytes());
        assert_eq!(seen, [], "{}", vector.name);
        let status_line = format!("HTTP/1.1 {} ", vector.status);
        assert!(answer.starts_with(status_line.as_bytes()), "{}: {}", vector.name, answer.escape_ascii());
    }
}

#[test]
fn malformed_bodies_never_become_whole() {
    for vector in vectors::malformed().into_iter().filter(|vector| vector.place == vectors::Place::Body) {
        let (seen, _) = serve_now(vector.bytes());
        assert_eq!(seen, [Seen { target: "/".into(), body: None }], "{}", vector.name);
    }
}

/// Requests of which some are changed in one octet, as an attacker would look for what two parsers read differently.
fn traffic() -> impl Strategy<Value = Vec<u8>> {
    let short =
        |vectors: Vec<Vec<u8>>| -> Vec<Vec<u8>> { vectors.into_iter().filter(|bytes| bytes.len() < 1_000).collect() };
    let wellformed = short(vectors::wellformed().iter().map(vectors::WellformedVector::bytes).collect());
    let malformed = short(vectors::malformed().iter().map(vectors::MalformedVector::bytes).collect());
    let vector = prop_oneof![6 => prop::sample::select(wellformed), 1 => prop::sample::select(malformed)];
    let octet = prop_oneof![
        Just(b'\r'),
        Just(b'\n'),
        Just(b' '),
        Just(b'\t'),
        Just(b':'),
        Just(b';'),
        Just(b','),
        Just(b'0'),
        Just(b'\0'),
        any::<u8>(),
    ];
    let change = (0..4_u8, any::<prop::sample::Index>(), octet);
    let request = (vector, prop::option::weighted(0.3, change)).prop_map(|(mut bytes, change)| {
        if let Some((kind, place, octet)) = change {
            let place = place.index(bytes.len());
            match kind {
                0 => bytes[place] = octet,
                1 => bytes.insert(place, octet),
                2 => drop(bytes.remove(place)),
                _ => bytes.truncate(place),
            }
        }
        bytes
    });
    prop::collection::vec(request, 1..4).prop_map(|requests| requests.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hyper_sees_what_was_framed(bytes in traffic()) {
        let outcome = frame(Limits::default(), [&bytes[..]]);
        // A tunnel ends this comparison: no service here accepts one.
        prop_assume!(!outcome.passed.iter().any(|passed| passed.index.upgrades()));
        let (seen, _) = serve_now(bytes);
        prop_assert_eq!(seen, expected(&outcome));
    }
}
