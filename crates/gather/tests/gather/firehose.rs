//! Deliveries of Amazon Data Firehose over real connections: durable before they are answered, stored once, refused as the protocol says.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_disk::simulated::Plan;
use sekisho_gather::{Gather, Stopper, stop};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::world::{World, feed, gzip, until};

const KEY: &str = "a-long-access-key";

struct Endpoint {
    gather: Arc<Gather>,
    stopper: Stopper,
    task: tokio::task::JoinHandle<Result<(), sekisho_gather::GatherError>>,
    _folder: tempfile::TempDir,
}

impl Endpoint {
    async fn start(world: &World, more: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key");
        std::fs::write(&key, format!("{KEY}\n")).unwrap();
        let mut settings =
            json!({"from": "firehose", "source": "cloudtrail", "listen": "127.0.0.1:0", "access_key_file": key});
        settings.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        let gather = Arc::new(world.gather().unwrap());
        let (stopper, stopped) = stop();
        let (running, feed) = (Arc::clone(&gather), feed(settings));
        let task = tokio::spawn(async move { running.run(vec![feed], &stopped).await });
        until("an endpoint", || !gather.listening().is_empty()).await;
        Self { gather, stopper, task, _folder: folder }
    }

    fn at(&self) -> SocketAddr {
        self.gather.listening()[0].1
    }

    async fn deliver(&self, request: &str, body: &[u8], headers: &str) -> (u16, Value) {
        send(self.at(), &head(request, KEY, body.len(), headers), body).await.unwrap()
    }

    async fn stop(self) {
        self.stopper.stop();
        self.task.await.unwrap().unwrap();
    }
}

fn head(request: &str, key: &str, length: usize, headers: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Amz-Firehose-Protocol-Version: 1.0\r\nX-Amz-Firehose-Request-Id: {request}\r\n\
         X-Amz-Firehose-Access-Key: {key}\r\nContent-Length: {length}\r\n{headers}\r\n"
    )
}

/// The status and body of what is answered; none if the connection just ends.
async fn send(at: SocketAddr, head: &str, body: &[u8]) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(at).await.unwrap();
    // Who is refused early may not be read to the end.
    _ = stream.write_all(head.as_bytes()).await;
    _ = stream.write_all(body).await;
    let mut answer = Vec::new();
    _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    Some((status, serde_json::from_str(&body).unwrap_or(Value::Null)))
}

