//! S3 and SQS as moto's server plays them, for programs that are run as they are.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

const READY_MS_MAX: u64 = 30_000;
const POLL_MS: u64 = 20;

/// A server with one bucket, `logs`; ended by its id when dropped.
#[derive(Debug)]
pub struct Moto {
    child: Child,
    address: SocketAddr,
}

impl Moto {
    /// What a program needs in its environment to be let in.
    pub const CREDENTIALS: [(&str, &str); 3] =
        [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_REGION", "us-east-1")];

    /// Starts a server on a free port.
    ///
    /// # Errors
    ///
    /// When it is not installed (`cargo xtask python`), or does not answer in time.
    pub fn start() -> anyhow::Result<Self> {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/python/bin/moto_server");
        ensure!(program.exists(), "{} is missing: run `cargo xtask python`", program.display());
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = Command::new(program);
        command.args(["-H", "127.0.0.1", "-p", &address.port().to_string()]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let moto = Self { child: child.context("failed to start moto's server")?, address };
        let started = Instant::now();
        while moto.put("", b"").is_err() {
            ensure!(started.elapsed() < Duration::from_millis(READY_MS_MAX), "moto's server does not answer");
            std::thread::sleep(Duration::from_millis(POLL_MS));
        }
        Ok(moto)
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Puts an object into the bucket; without a key, makes the bucket.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    pub fn put(&self, key: &str, body: &[u8]) -> anyhow::Result<()> {
        self.ask("PUT", key, body).map(drop)
    }

    /// What the server answers about an object, or about the bucket.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    pub fn get(&self, key: &str) -> anyhow::Result<String> {
        self.ask("GET", key, b"")
    }

    /// Puts an object with metadata (`x-amz-meta-…`) into the bucket.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    pub fn put_with(&self, key: &str, body: &[u8], metadata: &[(&str, &str)]) -> anyhow::Result<()> {
        let headers: String = metadata.iter().map(|(name, value)| format!("x-amz-meta-{name}: {value}\r\n")).collect();
        self.exchange(&format!("PUT /logs/{key}"), &headers, body).map(drop)
    }

    /// Makes a queue of SQS; gives its URL.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    pub fn queue(&self, name: &str) -> anyhow::Result<String> {
        let made = self.sqs("CreateQueue", &json!({ "QueueName": name }))?;
        Ok(made["QueueUrl"].as_str().context("a queue has a URL")?.to_owned())
    }

    /// Sends a message to a queue.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    pub fn tell(&self, queue: &str, message: &Value) -> anyhow::Result<()> {
        self.sqs("SendMessage", &json!({"QueueUrl": queue, "MessageBody": message.to_string()})).map(drop)
    }

    /// Messages that are in a queue, and those that somebody was given and did not delete.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    pub fn messages(&self, queue: &str) -> anyhow::Result<(u64, u64)> {
        let told = self.sqs("GetQueueAttributes", &json!({"QueueUrl": queue, "AttributeNames": ["All"]}))?;
        let number = |name: &str| -> anyhow::Result<u64> {
            Ok(told["Attributes"][name].as_str().context("a queue counts its messages")?.parse()?)
        };
        Ok((number("ApproximateNumberOfMessages")?, number("ApproximateNumberOfMessagesNotVisible")?))
    }

    fn sqs(&self, action: &str, body: &Value) -> anyhow::Result<Value> {
        let headers = format!("X-Amz-Target: AmazonSQS.{action}\r\nContent-Type: application/x-amz-json-1.0\r\n");
        let answer = self.exchange("POST /", &headers, body.to_string().as_bytes())?;
        let (_, body) = answer.split_once("\r\n\r\n").context("an answer has a head")?;
        Ok(serde_json::from_str(body).unwrap_or(Value::Null))
    }

    fn ask(&self, method: &str, key: &str, body: &[u8]) -> anyhow::Result<String> {
        self.exchange(&format!("{method} /logs/{key}"), "", body)
    }

    fn exchange(&self, what: &str, headers: &str, body: &[u8]) -> anyhow::Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        // Whose service it is, moto reads from the signature, which it does not check.
        let service = if headers.contains("AmazonSQS") { "sqs" } else { "s3" };
        let signed = format!(
            "Authorization: AWS4-HMAC-SHA256 Credential=k/20261122/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=x\r\n"
        );
        let head = format!(
            "{what} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n{signed}{headers}\r\n",
            self.address,
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        if !answer.starts_with("HTTP/1.1 2") {
            bail!("moto's server refuses {what}: {}", answer.lines().next().unwrap_or_default());
        }
        Ok(answer)
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // Either fails only when the process has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
