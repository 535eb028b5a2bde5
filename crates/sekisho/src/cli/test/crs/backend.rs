//! What stands behind the edge while tests run over HTTP, on a loopback address.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use anyhow::Context;
use sekisho_crs_test::reflect::Connection;

/// Serves until the program ends, on threads of its own.
///
/// # Errors
///
/// If the address is not on loopback, as the backend does what any request says, or cannot be listened at.
pub(super) fn serve(address: SocketAddr) -> anyhow::Result<SocketAddr> {
    anyhow::ensure!(address.ip().is_loopback(), "the backend does what any request says: give it a loopback address");
    let listener = TcpListener::bind(address).with_context(|| format!("failed to listen at {address}"))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        // A connection that fails is its edge's to try again.
        for stream in listener.incoming().flatten() {
            thread::spawn(move || attend(stream));
        }
    });
    Ok(address)
}

/// Answers the requests of one connection.
fn attend(mut stream: TcpStream) -> io::Result<()> {
    let mut connection = Connection::default();
    let mut received = vec![0; 16 * 1024];
    let mut out = Vec::new();
    loop {
        let bytes = stream.read(&mut received)?;
        let goes_on = bytes > 0 && connection.receive(&received[..bytes], &mut out).unwrap_or(false);
        stream.write_all(&out)?;
        out.clear();
        if !goes_on {
            return Ok(());
        }
    }
}