fn body(request: &str, records: &[Vec<u8>]) -> Vec<u8> {
    let records: Vec<_> = records.iter().map(|record| json!({"data": STANDARD.encode(record)})).collect();
    json!({"requestId": request, "timestamp": 1_795_348_800_000_u64, "records": records}).to_string().into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_is_stored_once_however_often_it_comes() {
    let world = World::new();
    let endpoint = Endpoint::start(&world, &json!({})).await;
    let from_log_group =
        json!({"messageType": "DATA_MESSAGE", "logEvents": [{"message": "{\"a\":4}"}, {"message": "{\"a\":5}"}]});
    let records = [
        b"{\"a\":1}\n{\"a\":2}".to_vec(),
        gzip(b"{\"Records\":[{\"a\":3}]}"),
        gzip(from_log_group.to_string().as_bytes()),
    ];
    let plain = body("one", &records);
    let (status, told) = endpoint.deliver("one", &plain, "").await;
    assert_eq!((status, &told["requestId"], told["timestamp"].is_u64()), (200, &json!("one"), true));
    let (status, _) =
        endpoint.deliver("two", &gzip(&body("two", &[b"{\"b\":1}".to_vec()])), "Content-Encoding: gzip\r\n").await;
    assert_eq!(status, 200);
    assert_eq!(endpoint.deliver("one", &plain, "").await.0, 200);
    assert_eq!(endpoint.gather.counts()["cloudtrail"].repeated, 1);
    endpoint.stop().await;
    // Also after a crash and a new start.
    let world = world.crashed(Plan::default());
    let endpoint = Endpoint::start(&world, &json!({})).await;
    assert_eq!(endpoint.deliver("one", &plain, "").await.0, 200);
    // After some hours nobody tries again; a number is forgotten.
    world.clock.advance_ms(4 * 3_600_000);
    assert_eq!(endpoint.deliver("three", &body("three", &[b"{\"c\":1}".to_vec()]), "").await.0, 200);
    assert_eq!(endpoint.deliver("two", &body("two", &[b"{\"b\":2}".to_vec()]), "").await.0, 200);
    endpoint.stop().await;
    assert_eq!(
        world.raws(),
        ["{\"a\":1}", "{\"a\":2}", "{\"a\":3}", "{\"a\":4}", "{\"a\":5}", "{\"b\":1}", "{\"c\":1}", "{\"b\":2}"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_delivery_is_refused_in_the_form_of_the_protocol() {
    let world = World::new();
    let limits = json!({"body_bytes_max": 100_000, "records_bytes_max": 200_000, "request_ms": 400});
    let endpoint = Endpoint::start(&world, &limits).await;
    let at = endpoint.at();
    let fine = body("r", &[b"{}".to_vec()]);
    let refused = |answer: Option<(u16, Value)>, status: u16| {
        let (found, told) = answer.unwrap();
        assert_eq!(found, status, "{told}");
        assert!(told["errorMessage"].is_string() && told["requestId"] == "r", "{told}");
    };
    refused(send(at, &head("r", "another-key", fine.len(), ""), &fine).await, 401);
    refused(send(at, &head("r", KEY, fine.len(), "").replace("POST / ", "POST /x "), &fine).await, 404);
    refused(send(at, &head("r", KEY, 0, "").replace("POST / ", "GET / "), b"").await, 405);
    refused(send(at, &head("r", KEY, 100_001, ""), b"").await, 413);
    refused(Some(endpoint.deliver("r", &body("other", &[]), "").await), 400);
    refused(Some(endpoint.deliver("r", b"{\"records\":", "").await), 400);
    refused(Some(endpoint.deliver("r", b"{\"requestId\":\"r\",\"records\":[{\"data\":\"%\"}]}", "").await), 400);
    refused(Some(endpoint.deliver("r", &fine, "Content-Encoding: br\r\n").await), 415);
    // Bombs: of the body, of a record.
    refused(Some(endpoint.deliver("r", &gzip(&vec![b' '; 2 << 20]), "Content-Encoding: gzip\r\n").await), 400);
    refused(Some(endpoint.deliver("r", &body("r", &[gzip(&vec![b' '; 2 << 20])]), "").await), 400);
    // A body that does not end: in chunks without end, or never coming.
    let chunked = head("r", KEY, 0, "Transfer-Encoding: chunked\r\n").replace("Content-Length: 0\r\n", "");
    let chunks = b"1000\r\n".iter().copied().chain([b' '; 0x1000]).chain(*b"\r\n").collect::<Vec<_>>().repeat(30);
    refused(send(at, &chunked, &chunks).await, 413);
    refused(send(at, &head("r", KEY, 1_000, ""), b"{").await, 408);
    // A head without end.
    let huge = head("r", KEY, 0, &format!("X-Long: {}\r\n", "x".repeat(200_000)));
    let answer = send(at, &huge, b"").await;
    assert!(answer.as_ref().is_none_or(|(status, _)| *status == 431), "{answer:?}");
    // It still works.
    assert_eq!(endpoint.deliver("r", &fine, "").await.0, 200);
    endpoint.stop().await;
    assert_eq!(world.raws(), ["{}"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_within_a_large_delivery_it_is_stored_once() {
    let records: Vec<Vec<u8>> = (0..300)
        .map(|n| format!("{{\"n\":{n},\"x\":\"{}\"}}\n{{\"n\":\"and {n}\"}}", "y".repeat(40_000)).into_bytes())
        .collect();
    let delivery = body("large", &records);
    let mut partly = 0;
    for at in 8..20 {
        let world = World::with(Plan { crash_at: Some(at), ..Plan::default() });
        let endpoint = Endpoint::start(&world, &json!({})).await;
        let at_once = {
            let (address, delivery) = (endpoint.at(), delivery.clone());
            tokio::spawn(async move { send(address, &head("large", KEY, delivery.len(), ""), &delivery).await })
        };
        until("an answer or a crash", || at_once.is_finished() || world.disk.is_crashed()).await;
        endpoint.stopper.stop();
        let first = at_once.await.unwrap();
        _ = endpoint.task.await.unwrap();
        let world = world.crashed(Plan::default());
        let before = world.raws().len();
        partly += usize::from(before > 0 && before < 600);
        if first.is_some_and(|(status, _)| status == 200) {
            assert_eq!(before, 600);
        }
        let endpoint = Endpoint::start(&world, &json!({})).await;
        assert_eq!(endpoint.deliver("large", &delivery, "").await.0, 200);
        endpoint.stop().await;
        let raws = world.raws();
        let expected: Vec<String> = records
            .iter()
            .flat_map(|record| String::from_utf8_lossy(record).lines().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        assert!(raws == expected, "killed at {at}: {} of {}", raws.len(), expected.len());
    }
    assert!(partly > 0, "no kill came in the middle");
}
