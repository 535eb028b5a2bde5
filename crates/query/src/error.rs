//! Why a question has no answer.

use std::io;

use datafusion::error::DataFusionError;
use sekisho_tables::TablesError;
use sekisho_words::WantedError;
use thiserror::Error;

/// Why a question has no answer.
#[derive(Debug, Error)]
pub enum QueryError {
    /// The text is longer or deeper than is read.
    #[error("the query has {found} {what}, more than {max}: split it up")]
    Large {
        /// What there is too much of.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        max: usize,
    },
    /// It is no query, or one that would change something.
    #[error("the lake is only read: {0}")]
    NotReadOnly(String),
    /// It cannot be understood or run.
    #[error("{0}")]
    Sql(String),
    /// It took too long.
    #[error("the query was stopped after {seconds} s: ask for less, or allow it more time")]
    Time {
        /// The limit, in seconds.
        seconds: u64,
    },
    /// Whoever asked it has ended it.
    #[error("the query was stopped")]
    Stopped,
    /// It needed more memory than it may have.
    #[error("the query needs more than the {megabytes} MB it may have: ask for less, or allow it more ({detail})")]
    Memory {
        /// The limit, in megabytes.
        megabytes: usize,
        /// What needed it.
        detail: String,
    },
    /// Nothing to look for.
    #[error(transparent)]
    Wanted(#[from] WantedError),
    /// A table cannot be read.
    #[error("failed to read the tables")]
    Tables(#[from] TablesError),
    /// The answer cannot be written.
    #[error("failed to write {what}")]
    Write {
        /// What was written.
        what: String,
        /// Why it cannot be.
        #[source]
        source: io::Error,
    },
    /// A name that is no name of a saved query, or none that is there.
    #[error("{0}")]
    Saved(String),
}

/// What failed, and why.
fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes: Vec<_> = std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect();
    causes.join(": ")
}

impl QueryError {
    /// What the engine says, for someone who asked.
    pub(crate) fn of_engine(error: &DataFusionError, memory_bytes_max: usize) -> Self {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(detail) => Self::Memory {
                megabytes: memory_bytes_max >> 20,
                detail: detail.lines().next().unwrap_or_default().to_owned(),
            },
            DataFusionError::External(error) => Self::Sql(with_causes(error.as_ref())),
            root => Self::Sql(root.strip_backtrace()),
        }
    }

    pub(crate) fn write(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Write { what, source }
    }
}
