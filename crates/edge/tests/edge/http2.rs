//! HTTP/2 towards clients and origins, and between it and HTTP/1.1.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode};
use sekisho_edge::settings::Protocol;
use tokio::net::TcpStream;

use crate::support::{Origin, Setup, TestEdge, block_body, block_order, block_query};

/// Runs a client of HTTP/2.
fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let limited = async { tokio::time::timeout(Duration::from_secs(20), work).await };
    runtime.block_on(limited).expect("a test takes no longer")
}

type Sender = h2::client::SendRequest<Bytes>;

async fn connect(address: SocketAddr) -> Sender {
    let tcp = TcpStream::connect(address).await.unwrap();
    let (sender, connection) = h2::client::handshake(tcp).await.unwrap();
    tokio::spawn(connection);
    sender.ready().await.unwrap()
}

fn request(method: &str, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(format!("http://test.example{path}"))
}

/// Sends a request with a body and reads the response; none if the stream is reset.
async fn ask(sender: &mut Sender, request: http::request::Builder, body: &[u8]) -> Option<(StatusCode, Bytes)> {
    let (response, mut upload) = sender.send_request(request.body(()).unwrap(), body.is_empty()).ok()?;
    if !body.is_empty() {
        upload.send_data(Bytes::copy_from_slice(body), true).ok()?;
    }
    let (head, mut stream) = response.await.ok()?.into_parts();
    let mut content = Vec::new();
    while let Some(data) = stream.data().await {
        let data = data.ok()?;
        stream.flow_control().release_capacity(data.len()).unwrap();
        content.extend(data);
    }
    Some((head.status, content.into()))
}

#[test]
fn a_client_of_http2_is_served_from_an_origin_of_http1() {
    let origin = Origin::start();
    let edge = Setup::to(&[origin.address]).rules(block_body()).start();
    run(async {
        let mut sender = connect(edge.address()).await;
        let (status, content) = ask(&mut sender, request("GET", "/a?b"), b"").await.unwrap();
        assert_eq!((status.as_u16(), content.as_ref()), (200, b"GET /a?b HTTP/1.1 0".as_slice()));
        assert_eq!(ask(&mut sender, request("POST", "/"), b"fine").await.unwrap().0, 200);
        assert_eq!(ask(&mut sender, request("POST", "/"), b"an attack").await.unwrap().0, 403);
        assert_eq!(ask(&mut sender, request("POST", "/").header("te", "trailers"), b"fine").await.unwrap().0, 200);
    });
    let seen = origin.seen();
    assert_eq!((seen.len(), seen[1].body.as_slice()), (3, b"fine".as_slice()));
    assert_eq!((seen[0].all("host"), seen[0].field("x-forwarded-for")), (vec!["test.example"], Some("127.0.0.1")));
    let record = &edge.records()[0].1["httpRequest"];
    assert_eq!((record["httpVersion"].as_str(), record["host"].as_str()), (Some("HTTP/2.0"), Some("test.example")));
}

#[test]
fn rules_see_the_fields_in_their_order_and_the_authority_as_the_first() {
    let origin = Origin::start();
    let edge = Setup::to(&[origin.address]).rules(block_order("host:x-b:accept:x-a")).start();
    run(async {
        let mut sender = connect(edge.address()).await;
        let ordered = |names: [&'static str; 3]| {
            names.into_iter().fold(request("GET", "/"), |request, name| request.header(name, "v"))
        };
        assert_eq!(ask(&mut sender, ordered(["x-b", "accept", "x-a"]), b"").await.unwrap().0, 403);
        assert_eq!(ask(&mut sender, ordered(["x-a", "accept", "x-b"]), b"").await.unwrap().0, 200);
    });
}

#[test]
fn many_requests_share_a_connection() {
    let origin = Origin::start();
    let edge = Setup::to(&[origin.address]).rules(block_query()).start();
    run(async {
        let sender = connect(edge.address()).await;
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..100 {
            let mut sender = sender.clone().ready().await.unwrap();
            let query = if number % 2 == 0 { "attack" } else { "fine" };
            tasks.spawn(async move {
                let (status, _) = ask(&mut sender, request("GET", &format!("/{number}?{query}")), b"").await.unwrap();
                assert_eq!(status, if number % 2 == 0 { 403 } else { 200 });
            });
        }
        tasks.join_all().await;
    });
    assert_eq!(origin.seen().len(), 50);
}

