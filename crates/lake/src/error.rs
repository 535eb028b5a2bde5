//! What can go wrong.

use std::io;
use std::path::PathBuf;

use sekisho_append::{AppendError, Refused};
use sekisho_seal::{KeyError, SealLogError};
use sekisho_tables::TablesError;

/// Why a lake cannot be opened or go on.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// Another process has it open.
    #[error("the lake {} is open in another process: end that one first", .0.display())]
    Locked(PathBuf),
    /// The disk refuses.
    #[error("{action} {}", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The write-ahead log cannot be opened or read.
    #[error("the write-ahead log")]
    Append(#[from] AppendError),
    /// A record of the lake's own was refused.
    #[error("the lake's own record")]
    Refused(#[from] Refused),
    /// The seal cannot be opened or written.
    #[error("the seal")]
    Seal(#[from] SealLogError),
    /// The seal's key cannot be read or made.
    #[error("the key {}", path.display())]
    Key {
        /// Its file.
        path: PathBuf,
        /// Why.
        source: KeyError,
    },
    /// A table cannot be read or written.
    #[error("the tables")]
    Tables(#[from] TablesError),
    /// A part of the lake knows records that the write-ahead log never had.
    #[error(
        "{part} has records up to {has}, the write-ahead log only up to {durable}: `append` was restored from an older copy or emptied; restore the whole lake from one copy"
    )]
    Ahead {
        /// Which part.
        part: &'static str,
        /// One more than the last record it knows.
        has: u64,
        /// One more than the last record of the write-ahead log.
        durable: u64,
    },
    /// No checkpoint comes.
    #[error("no checkpoint has come that covers record {}, so that what it says is not done yet; try again, `sekisho lake status` says what holds the seal up", .0 - 1)]
    Unsealed(u64),
    /// What is said of a hold is nothing, or too much.
    #[error("say why, in at most {bytes_max} bytes")]
    Why {
        /// How many there may be.
        bytes_max: usize,
    },
    /// A hold stands without a record of it.
    #[error("deletions are stopped, but the record that says so is not durable: give the command again")]
    HoldUnsaid(#[source] Box<LakeError>),
    /// A hold began while another was released.
    #[error("another hold began meanwhile: it stands")]
    HeldAgain,
    /// The process that has the lake open takes no requests.
    #[error(
        "the lake {} is open in another process, which takes no requests: end it first, or see what it logs of `control`", .0.display()
    )]
    Deaf(PathBuf),
    /// The process that has the lake open ended before it answered.
    #[error(
        "the process that has the lake open ended before it answered, so that it is not known whether this is done: give the command again"
    )]
    Unanswered,
    /// The process that has the lake open could not do what it was asked.
    #[error("{0}")]
    Asked(String),
    /// What says where the tables are is wrong.
    #[error("{}: {why}", path.display())]
    Storage {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Another process compacts the same tables.
    #[error(
        "{holder} compacts these tables just now, or did until it ended: it keeps others out for {seconds} s at most"
    )]
    Compacting {
        /// Which.
        holder: String,
        /// How long it may last without being renewed.
        seconds: i64,
    },
    /// A thread cannot be started.
    #[error("start a thread of the lake")]
    Thread(#[source] io::Error),
    /// A thread ended before it should.
    #[error("a thread of the lake has ended: open the lake again")]
    Ended,
}

/// An error and what is behind it, on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut behind = error.source();
    while let Some(error) = behind {
        // Errors of stores say what is behind them.
        let more = error.to_string();
        if !said.contains(&more) {
            said.push_str(": ");
            said.push_str(&more);
        }
        behind = error.source();
    }
    said
}
