//! What can go wrong.

use std::io;
use std::path::PathBuf;

use sekisho_append::Refused;

/// Why a feed cannot be read, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum GatherError {
    /// No source has this name.
    #[error("there is no source `{name}`; there are {}", known())]
    Source {
        /// The name.
        name: String,
    },
    /// A setting cannot be used.
    #[error("{setting}: {reason}")]
    Setting {
        /// Which.
        setting: &'static str,
        /// What is wrong with it, and what would be right.
        reason: String,
    },
    /// A file cannot be read.
    #[error("{action} {}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A socket cannot be used.
    #[error("{action} {at}")]
    Socket {
        /// What was tried.
        action: &'static str,
        /// With which address.
        at: String,
        /// Why it failed.
        source: io::Error,
    },
    /// The keys of digests cannot be had.
    #[error("the keys of CloudTrail's digests")]
    DigestKeys(#[from] crate::digest::KeyError),
    /// Some files could not be read to their end; all others were.
    #[error("{} of the files could not be read to their end: {}", .0.len(), .0.join("; "))]
    Unread(Vec<String>),
    /// More files than positions are kept for.
    #[error("{} holds more than {max} files: give its folders one by one", path.display())]
    TooManyFiles {
        /// The folder.
        path: PathBuf,
        /// How many there may be.
        max: usize,
    },
    /// The log does not take more.
    #[error("the write-ahead log refuses records")]
    Append(#[source] Refused),
    /// Reading was told to stop.
    #[error("stopped before the end")]
    Stopped,
    /// The thread that read has ended in a panic, which was reported there.
    #[error("a feed has failed")]
    Panicked,
    /// A service does not answer as it should.
    #[error("{action}: {reason}")]
    Service {
        /// What was asked of it.
        action: String,
        /// What it said.
        reason: String,
    },
}

impl GatherError {
    pub(crate) fn file(action: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::File { action, path: path.into(), source }
    }

    pub(crate) fn socket(action: &'static str, at: impl ToString, source: io::Error) -> Self {
        Self::Socket { action, at: at.to_string(), source }
    }

    pub(crate) fn setting(setting: &'static str, reason: impl ToString) -> Self {
        Self::Setting { setting, reason: reason.to_string() }
    }
}

fn known() -> String {
    let names: Vec<_> = sekisho_collect::SOURCES.iter().map(|source| source.name).collect();
    names.join(", ")
}

/// An error with all it was caused by, for those that cannot hold it.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
