//! The gate with hyper behind it: order, bodies, upgrades, and what the service is told.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use sekisho_edge::http1::{
    BodyFraming, Gate, HeadReport, Heads, InService, Limits, Malformed, Protocol, Rewind, Timeouts, sniff,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::vectors;

/// A client of a service that answers each request with what it knows of it.
pub(crate) struct Client {
    pub(crate) stream: DuplexStream,
    pub(crate) told: Arc<Mutex<Vec<String>>>,
}

pub(crate) fn connect(timeouts: Timeouts) -> Client {
    let (stream, server) = tokio::io::duplex(1 << 20);
    let (gate, heads) = Gate::new(server, Limits::default(), timeouts);
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let service = service_fn(move |request| answer(request, heads.clone(), Arc::clone(&tell)));
    let mut builder = http1::Builder::new();
    Limits::default().configure(&mut builder);
    builder.auto_date_header(false);
    let connection = builder.serve_connection(gate, service).with_upgrades();
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Client { stream, told }
}

async fn answer(
    mut request: Request<hyper::body::Incoming>,
    heads: Heads,
    told: Arc<Mutex<Vec<String>>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let arrival = heads.next().expect("every request has a report");
    let tell = |what: String| told.lock().unwrap().push(what);
    let mut response = Response::new(Full::default());
    match arrival.report {
        HeadReport::Malformed(refused) => {
            tell(format!("refused {} | {}", refused.reason, refused.raw.escape_ascii()));
            *response.status_mut() = refused.reason.status();
        }
        HeadReport::Well(head) if head.index().upgrades() && head.target() == b"/tunnel" => {
            heads.resolve_upgrade(true);
            let upgrade = hyper::upgrade::on(&mut request);
            tokio::spawn(echo(upgrade, arrival.in_service));
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            response.headers_mut().insert("connection", "upgrade".parse().unwrap());
            response.headers_mut().insert("upgrade", "echo".parse().unwrap());
        }
        HeadReport::Well(head) => {
            let path = String::from_utf8_lossy(head.target()).into_owned();
            if path == "/slow" {
                let gave_up = GaveUp(Arc::clone(&told));
                tokio::time::sleep(std::time::Duration::from_mins(5)).await;
                std::mem::forget(gave_up);
            }
            tell(format!("{path} {:?}", vectors::fields(&head)));
            heads.recycle(head);
            match request.into_body().collect().await {
                Ok(body) => *response.body_mut() = Full::new(body.to_bytes()),
                Err(error) => {
                    let reason = Malformed::behind(&error).copied();
                    tell(reason.map_or_else(|| error.to_string(), |reason| format!("body {reason}")));
                    *response.status_mut() = reason.map_or(StatusCode::BAD_REQUEST, Malformed::status);
                }
            }
        }
    }
    Ok(response)
}

/// Tells that a service was given up.
struct GaveUp(Arc<Mutex<Vec<String>>>);

impl Drop for GaveUp {
    fn drop(&mut self) {
        self.0.lock().unwrap().push("gave up".into());
    }
}

async fn echo(upgrade: hyper::upgrade::OnUpgrade, _in_service: InService) {
    let gate = upgrade.await.unwrap().downcast::<Gate<DuplexStream>>().unwrap();
    assert!(gate.read_buf.is_empty(), "hyper was given bytes of the tunnel");
    let mut gate = gate.io;
    let mut bytes = [0; 64];
    loop {
        let mut buf = hyper::rt::ReadBuf::new(&mut bytes);
        let read = |cx: &mut std::task::Context<'_>| {
            hyper::rt::Read::poll_read(std::pin::Pin::new(&mut gate), cx, buf.unfilled())
        };
        std::future::poll_fn(read).await.unwrap();
        if buf.filled().is_empty() {
            return;
        }
        let mut rest = buf.filled();
        while !rest.is_empty() {
            let write =
                |cx: &mut std::task::Context<'_>| hyper::rt::Write::poll_write(std::pin::Pin::new(&mut gate), cx, rest);
            rest = &rest[std::future::poll_fn(write).await.unwrap()..];
        }
    }
}

impl Client {
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Reads one response whose length is given; its status and body.
    pub(crate) async fn response(&mut self) -> (u16, String) {
        let head = self.until(b"\r\n\r\n").await;
        let status = head[9..12].parse().unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
        let mut body = vec![0; length.parse().unwrap()];
        self.stream.read_exact(&mut body).await.unwrap();
        (status, String::from_utf8(body).unwrap())
    }

    pub(crate) async fn until(&mut self, end: &[u8]) -> String {
        let mut bytes = Vec::new();
        while !bytes.ends_with(end) {
            bytes.push(self.stream.read_u8().await.unwrap());
        }
        String::from_utf8(bytes).unwrap()
    }

