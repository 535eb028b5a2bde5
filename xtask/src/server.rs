//! A server process of one run: started, waited for until it answers, stopped when dropped.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::process::shown;

/// How long a server may take to answer its first request.
const START_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a server may take to stop before it is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// How often to look.
const POLL: Duration = Duration::from_millis(20);

/// A running server.
pub(crate) struct Server {
    /// Where it listens: `127.0.0.1:port`.
    pub(crate) address: String,
    child: Child,
}

impl Server {
    /// Starts `command` with its output in the file `log`, and waits until a request to `address` succeeds.
    ///
    /// It runs in a session of its own: where the kernel shares out processor time by session, a server must not share
    /// that of the load generator.
    ///
    /// # Errors
    ///
    /// If it ends, or does not answer with a 200 in time; the message holds what it printed.
    pub(crate) fn start(command: Command, address: &str, log: &Path) -> Result<Self> {
        let mut own_session = Command::new("setsid");
        own_session.arg(command.get_program()).args(command.get_args());
        let mut command = own_session;
        let output = File::create(log).with_context(|| format!("create {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(output.try_clone().context("share the log")?).stderr(output);
        let name = shown(&command);
        let child = command.spawn().with_context(|| format!("start {name}"))?;
        let mut server = Self { address: address.to_owned(), child };
        let start = Instant::now();
        let fault = loop {
            if let Some(status) = server.child.try_wait().with_context(|| format!("wait for {name}"))? {
                break format!("ended with {status}");
            }
            match answer(address) {
                Ok(line) if line.starts_with("HTTP/1.1 200") => return Ok(server),
                Ok(line) if !line.is_empty() => break format!("answered `{line}`"),
                _ if start.elapsed() > START_TIMEOUT => break format!("did not answer within {START_TIMEOUT:?}"),
                _ => sleep(POLL),
            }
        };
        let printed = std::fs::read_to_string(log).with_context(|| format!("read {}", log.display()))?;
        bail!("`{name}` {fault}; it printed:\n{printed}");
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks the server to stop, so that it takes its own children with it, and waits.
    fn stop(&mut self) -> Result<()> {
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        Command::new("kill").args(["-TERM", &self.pid().to_string()]).status().context("run kill")?;
        let start = Instant::now();
        while start.elapsed() < STOP_TIMEOUT {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            sleep(POLL);
        }
        self.child.kill().context("kill")?;
        self.child.wait().context("wait")?;
        bail!("it did not stop within {STOP_TIMEOUT:?} and was killed");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            let line = format!("failed to stop the server on {}: {error:#}", self.address);
            crate::process::say(line).expect("standard output is open while a task runs");
        }
    }
}

/// An address of this machine with a port nobody listens on.
pub(crate) fn free_address() -> Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("find a free port")?;
    Ok(listener.local_addr().context("read the free port")?.to_string())
}

/// The status line of the response to a plain request of a browser.
fn answer(address: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    let head =
        "GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes())?;
    let mut response = Vec::new();
    stream.take(4096).read_to_end(&mut response)?;
    let response = String::from_utf8_lossy(&response);
    Ok(response.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_ends_is_an_error_with_what_it_printed() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let mut command = Command::new("sh");
        command.args(["-c", "echo no such option; exit 3"]);
        let result = Server::start(command, &free_address()?, &folder.path().join("log"));
        let error = result.err().context("it started")?.to_string();
        assert!(error.contains("ended with exit status: 3") && error.contains("no such option"), "{error}");
        Ok(())
    }

    #[test]
    fn a_server_that_refuses_is_an_error() -> Result<()> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?.to_string();
        let answering = std::thread::spawn(move || -> std::io::Result<()> {
            let (mut stream, _) = listener.accept()?;
            let mut head = [0; 1024];
            let _ = stream.read(&mut head)?;
            stream.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n")
        });
        let folder = tempfile::tempdir()?;
        let mut command = Command::new("sleep");
        command.arg("60");
        let error = Server::start(command, &address, &folder.path().join("log")).err().context("it started")?;
        answering.join().expect("the listener does not panic")?;
        assert!(error.to_string().contains("answered `HTTP/1.1 403 Forbidden`"), "{error}");
        Ok(())
    }
}
