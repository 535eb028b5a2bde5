//! What a configuration says of feeds.

use std::path::PathBuf;

use schemars::JsonSchema;
use sekisho_collect::Source;
use serde::Deserialize;

use crate::digest::DigestsFeed;
use crate::error::GatherError;
use crate::firehose::FirehoseFeed;
#[cfg(feature = "s3")]
use crate::s3::S3Feed;
use crate::segments::SegmentsFeed;
use crate::syslog::SyslogFeed;

/// Where logs come from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum Feed {
    /// A file, or all files of a folder.
    Files(FilesFeed),
    /// Standard input, to its end.
    Stdin(StdinFeed),
    /// Objects of a bucket of S3.
    #[cfg(feature = "s3")]
    S3(S3Feed),
    /// Syslog over UDP, TCP and TLS.
    Syslog(SyslogFeed),
    /// Amazon Data Firehose, which sends over HTTP.
    Firehose(FirehoseFeed),
    /// CloudTrail's digests, which are verified as they come.
    #[serde(skip)]
    Digests(DigestsFeed),
    /// Segments that another part of this program hands over: nothing that a configuration could name.
    #[serde(skip)]
    Segments(SegmentsFeed),
}

/// A file, or all files of a folder, plain or compressed with gzip.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FilesFeed {
    /// What the files hold: the name of a source.
    pub source: String,
    /// The file or folder. Folders within are read too; names that begin with a dot are left out.
    pub path: PathBuf,
    /// Milliseconds between two looks for new and grown files. Without it, files are read once.
    #[serde(default)]
    pub watch_ms: Option<u64>,
}

/// Standard input.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StdinFeed {
    /// What comes in: the name of a source.
    pub source: String,
}

/// The source of this name.
pub(crate) fn source(name: &str) -> Result<&'static Source, GatherError> {
    Source::named(name).ok_or_else(|| GatherError::Source { name: name.to_owned() })
}
