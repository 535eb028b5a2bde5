//! Takes connections off a listening socket, each into a task of its own.

use std::net::TcpListener as StdListener;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use super::shared::Listening;
use super::worker::Worker;
use crate::connection;

/// Pause after an error of the system, such as too many open files: connections wait in the kernel meanwhile.
const PAUSE: Duration = Duration::from_millis(50);

/// Accepts until told to stop; what had been connected by then is still served.
///
/// # Errors
///
/// If the runtime cannot watch the socket.
pub(super) fn run(
    worker: Rc<Worker>,
    socket: StdListener,
    listening: Arc<Listening>,
    mut stop: watch::Receiver<bool>,
) -> std::io::Result<impl Future<Output = ()>> {
    let listener = TcpListener::from_std(socket)?;
    Ok(async move {
        loop {
            tokio::select! {
                biased;
                accepted = listener.accept() => match accepted {
                    Ok((tcp, peer)) => {
                        let (worker, listening) = (Rc::clone(&worker), Arc::clone(&listening));
                        tokio::task::spawn_local(async move {
                            connection::serve(worker, &listening, tcp, peer).await;
                        });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(PAUSE).await;
                    }
                },
                // Reached only when no connection is waiting: none is lost.
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
    })
}
