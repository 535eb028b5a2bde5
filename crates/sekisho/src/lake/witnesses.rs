//! Those who are shown the newest state of the seal, beside its work: witnesses, and a bucket for copies. Sealing waits for none of them.
//!
//! What they have signed is kept as `seal/checkpoints/<size>`. Of those of one day, the last is enough: each proves the ones before it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use sekisho_disk::{Disk as _, FileSystem};
use sekisho_edge::clock::SystemClock;
use sekisho_model::Clock as _;
use sekisho_seal::{Checkpoint, Note, TileFiles, VerifyingKey, consistency_proof};
use tokio::runtime::Runtime;

use super::Inside;
use super::copies::Copies;
use crate::config::Witness;

/// Milliseconds of a day.
const DAY_MS: u64 = 86_400_000;

/// The thread that asks.
pub(super) struct Witnesses {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Witnesses {
    /// Asks from now on, if there is anybody to be asked.
    pub(super) fn start(
        all: Vec<Witness>,
        copies: Option<Copies>,
        interval: Duration,
        inside: &Arc<Inside>,
    ) -> anyhow::Result<Option<Self>> {
        if all.is_empty() && copies.is_none() {
            return Ok(None);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("failed to start what asks witnesses")?;
        let (stop, stopped) = channel();
        let folder = inside.lake.folder().join("seal");
        let asking = Asking { all, copies, folder, kept: None, asked: 0, inside: Arc::clone(inside), runtime };
        let thread = std::thread::Builder::new().name("lake-witness".to_owned());
        let thread = thread.spawn(move || asking.work(interval, &stopped)).context("failed to ask witnesses")?;
        Ok(Some(Self { stop, thread }))
    }

    /// Waits until who is being asked has answered, or has taken too long.
    pub(super) fn stop(self) {
        drop(self.stop);
        if self.thread.join().is_err() {
            tracing::error!("the thread that asks witnesses has panicked");
        }
    }
}

struct Asking {
    all: Vec<Witness>,
    copies: Option<Copies>,
    /// Of the seal.
    folder: PathBuf,
    /// What was kept last, and on which day.
    kept: Option<(u64, u64)>,
    /// The size that all have signed.
    asked: u64,
    inside: Arc<Inside>,
    runtime: Runtime,
}

impl Asking {
    fn work(mut self, interval: Duration, stopped: &Receiver<()>) {
        while stopped.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
            let failed = self.ask().err().map(|error| format!("{error:#}"));
            if let Some(error) = &failed {
                tracing::error!(error, "the newest state of the seal cannot be shown to witnesses");
            }
            self.inside.note("witnesses", failed);
        }
    }

    /// Has the newest state signed by all who answer, and keeps what they gave.
    fn ask(&mut self) -> anyhow::Result<()> {
        let Some((note, origin, size)) = newest(&self.folder)? else { return Ok(()) };
        if size == self.asked {
            return Ok(());
        }
        let files = TileFiles::new(Arc::new(FileSystem), &self.folder);
        let prove = |before| consistency_proof(&files, before, size);
        let mut signatures = note.signatures().to_vec();
        let (own, mut has_all) = (signatures.len(), true);
        for Witness { url, submission } in &self.all {
            let name = submission.key().name();
            let before = self.inside.witnessed(name);
            let failed = match self.runtime.block_on(submission.submit(&note, (before, size), prove)) {
                Ok(witnessed) => {
                    signatures.extend(witnessed.signatures);
                    self.inside.set_witnessed(name, size);
                    None
                }
                Err(error) => {
                    let error = format!("{:#}", anyhow::Error::from(error));
                    tracing::warn!(witness = name, url, error, "a witness has not signed; it is asked again");
                    has_all = false;
                    Some(error)
                }
            };
            self.inside.note(&format!("witness {name}"), failed);
        }
        let is_witnessed = signatures.len() > own;
        let note = note.signed_by(signatures);
        if is_witnessed {
            self.keep(&note, size)?;
        }
        if let Some(copies) = &self.copies {
            self.runtime.block_on(copies.put(&origin, size, &note))?;
        }
        if has_all {
            self.asked = size;
        }
        Ok(())
    }

    fn keep(&mut self, note: &Note, size: u64) -> anyhow::Result<()> {
        let path = |size: u64| self.folder.join("checkpoints").join(format!("{size:020}"));
        let written = sekisho_disk::replace(&FileSystem, &path(size), note.to_text().as_bytes());
        written.with_context(|| format!("failed to write {}", path(size).display()))?;
        let day = SystemClock.now().unix_ms() / DAY_MS;
        if let Some((before, on)) = self.kept.replace((size, day))
            && on == day
            && before != size
        {
            let before = self.folder.join("checkpoints").join(format!("{before:020}"));
            FileSystem.remove(&before).with_context(|| format!("failed to remove {}", before.display()))?;
        }
        Ok(())
    }
}

/// The newest state that the lake has signed, the name of its log, and how many records it covers.
fn newest(folder: &Path) -> anyhow::Result<Option<(Note, String, u64)>> {
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))
    };
    let text = match read("checkpoint") {
        Ok(text) => text,
        Err(error)
            if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::NotFound) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let key = VerifyingKey::from_text(read("key.pub")?.trim_end()).context("seal/key.pub is no key")?;
    let note = Note::from_text(&text).context("seal/checkpoint is no checkpoint")?;
    let Checkpoint { origin, size, .. } = Checkpoint::verified(&note, &key).context("seal/checkpoint")?;
    Ok(Some((note, origin, size)))
}
