//! S3 as moto's server plays it, for programs that are run as they are.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

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

    fn ask(&self, method: &str, key: &str, body: &[u8]) -> anyhow::Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        let head = format!(
            "{method} /logs/{key} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        if !answer.starts_with("HTTP/1.1 2") {
            bail!("moto's server refuses {key}: {}", answer.lines().next().unwrap_or_default());
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
