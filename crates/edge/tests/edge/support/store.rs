//! A Redis server of the test's own: on a port that is free, in a folder that goes away, ended with the test.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server may take to answer.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// A running server.
pub(crate) struct Store {
    pub(crate) address: SocketAddr,
    arguments: Vec<String>,
    child: Child,
    _folder: TempDir,
}

impl Store {
    /// Starts a server with these arguments besides; none where there is no `redis-server` and the test may be skipped.
    ///
    /// # Panics
    ///
    /// If it is missing where `CI` is set.
    pub(crate) fn start(arguments: &[&str]) -> Option<Self> {
        if program().is_none() {
            #[expect(clippy::disallowed_methods, reason = "tests are told by the environment what may be missing")]
            let in_ci = std::env::var_os("CI").is_some();
            assert!(!in_ci, "redis-server is missing");
            #[expect(clippy::print_stderr, reason = "a test that is skipped says why")]
            {
                eprintln!("skipped: redis-server is missing");
            }
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let port = address.port().to_string();
        let dir = folder.path().to_str().unwrap();
        let own = ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", dir];
        let arguments: Vec<_> = own.iter().chain(arguments).map(|argument| (*argument).to_owned()).collect();
        Some(Self { address, child: spawn(&arguments, address), arguments, _folder: folder })
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Ends it at once, as a crash would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again, at the same address and empty.
    pub(crate) fn restart(&mut self) {
        self.child = spawn(&self.arguments, self.address);
    }

    /// What it answers to a command in one line.
    pub(crate) fn ask(&self, command: &str) -> String {
        ask(self.address, command).unwrap()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // It may have been ended before.
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}

fn program() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "programs are found by the environment")]
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("redis-server")).find(|program| program.is_file())
}

fn spawn(arguments: &[String], address: SocketAddr) -> Child {
    let mut child =
        Command::new(program().unwrap()).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while ask(address, "PING").is_none() {
        assert!(child.try_wait().unwrap().is_none(), "redis-server ended at once");
        assert!(begun.elapsed() < START_TIMEOUT, "redis-server does not answer");
        std::thread::sleep(Duration::from_millis(10));
    }
    child
}

fn ask(address: SocketAddr, command: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    write!(stream, "{command}\r\nQUIT\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}
