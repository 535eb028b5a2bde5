//! Turns finished segments into gzip files in AWS's layout, on a thread of low priority.
//!
//! An archive appears whole or not at all: it is written under a temporary name, made durable, renamed, and only then is
//! the plain segment removed. A crash between the last two steps leaves both; as the name of the archive follows from
//! that of the segment, the next start sees that the work was done.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::segment::{SegmentName, active_folder, create_folder, sync_folder};
use super::settings::JournalError;
use crate::metrics::RecordMetrics;

/// How long a segment that could not be archived waits for the next try.
const RETRY: Duration = Duration::from_secs(10);
/// How much lower than the service's the thread's priority is.
const NICENESS: i32 = 10;

/// The archiving thread.
#[derive(Debug)]
pub(super) struct Archiver {
    segments: Option<Sender<SegmentName>>,
    thread: Option<JoinHandle<()>>,
}

impl Archiver {
    pub(super) fn start(data: PathBuf, metrics: RecordMetrics) -> io::Result<Self> {
        let (segments, received) = channel();
        let thread = std::thread::Builder::new().name("record-archive".to_owned()).spawn(move || {
            // On Linux this is the priority of the calling thread alone. Without it, archiving is merely less polite.
            if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
                tracing::debug!(%error, "failed to lower the priority of archiving");
            }
            work(&data, &received, &metrics);
        })?;
        Ok(Self { segments: Some(segments), thread: Some(thread) })
    }

    /// Hands over a segment that nothing is written to any more.
    pub(super) fn finish(&self, segment: SegmentName) {
        let taken = self.segments.as_ref().is_some_and(|segments| segments.send(segment).is_ok());
        if !taken {
            tracing::error!("the archiving thread is gone; segments stay as plain files until the next start");
        }
    }
}

impl Drop for Archiver {
    /// Waits for the segments handed over. One that fails stays a plain file, and the next start tries again.
    fn drop(&mut self) {
        self.segments = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the archiving thread has panicked");
        }
    }
}

fn work(data: &Path, received: &Receiver<SegmentName>, metrics: &RecordMetrics) {
    let mut failed: VecDeque<SegmentName> = VecDeque::new();
    loop {
        let (segment, closing) = match received.recv_timeout(RETRY) {
            Ok(segment) => (Some(segment), false),
            Err(RecvTimeoutError::Timeout) => (failed.pop_front(), false),
            Err(RecvTimeoutError::Disconnected) => (failed.pop_front(), true),
        };
        let Some(segment) = segment else {
            if closing {
                return;
            }
            continue;
        };
        match archive(data, &segment) {
            Ok(()) => {
                metrics.archived.inc();
            }
            Err(error) => {
                metrics.archive_errors.inc();
                tracing::error!(error = &error as &dyn std::error::Error, "failed to archive a segment of records");
                if !closing {
                    failed.push_back(segment);
                }
            }
        }
    }
}

/// Turns one segment into its archive.
pub(super) fn archive(data: &Path, segment: &SegmentName) -> Result<(), JournalError> {
    let plain = segment.plain_path(data);
    let archive = segment.archive_path(data);
    if !archive.exists() {
        compress(data, &plain, &archive)?;
    }
    fs::remove_file(&plain).map_err(JournalError::io("remove segment", &plain))?;
    sync_folder(&active_folder(data))
}

fn compress(data: &Path, plain: &Path, archive: &Path) -> Result<(), JournalError> {
    let folder = archive.parent().expect("an archive lies in the folder of its minute");
    create_folder(data, folder)?;
    let temporary = temporary_path(archive);
    let written = (|| {
        let mut source = BufReader::with_capacity(128 << 10, File::open(plain)?);
        let mut encoder = GzEncoder::new(File::create(&temporary)?, Compression::fast());
        io::copy(&mut source, &mut encoder)?;
        encoder.finish()?.sync_all()
    })();
    if let Err(error) = written {
        // A full disk: give back what the attempt took. If even that fails, the next attempt starts the file afresh.
        if let Err(error) = fs::remove_file(&temporary) {
            tracing::debug!(%error, "failed to remove a half-written archive");
        }
        return Err(JournalError::io("write archive", &temporary)(error));
    }
    fs::rename(&temporary, archive).map_err(JournalError::io("rename archive to", archive))?;
    sync_folder(folder)
}

/// The name an archive has until it is whole.
fn temporary_path(archive: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(archive.file_name().expect("an archive has a name"));
    name.push(".tmp");
    archive.with_file_name(name)
}
