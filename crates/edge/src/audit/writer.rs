//! The thread that writes entries: one after the other into one file, or each into a file of its own and a line into the
//! index.

use std::collections::HashMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::index;
use super::plan::Destination;
use super::queue::{Entry, Job, Own, Queue};
use crate::metrics::AuditMetrics;

/// Files kept open: that of the rules in force, and of some before them until the next rotation.
const OPEN_MAX: usize = 8;

/// The thread's own state.
pub(super) struct Writer {
    queue: Arc<Queue>,
    metrics: AuditMetrics,
    open: HashMap<PathBuf, File>,
    failing: bool,
}

impl Writer {
    pub(super) fn new(queue: Arc<Queue>, metrics: AuditMetrics) -> Self {
        Self { queue, metrics, open: HashMap::new(), failing: false }
    }

    /// Works until the queue is closed and empty.
    pub(super) fn work(mut self) {
        while let Some(job) = self.queue.next() {
            match job {
                Job::Reopen => self.open.clear(),
                Job::Open(destination) => {
                    if let Some(log) = &destination.log {
                        let opened = self.file(log, &destination).map(|_| ());
                        self.told(log, &opened);
                    }
                }
                Job::Write(entry) => {
                    let written = self.write(&entry);
                    if self.told(entry.destination.place(), &written) {
                        self.metrics.written.inc();
                    } else {
                        self.metrics.failed.inc();
                    }
                }
            }
        }
    }

    /// Tells of the first of several failures, and of their end. True: there is none.
    fn told(&mut self, place: &Path, outcome: &io::Result<()>) -> bool {
        match outcome {
            Ok(()) if self.failing => tracing::info!(place = %place.display(), "audit entries are written again"),
            Err(error) if !self.failing => {
                tracing::error!(place = %place.display(), %error, "audit entries cannot be written, and are lost");
            }
            _ => {}
        }
        self.failing = outcome.is_err();
        outcome.is_ok()
    }

    fn write(&mut self, entry: &Entry) -> io::Result<()> {
        let destination = &entry.destination;
        let line = match (&entry.own, &destination.folder) {
            (Some(own), Some(folder)) => Some(write_own(own, &entry.text, folder, destination)?),
            _ => None,
        };
        let Some(log) = &destination.log else { return Ok(()) };
        let written = self.file(log, destination).and_then(|file| file.write_all(line.as_ref().unwrap_or(&entry.text)));
        if written.is_err() {
            // The next try begins anew: the disk may have been mounted again.
            self.open.remove(log);
        }
        written
    }

    fn file(&mut self, path: &Path, destination: &Destination) -> io::Result<&mut File> {
        if self.open.len() >= OPEN_MAX && !self.open.contains_key(path) {
            self.open.clear();
        }
        match self.open.entry(path.to_owned()) {
            std::collections::hash_map::Entry::Occupied(open) => Ok(open.into_mut()),
            std::collections::hash_map::Entry::Vacant(place) => {
                let file = OpenOptions::new().create(true).append(true).mode(destination.file_mode).open(path)?;
                Ok(place.insert(file))
            }
        }
    }
}

impl Destination {
    /// What to call it.
    fn place(&self) -> &Path {
        self.log.as_deref().or(self.folder.as_deref()).unwrap_or(Path::new("-"))
    }
}

/// Writes an entry into its own file. Returns its line for the index.
fn write_own(own: &Own, text: &[u8], folder: &Path, destination: &Destination) -> io::Result<Vec<u8>> {
    let path = folder.join(&own.path);
    let parent = path.parent().unwrap_or(folder);
    let options = || {
        let mut options = OpenOptions::new();
        options.create_new(true).write(true).mode(destination.file_mode);
        options
    };
    let mut file = match options().open(&path) {
        // Usually the folder of the minute is there.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            DirBuilder::new().recursive(true).mode(destination.folder_mode).create(parent)?;
            options().open(&path)?
        }
        opened => opened?,
    };
    file.write_all(text)?;
    Ok(index::line(&own.index, &path, text))
}
