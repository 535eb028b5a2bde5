//! What verifying has found.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use sekisho_seal::Hash;
use sekisho_tables::TableName;

/// Problems that are named one by one; what is beyond is counted.
pub const PROBLEMS_MAX: usize = 10_000;

/// A data file, as problems name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName {
    /// Its table.
    pub table: TableName,
    /// Its name, with the folder of its day.
    pub name: String,
}

impl fmt::Display for FileName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.table.as_str(), self.name)
    }
}

/// Something that is not as it was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// There is no checkpoint, or it cannot be trusted.
    Checkpoint {
        /// Its file within the seal's folder.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// Stored hashes are not those that were signed.
    Hashes {
        /// Their level: 0 has leaves.
        level: u32,
        /// Which of the level.
        range: Range<u64>,
        /// What is wrong with them.
        why: String,
    },
    /// A record is not what it was.
    Altered {
        /// Its index.
        record: u64,
        /// Where it stands; none if it is in the write-ahead log.
        file: Option<FileName>,
    },
    /// A record stands in the place of another.
    Reordered {
        /// The index it was sealed with.
        record: u64,
        /// The index it has now.
        stands_at: u64,
        /// Where it stands.
        file: Option<FileName>,
    },
    /// Records are gone.
    Dropped {
        /// Their indexes.
        records: Range<u64>,
    },
    /// A record is there more than once.
    Doubled {
        /// Its index.
        record: u64,
        /// Where it stands again.
        file: FileName,
    },
    /// A record was never taken in.
    Inserted {
        /// The index it claims.
        record: i64,
        /// The log it claims to be of.
        log: String,
        /// Where it stands.
        file: FileName,
    },
    /// A file cannot be read.
    Unreadable {
        /// Which.
        file: FileName,
        /// Why.
        why: String,
    },
    /// A file's bytes are not those that a sealed record vouches for.
    Bytes {
        /// Which.
        file: FileName,
        /// Whether it is the filter of the file's words.
        is_words: bool,
        /// What is wrong.
        why: &'static str,
    },
    /// The table's log says something else of a file than the file.
    Listed {
        /// Which.
        file: FileName,
        /// What does not agree.
        what: &'static str,
    },
    /// A table's log cannot be read.
    Table {
        /// Which.
        table: TableName,
        /// Why.
        why: String,
    },
    /// The write-ahead log cannot be read as far as it is sealed.
    Append {
        /// The first record that cannot be read.
        record: u64,
        /// Why.
        why: String,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place =
            |file: &Option<FileName>| file.as_ref().map_or("the write-ahead log".to_owned(), FileName::to_string);
        match self {
            Self::Checkpoint { file, why } => write!(formatter, "checkpoint seal/{file}: {why}"),
            Self::Hashes { level, range, why } => {
                write!(formatter, "hashes {} to {} of level {level}: {why}", range.start, range.end.saturating_sub(1))
            }
            Self::Altered { record, file } => write!(formatter, "record {record} in {} was altered", place(file)),
            Self::Reordered { record, stands_at, file } => {
                write!(formatter, "record {record} stands in the place of record {stands_at} in {}", place(file))
            }
            Self::Dropped { records } if records.end - records.start == 1 => {
                write!(formatter, "record {} is gone", records.start)
            }
            Self::Dropped { records } => write!(formatter, "records {} to {} are gone", records.start, records.end - 1),
            Self::Doubled { record, file } => write!(formatter, "record {record} is there again in {file}"),
            Self::Inserted { record, log, file } => {
                write!(formatter, "a record that was never taken in claims to be {record} of {log} in {file}")
            }
            Self::Unreadable { file, why } => write!(formatter, "{file} cannot be read: {why}"),
            Self::Bytes { file, is_words: false, why } => write!(formatter, "{file}: {why}"),
            Self::Bytes { file, is_words: true, why } => write!(formatter, "the filter of the words of {file}: {why}"),
            Self::Listed { file, what } => {
                write!(formatter, "the table's log says another {what} of {file} than it has")
            }
            Self::Table { table, why } => write!(formatter, "the table {} cannot be read: {why}", table.as_str()),
            Self::Append { record, why } => {
                write!(formatter, "the write-ahead log cannot be read from record {record} on: {why}")
            }
        }
    }
}

/// The outcome.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The log's name.
    pub log: String,
    /// Number of records the newest checkpoint covers, and its root.
    pub sealed: Option<(u64, Hash)>,
    /// Sealed records that were held against their leaves and are what was sealed, each counted once.
    pub records: u64,
    /// Files that were read whole.
    pub files: u64,
    /// Records that are durable, but covered by no checkpoint yet: nothing is said of them.
    pub unsealed: u64,
    /// Files for which only records vouch that no checkpoint covers yet: they are of the last seconds of a lake that is open.
    pub pending: u64,
    /// Records that are gone by policy, as sealed records say.
    pub deleted: u64,
    /// Records of other logs that are known to write to the same tables, by log, as the tables' logs tell: nothing more is said of them.
    pub others: BTreeMap<String, u64>,
    /// What was found.
    pub problems: Vec<Problem>,
    /// How much was found, also what is not named.
    pub problem_count: u64,
}

impl Report {
    pub(crate) fn add(&mut self, problem: Problem) {
        self.problem_count += 1;
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        }
    }

    /// Whether all is as it was sealed.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.problem_count == 0 && self.sealed.is_some()
    }
}