    /// Reads to the end of the connection.
    pub(crate) async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        self.stream.read_to_end(&mut bytes).await.unwrap();
        String::from_utf8(bytes).unwrap()
    }

    pub(crate) fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn the_service_gets_names_and_order_as_received() {
    let mut client = connect(Timeouts::default());
    client.send(b"GET /a HTTP/1.1\r\nHOST: shop\r\nx-B: 2\r\nX-a: 1\r\nX-b: 3\r\n\r\n").await;
    assert_eq!(client.response().await.0, 200);
    assert_eq!(client.told(), [r#"/a [("HOST", "shop"), ("x-B", "2"), ("X-a", "1"), ("X-b", "3")]"#]);
}

#[tokio::test]
async fn a_malformed_request_is_answered_in_its_turn_and_is_the_last() {
    let mut client = connect(Timeouts::default());
    let well = "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
    let bad = "GET /2 HTTP/1.1\nHost: a\n\n";
    let never = "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n";
    client.send(format!("{well}{bad}{never}").as_bytes()).await;
    assert_eq!(client.response().await, (200, "hi".into()));
    assert_eq!(client.response().await, (400, String::new()));
    assert_eq!(client.rest().await, "");
    assert_eq!(
        client.told(),
        [
            r#"/1 [("Host", "a"), ("Content-Length", "2")]"#,
            r"refused bare line feed in the request line | GET /2 HTTP/1.1\nHost: a\n\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n"
        ]
    );
}

#[tokio::test]
async fn a_malformed_body_fails_its_stream_and_closes_the_connection() {
    let mut client = connect(Timeouts::default());
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nGET /").await;
    assert_eq!(client.response().await.0, 400);
    assert_eq!(client.rest().await, "");
    assert_eq!(client.told()[1..], ["body invalid chunk size"]);
}

#[tokio::test]
async fn bodies_of_any_size_pass_whole_and_keep_the_connection() {
    let mut client = connect(Timeouts::default());
    let body = "0123456789abcdef".repeat(40_000);
    let chunked = format!("{:x};x=y\r\n{body}\r\n0\r\nDigest: x\r\n\r\n", body.len());
    for (framing, sent) in
        [(format!("Content-Length: {}", body.len()), &body), ("Transfer-Encoding: chunked".into(), &chunked)]
    {
        client.send(format!("POST / HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n{sent}").as_bytes()).await;
        let (status, echoed) = client.response().await;
        assert_eq!(status, 200);
        assert!(echoed == body, "{framing}: {} bytes came back", echoed.len());
    }
}

#[tokio::test]
async fn many_requests_come_one_by_one_however_they_are_sent() {
    let mut client = connect(Timeouts::default());
    let requests: String = (0..200).map(|n| format!("GET /{n} HTTP/1.1\r\nHost: a\r\n\r\n")).collect();
    client.send(requests.as_bytes()).await;
    for _ in 0..200 {
        assert_eq!(client.response().await.0, 200);
    }
    let paths: Vec<_> = client.told().iter().map(|told| told.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(paths, (0..200).map(|n| format!("/{n}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_accepted_upgrade_passes_everything_untouched() {
    let mut client = connect(Timeouts::default());
    let head = b"GET /tunnel HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
    // The first bytes of the tunnel come before the answer, and would be malformed as a request.
    client.send(&[&head[..], b"\0\n\r"].concat()).await;
    assert_eq!(client.response().await.0, 101);
    client.send(b"later\n").await;
    assert_eq!(client.until(b"\n\rlater\n").await, "\0\n\rlater\n");
}

#[tokio::test]
async fn a_refused_upgrade_goes_on_as_requests() {
    let mut client = connect(Timeouts::default());
    let head = b"GET /no HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
    client.send(&[&head[..], b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"].concat()).await;
    assert_eq!(client.response().await.0, 200);
    assert_eq!(client.response().await.0, 200);
    client.send(b"GET /\0").await;
    assert_eq!(client.response().await.0, 400);
    assert_eq!(client.told().len(), 3);
}

#[tokio::test]
async fn after_a_closing_request_nothing_is_read_as_a_request() {
    let mut client = connect(Timeouts::default());
    client
        .send(b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /more HTTP/1.1\r\nHost: a\r\n\r\n")
        .await;
    assert_eq!(client.response().await.0, 200);
    assert_eq!(client.rest().await, "");
    assert_eq!(client.told(), [r#"/last [("Host", "a"), ("Connection", "close")]"#]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_is_noticed_while_it_is_served() {
    let mut client = connect(Timeouts::default());
    client.send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert!(client.told().is_empty());
    let told = Arc::clone(&client.told);
    drop(client);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(*told.lock().unwrap(), ["gave up"]);
}

#[tokio::test]
async fn a_refusal_reaches_a_client_that_is_still_sending() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (gate, heads) = Gate::new(stream, Limits::default(), Timeouts::default());
        let service = service_fn(move |request| answer(request, heads.clone(), Arc::default()));
        http1::Builder::new().serve_connection(gate, service).await
    });
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\n").await.unwrap();
    // The response is on its way while this is sent; closing over it would reset the connection.
    stream.write_all(&vec![b'x'; 512 * 1024]).await.unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.unwrap();
    assert!(response.starts_with(b"HTTP/1.1 400 "), "{}", response.escape_ascii());
    drop(stream);
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_protocol_is_sniffed_without_losing_a_byte() {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for (sent, protocol) in [
        (&[&preface[..], b"\0\0\0"].concat()[..], Protocol::Http2),
        (b"PRI * HTTP/2.0\r\n\r\nSX", Protocol::Http1),
        (b"POST / HTTP/1.1\r\n\r\n", Protocol::Http1),
        (b"PR", Protocol::Http1),
        (b"", Protocol::Http1),
    ] {
        let (mut client, server) = tokio::io::duplex(8);
        let send = async {
            client.write_all(sent).await.unwrap();
            client.shutdown().await.unwrap();
        };
        let receive = async {
            let mut sniffed = sniff(server, &Timeouts::default()).await.unwrap();
            let mut received = Vec::new();
            sniffed.io.read_to_end(&mut received).await.unwrap();
            (sniffed.protocol, received)
        };
        let ((), received) = tokio::join!(send, receive);
        assert_eq!(received, (protocol, sent.to_vec()), "{}", sent.escape_ascii());
    }
}

#[test]
fn a_gate_can_be_handed_to_an_upgraded_task() {
    fn assert_send<T: Send + Unpin + 'static>() {}
    assert_send::<Gate<Rewind<tokio::net::TcpStream>>>();
    assert_send::<Heads>();
    assert_send::<InService>();
    assert_eq!(BodyFraming::default(), BodyFraming::None);
}
