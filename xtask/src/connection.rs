//! A kept connection to a server under test: requests as bytes, answers read to their end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// How long an answer may take before the run is worthless.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// A kept connection.
pub(crate) struct Connection {
    reader: BufReader<TcpStream>,
}

impl Connection {
    pub(crate) fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("connect to {address}"))?;
        stream.set_nodelay(true).context("set no delay")?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT)).context("set a time-out")?;
        Ok(Self { reader: BufReader::new(stream) })
    }

    /// Sends a request that must be answered with `status`; the connection for the next one.
    pub(crate) fn answered(mut self, address: &str, request: &[u8], status: u16) -> Result<Self> {
        let (got, closes) = self.ask(request)?;
        if got != status {
            bail!("{address} answered {got} instead of {status}");
        }
        if closes { Self::open(address) } else { Ok(self) }
    }

    /// Sends a request and reads the whole answer: its status, and whether the connection ends with it.
    fn ask(&mut self, request: &[u8]) -> Result<(u16, bool)> {
        self.reader.get_mut().write_all(request).context("send a request")?;
        let (mut status, mut length, mut closes, mut chunked) = (None, 0_u64, false, false);
        loop {
            let mut line = String::new();
            ensure!(self.reader.read_line(&mut line).context("read an answer")? > 0, "the connection was closed");
            let line = line.trim_end().to_ascii_lowercase();
            match (line.split_once(':'), status) {
                (_, None) => status = line.split(' ').nth(1).and_then(|status| status.parse().ok()),
                (Some(("content-length", value)), _) => length = value.trim().parse().context("read a length")?,
                (Some(("connection", value)), _) => closes = value.trim() == "close",
                (Some(("transfer-encoding", _)), _) => chunked = true,
                _ if line.is_empty() => break,
                _ => {}
            }
        }
        if chunked {
            self.skip_chunks()?;
        } else {
            self.skip(length)?;
        }
        Ok((status.context("read the status")?, closes))
    }

    fn skip(&mut self, length: u64) -> Result<()> {
        let skipped = std::io::copy(&mut self.reader.by_ref().take(length), &mut std::io::sink())?;
        ensure!(skipped == length, "the answer ended early");
        Ok(())
    }

    fn skip_chunks(&mut self) -> Result<()> {
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line)?;
            let length = u64::from_str_radix(line.trim(), 16).context("read the size of a chunk")?;
            self.skip(length + 2)?;
            if length == 0 {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn answers_are_read_to_their_end_whatever_frames_them() -> Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        std::thread::spawn(move || -> Result<()> {
            let (mut stream, _) = listener.accept()?;
            let mut part = [0; 64];
            for answer in [
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
                "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno",
            ] {
                let _ = stream.read(&mut part)?;
                stream.write_all(answer.as_bytes())?;
            }
            Ok(())
        });
        let connection = Connection::open(&address)?.answered(&address, b"a", 200)?;
        assert!(connection.answered(&address, b"b", 200).is_err());
        Ok(())
    }
}
