//! The socket at which the process that has a lake open takes what is to be done to it by hand: a line of JSON there, one back.
//!
//! It stands in the lake's folder. Whoever is not the user the process runs as, or root, is turned away. It decides nothing: what was asked is done when it is
//! durable, whether or not the answer arrives.

use std::fs::{self, File, Permissions};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

use crate::error::{LakeError, chain};
use crate::lake::Lake;
use crate::request::{Answer, Request};
use crate::retention::Policy;

/// The socket, in the lake's folder.
const SOCKET: &str = "control";
/// Bytes of a path that a socket may have on every system; longer ones go by way of the open folder.
const PATH_BYTES_MAX: usize = 100;
/// Bytes of a request, and of an answer.
const LINE_BYTES_MAX: u64 = 64 << 10;
/// Requests at a time: each has a thread.
const REQUESTS_MAX: usize = 8;
/// How long the other side may take to send its request, or to take its answer.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(5);
/// A pause after no connection could be taken, for want of file handles as a rule.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// What comes back.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    Done(Answer),
    Failed(String),
}

/// Takes requests for as long as it lives.
#[derive(Debug)]
pub struct Control {
    task: JoinHandle<()>,
    path: PathBuf,
    /// The lock is held for as long as the socket is there.
    _lake: Arc<Lake>,
}

impl Control {
    /// Takes requests from now on. `policy`: how long records are kept if a request does not say.
    ///
    /// # Errors
    ///
    /// If no socket can be made in the lake's folder.
    pub fn serve(lake: &Arc<Lake>, policy: Policy) -> Result<Self, LakeError> {
        let path = lake.folder().join(SOCKET);
        let failed = |action| {
            let path = path.clone();
            move |source| LakeError::Disk { action, path, source }
        };
        // The lake is open once: what stands there is left from a process that was killed.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed("remove")(error)),
            _ => {}
        }
        let listener = at(lake.folder(), |path| UnixListener::bind(path)).map_err(failed("listen on"))?;
        let owner = fs::set_permissions(&path, Permissions::from_mode(0o600))
            .and_then(|()| listener.set_nonblocking(true))
            .and_then(|()| fs::symlink_metadata(&path))
            .map_err(failed("listen on"))?
            .uid();
        let task = lake.spawn(accept(listener, owner, Arc::downgrade(lake), policy));
        Ok(Self { task, path, _lake: Arc::clone(lake) })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.task.abort();
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, path = %self.path.display(), "the socket of the lake is not removed");
        }
    }
}

/// Asks the process that has the lake in a folder open, and waits until it has done what was asked.
///
/// # Errors
///
/// [`LakeError::Deaf`] if no process takes requests there; if it ends before it answers, or fails.
pub fn ask(folder: &Path, request: &Request) -> Result<Answer, LakeError> {
    let path = folder.join(SOCKET);
    let failed = |source| LakeError::Disk { action: "ask at", path: path.clone(), source };
    let stream = at(folder, |path| UnixStream::connect(path)).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => LakeError::Deaf(folder.to_owned()),
        _ => failed(error),
    })?;
    stream.set_write_timeout(Some(EXCHANGE_TIMEOUT)).map_err(failed)?;
    let line = serde_json::to_string(request).expect("a request has only texts and numbers");
    (&stream).write_all(format!("{line}\n").as_bytes()).map_err(failed)?;
    let mut answer = String::new();
    // What is asked for may take long: a merge of many files.
    match stream.take(LINE_BYTES_MAX).read_to_string(&mut answer) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
        Err(error) => return Err(failed(error)),
    }
    match serde_json::from_str(&answer) {
        Ok(Reply::Done(answer)) => Ok(answer),
        Ok(Reply::Failed(why)) => Err(LakeError::Asked(why)),
        Err(_) => Err(LakeError::Unanswered),
    }
}

/// Uses the socket in a folder, however long the folder's path is.
fn at<T>(folder: &Path, using: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let path = folder.join(SOCKET);
    if path.as_os_str().as_bytes().len() <= PATH_BYTES_MAX {
        return using(&path);
    }
    let folder = File::open(folder)?;
    using(&Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(SOCKET))
}

async fn accept(listener: UnixListener, owner: u32, lake: Weak<Lake>, policy: Policy) {
    let listener = match tokio::net::UnixListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "nothing can be asked of the lake by hand"),
    };
    let places = Arc::new(Semaphore::new(REQUESTS_MAX));
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let (peer, stream) = match listener.accept().await {
            Ok((stream, _)) => (stream.peer_cred().map(|peer| peer.uid()), stream.into_std()),
            Err(error) => {
                tracing::warn!(%error, "a request to the lake cannot be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (Ok(peer), Ok(stream)) = (peer, stream) else { continue };
        if peer != owner && peer != 0 {
            tracing::warn!(user = peer, "a request to the lake was turned away: it is another user's");
            continue;
        }
        let lake = Weak::clone(&lake);
        let thread = std::thread::Builder::new().name("lake-request".to_owned());
        if let Err(error) = thread.spawn(move || serve(&stream, &lake, policy, place)) {
            tracing::warn!(%error, "a request to the lake cannot be taken");
        }
    }
}

fn serve(stream: &UnixStream, lake: &Weak<Lake>, policy: Policy, place: OwnedSemaphorePermit) {
    let answered = exchange(stream, lake, policy);
    if let Err(error) = answered {
        tracing::warn!(%error, "a request to the lake was not heard, or its answer was not");
    }
    drop(place);
}

fn exchange(mut stream: &UnixStream, lake: &Weak<Lake>, policy: Policy) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(EXCHANGE_TIMEOUT))?;
    stream.set_write_timeout(Some(EXCHANGE_TIMEOUT))?;
    let mut line = String::new();
    BufReader::new(stream.take(LINE_BYTES_MAX)).read_line(&mut line)?;
    let reply = match serde_json::from_str::<Request>(&line) {
        Ok(request) => carry_out(lake, &request, policy),
        Err(error) => Reply::Failed(format!("the request is not understood: {error}; is it of another version?")),
    };
    let reply = serde_json::to_string(&reply).expect("a reply has only texts and numbers");
    stream.write_all(format!("{reply}\n").as_bytes())
}

fn carry_out(lake: &Weak<Lake>, request: &Request, policy: Policy) -> Reply {
    tracing::info!(?request, "the lake is asked by hand");
    let done = lake.upgrade().ok_or(LakeError::Ended).and_then(|lake| lake.carry_out(request, policy));
    match done {
        Ok(answer) => {
            tracing::info!(?answer, "what was asked of the lake is done");
            Reply::Done(answer)
        }
        Err(error) => {
            let why = chain(&error);
            tracing::warn!(error = why, "what was asked of the lake is not done");
            Reply::Failed(why)
        }
    }
}