#[test]
fn what_would_smuggle_into_http1_is_not_forwarded() {
    let origin = Origin::start();
    let edge = Setup::to(&[origin.address]).start();
    let hostile = [
        request("POST", "/").header("transfer-encoding", "chunked"),
        request("POST", "/").header("connection", "content-length"),
        request("GET", "/").header("upgrade", "h2c"),
        request("GET", "/").header("host", "other.example"),
        request("GET", "/").header("te", "chunked"),
        request("POST", "/").header("content-length", "3"),
        request("POST", "/").header("content-length", "1").header("content-length", "4"),
        request("GET", "/").header("x", HeaderValue::from_bytes(b" padded ").unwrap()),
    ];
    run(async {
        for hostile in hostile {
            // The body is four bytes, whatever the head says.
            let mut sender = connect(edge.address()).await;
            let debug = format!("{hostile:?}");
            match ask(&mut sender, hostile, b"body").await {
                None => {}
                Some((status, _)) => assert_eq!(status, 400, "{debug}"),
            }
        }
    });
    assert!(origin.seen().is_empty(), "{:?}", origin.seen());
}

/// An edge whose origin is another edge that speaks HTTP/2 to it.
fn chain(inner: &TestEdge) -> TestEdge {
    let mut upstream = Setup::upstream(&[format!("http://{}", inner.address())]);
    upstream.protocol = Protocol::Http2;
    Setup::to_upstream(upstream).start()
}

#[test]
fn an_origin_of_http2_serves_clients_of_both() {
    let origin = Origin::start();
    let inner = Setup::to(&[origin.address]).start();
    let outer = chain(&inner);
    let response = crate::support::get(outer.address(), "/a?b");
    assert_eq!((response.status, response.text()), (200, "GET /a?b HTTP/1.1 0"));
    run(async {
        let mut sender = connect(outer.address()).await;
        let body = vec![b'x'; 300_000];
        let (status, content) = ask(&mut sender, request("POST", "/"), &body).await.unwrap();
        assert_eq!((status.as_u16(), content.as_ref()), (200, b"POST / HTTP/1.1 300000".as_slice()));
    });
    let inner_versions: Vec<_> = inner
        .records()
        .iter()
        .map(|(_, record)| record["httpRequest"]["httpVersion"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(inner_versions, ["HTTP/2.0", "HTTP/2.0"]);
    let seen = &origin.seen()[0];
    assert_eq!(seen.all("host"), ["test"]);
}

#[test]
fn a_flood_of_resets_ends_the_connection() {
    let origin = Origin::start();
    let edge = Setup::to(&[origin.address]).start();
    run(async {
        let mut sender = connect(edge.address()).await;
        let mut ended = false;
        for _ in 0..5_000 {
            match sender.clone().ready().await {
                Ok(mut ready) => match ready.send_request(request("GET", "/").body(()).unwrap(), false) {
                    Ok((_, mut stream)) => stream.send_reset(h2::Reason::CANCEL),
                    Err(_) => ended = true,
                },
                Err(_) => ended = true,
            }
            if ended {
                break;
            }
            tokio::task::yield_now().await;
        }
        assert!(ended, "the connection is closed");
        sender = connect(edge.address()).await;
        assert_eq!(ask(&mut sender, request("GET", "/"), b"").await.unwrap().0, 200);
    });
}

#[test]
fn a_client_at_rest_is_told_to_go() {
    let origin = Origin::start();
    let edge = Setup::to(&[origin.address]).limits(|limits| limits.idle_timeout_ms = 300).start();
    run(async {
        let tcp = TcpStream::connect(edge.address()).await.unwrap();
        let (sender, connection) = h2::client::handshake(tcp).await.unwrap();
        let mut sender = sender.ready();
        let asking = async move {
            let mut ready = (&mut sender).await.unwrap();
            assert_eq!(ask(&mut ready, request("GET", "/"), b"").await.unwrap().0, 200);
            // Kept, so that it is the edge that ends the connection.
            std::future::pending::<()>().await;
        };
        tokio::select! {
            ended = connection => ended.unwrap(),
            () = asking => {}
        }
    });
}
