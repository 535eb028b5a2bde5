//! S3 and SQS as moto's server plays them, and a way to it that fails now and then.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::world::until;

/// A server of its own for one test.
pub(crate) struct Moto {
    child: Child,
    pub(crate) at: SocketAddr,
    pub(crate) secret: tempfile::NamedTempFile,
}

impl Moto {
    pub(crate) async fn start() -> Self {
        let program = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/python/bin/moto_server");
        assert!(program.exists(), "{} is missing: run `cargo xtask python`", program.display());
        let at = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = Command::new(program);
        command.args(["-H", "127.0.0.1", "-p", &at.port().to_string()]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let secret = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(secret.path(), "secret\n").unwrap();
        let moto = Self { child, at, secret };
        until("moto's server", || std::net::TcpStream::connect(at).is_ok()).await;
        moto.ask("PUT", "/logs", &[], b"").await;
        moto
    }

    /// Asks for something; gives the body of the answer.
    pub(crate) async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.at).await.unwrap();
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        // Whose region and service it is, moto reads from the signature, which it does not check.
        let signed =
            "AWS4-HMAC-SHA256 Credential=k/20261122/us-east-1/SERVICE/aws4_request, SignedHeaders=host, Signature=x";
        let service = if headers.contains("AmazonSQS") { "sqs" } else { "s3" };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAuthorization: {}\r\nContent-Length: {}\r\n{headers}\r\n",
            self.at,
            signed.replace("SERVICE", service),
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.starts_with("HTTP/1.1 2"), "{method} {path}: {answer}");
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    pub(crate) async fn put(&self, key: &str, body: &[u8]) {
        self.ask("PUT", &format!("/logs/{key}"), &[("Content-Type", "application/octet-stream")], body).await;
    }

    async fn sqs(&self, action: &str, body: &Value) -> Value {
        let headers =
            [("X-Amz-Target", &*format!("AmazonSQS.{action}")), ("Content-Type", "application/x-amz-json-1.0")];
        let answer = self.ask("POST", "/", &headers, body.to_string().as_bytes()).await;
        serde_json::from_str(&answer).unwrap_or(Value::Null)
    }

    /// Makes a queue; gives its URL.
    pub(crate) async fn queue(&self) -> String {
        let made = self.sqs("CreateQueue", &json!({"QueueName": "told"})).await;
        made["QueueUrl"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn tell(&self, queue: &str, body: &str) {
        self.sqs("SendMessage", &json!({"QueueUrl": queue, "MessageBody": body})).await;
    }

    /// Messages that are in a queue, and those that somebody was given and did not delete.
    pub(crate) async fn messages(&self, queue: &str) -> (u64, u64) {
        let asked = json!({"QueueUrl": queue, "AttributeNames": ["All"]});
        let attributes = self.sqs("GetQueueAttributes", &asked).await;
        let number = |name: &str| attributes["Attributes"][name].as_str().unwrap().parse().unwrap();
        (number("ApproximateNumberOfMessages"), number("ApproximateNumberOfMessagesNotVisible"))
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// A way to a server on which some connections fail: one with 503, one without any answer, of each so many.
pub(crate) async fn failing_way(to: SocketAddr, every: u64) -> (SocketAddr, Arc<AtomicU64>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (at, failed) = (listener.local_addr().unwrap(), Arc::new(AtomicU64::new(0)));
    let count = Arc::clone(&failed);
    tokio::spawn(async move {
        for number in 0_u64.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            let count = Arc::clone(&count);
            tokio::spawn(async move {
                if number % every == 0 {
                    count.fetch_add(1, Ordering::SeqCst);
                    let mut head = [0; 1024];
                    _ = stream.read(&mut head).await;
                    if number % (2 * every) == 0 {
                        let said = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                        _ = stream.write_all(said).await;
                    }
                    return;
                }
                // One answer a connection, so that there are many.
                let mut server = TcpStream::connect(to).await.unwrap();
                _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
            });
        }
    });
    (at, failed)
}
