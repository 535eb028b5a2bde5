//! S3 as moto's server plays it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long the server takes to begin at most: it is a Python program with much to read.
const BEGINS: Duration = Duration::from_secs(60);

/// A server of its own.
pub(crate) struct Moto {
    child: Child,
    pub(crate) at: SocketAddr,
}

/// Where the program is.
pub(crate) fn program() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/python/bin/moto_server")
}

impl Moto {
    pub(crate) fn start() -> Self {
        let at = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = Command::new(program());
        command.args(["-H", "127.0.0.1", "-p", &at.port().to_string()]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let moto = Self { child, at };
        let begun = Instant::now();
        while TcpStream::connect(at).is_err() {
            assert!(begun.elapsed() < BEGINS, "moto's server does not begin");
            std::thread::sleep(Duration::from_millis(50));
        }
        moto.make("lake");
        moto
    }

    /// Makes a bucket.
    fn make(&self, bucket: &str) {
        self.ask("PUT", bucket, b"");
    }

    /// Asks for something, past all that signs and retries; gives the body of the answer.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.at).unwrap();
        let head = format!(
            "{method} /{path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=k/20261122/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=x\r\n\r\n",
            self.at,
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&answer));
        let body = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        answer.split_off(body)
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
