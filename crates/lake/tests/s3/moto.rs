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
        let mut stream = TcpStream::connect(self.at).unwrap();
        write!(stream, "PUT /{bucket} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", self.at)
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
