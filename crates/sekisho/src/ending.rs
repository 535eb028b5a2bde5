//! The end of a process, told to those who wait for it.

use std::io;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tokio::sync::oneshot;

/// Resolves when the process is asked to end: by SIGINT or SIGTERM, which from now on do no more than that.
///
/// # Errors
///
/// If signals cannot be waited for.
pub(crate) fn ended() -> io::Result<oneshot::Receiver<()>> {
    let (tell, told) = oneshot::channel();
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let wait = move || {
        if signals.forever().next().is_some() {
            // Nobody waits any more: the process ends anyway.
            _ = tell.send(());
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(wait)?;
    Ok(told)
}
