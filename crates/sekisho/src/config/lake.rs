//! The `[lake]` table as written: where logs are kept, for how long, who vouches for them, and where they come from.
//!
//! A program that was built without the lake knows the table too, and refuses it by name.

#![cfg_attr(not(feature = "lake"), expect(dead_code, reason = "the table is only refused then"))]

#[cfg_attr(not(feature = "lake"), path = "lake/absent.rs")]
mod check;
#[cfg(feature = "lake")]
mod masks;
#[cfg(feature = "lake")]
mod sources;

use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;

use schemars::JsonSchema;
use sekisho_model::Diagnostic;
use serde::Deserialize;

use super::places::Step;

pub(crate) use check::LakeConfig;
pub(super) use check::check;
#[cfg(feature = "lake")]
pub(crate) use check::{Copies, Witness};

/// What the rest of the configuration says that the lake must know.
pub(super) struct Around<'c> {
    /// The folder of the configuration file: relative paths start there.
    pub(super) base: &'c Path,
    /// The data folder.
    pub(super) data: &'c Path,
    /// Addresses that are listened on already, over TCP.
    pub(super) taken: Vec<SocketAddr>,
}

/// What is wrong with the table, and where.
pub(super) struct Problem {
    pub(super) diagnostic: Diagnostic,
    pub(super) way: Vec<Step<'static>>,
}

/// The lake: logs of all kinds in tables, this checkpoint's own decisions among them, and provably unaltered. See `docs/lake.md`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LakeTable {
    /// Folder of the lake. Default: `lake` in the data folder.
    pub(super) path: Option<PathBuf>,
    /// Name of a new lake's log, which its key and all proofs carry: a host name and a path, as `lake.example.com/main`. Default: of
    /// this host. A lake that is there keeps its name.
    pub(super) name: Option<String>,
    /// Whether the decisions of this checkpoint go into the lake. They are kept as `[records]` says in any case.
    pub(super) decisions: bool,
    /// Days that records stay where they are written. Older ones are moved to `cold` of `[lake.storage]`, if it is given.
    #[schemars(range(min = 1, max = 36_500))]
    pub(super) hot_days: u32,
    /// Days until records are deleted.
    #[schemars(range(min = 1, max = 36_500))]
    pub(super) keep_days: u32,
    /// Milliseconds that records wait for others before all are made durable together (fsync). More saves the disk work and holds up
    /// whoever waits for an acknowledgement.
    #[schemars(range(min = 0, max = 10_000))]
    pub(super) sync_interval_ms: u64,
    /// Milliseconds until a record is in a table, where it can be found. Less makes more and smaller files.
    #[schemars(range(min = 100, max = 600_000))]
    pub(super) commit_interval_ms: u64,
    /// Milliseconds between two signed states of the seal.
    #[schemars(range(min = 100, max = 3_600_000))]
    pub(super) checkpoint_interval_ms: u64,
    /// Bytes that may be durable and in no table yet; beyond, sources wait.
    #[schemars(range(min = 67_108_864, max = 1_099_511_627_776_u64))]
    pub(super) uncommitted_bytes_max: u64,
    /// Seconds between two merges of small files into large ones; 0: never.
    #[schemars(range(min = 0, max = 604_800))]
    pub(super) compact_interval_s: u64,
    /// Seconds that a file stays after its merge, so that queries that read it can end.
    #[schemars(range(min = 60, max = 604_800))]
    pub(super) compact_grace_s: u64,
    /// Seconds between two looks for what `hot_days` and `keep_days` move and delete; 0: never.
    #[schemars(range(min = 0, max = 604_800))]
    pub(super) retain_interval_s: u64,
    /// Milliseconds that a stop waits until all that was read is in tables and sealed. What is left then is durable, and the next start
    /// goes on with it.
    #[schemars(range(min = 0, max = 600_000))]
    pub(super) drain_timeout_ms: u64,
    /// What is masked in records, before anything is written.
    pub(super) mask: MaskTable,
    /// Where tables are, if not below the lake's folder.
    pub(super) storage: Option<StorageTable>,
    /// Where signed states of the seal are copied to: a bucket with Object Lock.
    pub(super) checkpoint_copies: Option<CopiesTable>,
    /// Seconds between two times that witnesses are asked to sign, and states are copied.
    #[schemars(range(min = 1, max = 86_400))]
    pub(super) witness_interval_s: u64,
    /// Who signs the states of the seal, besides the lake itself.
    pub(super) witness: Vec<WitnessTable>,
    /// Where logs come from, besides this checkpoint.
    pub(super) source: Vec<SourceTable>,
}

impl Default for LakeTable {
    fn default() -> Self {
        Self {
            path: None,
            name: None,
            decisions: true,
            hot_days: 7,
            keep_days: 400,
            sync_interval_ms: 5,
            commit_interval_ms: 5_000,
            checkpoint_interval_ms: 2_000,
            uncommitted_bytes_max: 2 << 30,
            compact_interval_s: 3_600,
            compact_grace_s: 3_600,
            retain_interval_s: 3_600,
            drain_timeout_ms: 30_000,
            mask: MaskTable::default(),
            storage: None,
            checkpoint_copies: None,
            witness_interval_s: 60,
            witness: Vec::new(),
            source: Vec::new(),
        }
    }
}

/// What is masked in records. The usual names of passwords, tokens and cookies are masked in any case.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct MaskTable {
    /// Whether payment card numbers are masked, all but their last four digits.
    pub(super) cards: bool,
    /// Further names of JSON members, query arguments and headers whose values are masked.
    pub(super) names: Vec<String>,
    /// Files with secrets, one a line, at least 8 bytes each: they are masked wherever they occur.
    pub(super) secrets_files: Vec<PathBuf>,
    /// Environment variables whose values are masked wherever they occur.
    pub(super) secrets_env: Vec<String>,
}

impl Default for MaskTable {
    fn default() -> Self {
        Self { cards: true, names: Vec::new(), secrets_files: Vec::new(), secrets_env: Vec::new() }
    }
}

/// Buckets of S3, or of anything that speaks its protocol. Credentials come from the environment, the container or the machine, as for
/// Amazon's own programs. What is said here is kept in the lake's folder, as `sekisho lake init` does.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StorageTable {
    /// All tables: `s3://bucket/prefix`. Default: below the lake's folder.
    pub(super) tables: Option<String>,
    /// Days that are older than `hot_days`: `s3://bucket/prefix`. Default: they stay.
    pub(super) cold: Option<String>,
    /// Where the buckets are, if not in S3 itself: a URL.
    pub(super) endpoint_url: Option<String>,
    /// Their region. Default: that of the environment.
    pub(super) region: Option<String>,
    /// Names of other logs that write to the same tables.
    #[serde(default)]
    pub(super) writers: Vec<String>,
}

/// A bucket for copies of signed states, one object each. With Object Lock, nobody can delete them; that is the bucket's setting.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CopiesTable {
    /// `s3://bucket/prefix`.
    pub(super) url: String,
    /// Where the bucket is, if not in S3 itself: a URL.
    pub(super) endpoint_url: Option<String>,
    /// Its region. Default: that of the environment.
    pub(super) region: Option<String>,
}

/// A witness: `sekisho witness`, or any that speaks C2SP tlog-witness.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WitnessTable {
    /// Its address, such as `https://witness.example/sekisho`.
    pub(super) url: String,
    /// Its public key, as it prints it when it starts.
    pub(super) key: String,
}

/// Logs of one format, and where they come from: exactly one of `files`, `s3`, `syslog` and `firehose`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceTable {
    /// What the logs are, as in `sekisho ingest FORMAT`.
    pub(super) format: String,
    /// A file, or all files of a folder, plain or gzip: what is there, what comes, and what files grow by.
    pub(super) files: Option<FilesTable>,
    /// Objects of a bucket.
    pub(super) s3: Option<S3Table>,
    /// Syslog over UDP, TCP and TLS.
    pub(super) syslog: Option<SyslogTable>,
    /// Amazon Data Firehose, which delivers over HTTP.
    pub(super) firehose: Option<FirehoseTable>,
    /// For `cloudtrail` from `files` or `s3`: file with the public keys of CloudTrail's digest files, as `aws cloudtrail list-public-keys` prints them. Digests
    /// are verified as they come, and the log files they name; each result is a record. Default: they are kept, and nothing is verified.
    pub(super) digest_keys_file: Option<PathBuf>,
    /// Seconds between two looks for digests. CloudTrail delivers one an hour.
    #[serde(default = "SourceTable::digest_poll_s")]
    #[schemars(range(min = 1, max = 86_400))]
    pub(super) digest_poll_s: u64,
}

impl SourceTable {
    fn digest_poll_s() -> u64 {
        300
    }
}

/// A file or a folder.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FilesTable {
    /// The file or folder. Folders within are read too; names that begin with a dot are left out.
    pub(super) path: PathBuf,
    /// Milliseconds between two looks.
    #[serde(default = "FilesTable::poll_ms")]
    #[schemars(range(min = 10, max = 3_600_000))]
    pub(super) poll_ms: u64,
}

impl FilesTable {
    fn poll_ms() -> u64 {
        1_000
    }
}

/// Objects of a bucket. Credentials come from the environment, the container or the machine, unless a key is given.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct S3Table {
    /// `s3://bucket/prefix`. The prefix is one or several whole parts of keys, between slashes.
    pub(super) url: String,
    /// The URL of a queue of SQS that is told of new objects: by S3 itself, by EventBridge, or by either through SNS.
    pub(super) queue: Option<String>,
    /// Seconds between two passes over all keys. Default: 60 without a queue; none with one.
    #[schemars(range(min = 1, max = 604_800))]
    pub(super) poll_s: Option<u64>,
    /// Where the bucket is, if not in S3 itself: a URL. The queue has its own.
    pub(super) endpoint_url: Option<String>,
    /// The region. Default: that of the environment.
    pub(super) region: Option<String>,
    /// The key to use. Default: that of the environment, the container or the machine.
    pub(super) access_key_id: Option<String>,
    /// File with the secret that goes with it.
    pub(super) secret_access_key_file: Option<PathBuf>,
    /// Seconds that an object may show up after the time it says it was modified at.
    #[serde(default = "S3Table::late_s")]
    #[schemars(range(min = 60, max = 604_800))]
    pub(super) late_s: u64,
}

impl S3Table {
    fn late_s() -> u64 {
        6 * 3_600
    }
}

/// A receiver of syslog: at least one of `udp`, `tcp` and `tls`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SyslogTable {
    /// Address and port for datagrams.
    pub(super) udp: Option<String>,
    /// Address and port for connections.
    pub(super) tcp: Option<String>,
    /// Address and port for connections with TLS.
    pub(super) tls: Option<String>,
    /// Certificate and key for those with TLS.
    pub(super) certificate: Option<SourceCertificateTable>,
    /// Connections at a time; more are turned away.
    #[serde(default = "SyslogTable::connections_max")]
    #[schemars(range(min = 1, max = 100_000))]
    pub(super) connections_max: usize,
    /// Bytes of a message; longer ones are cut into several.
    #[serde(default = "SyslogTable::message_bytes_max")]
    #[schemars(range(min = 480, max = 1_048_576))]
    pub(super) message_bytes_max: usize,
    /// Seconds after which a connection on which nothing came is closed.
    #[serde(default = "SyslogTable::idle_timeout_s")]
    #[schemars(range(min = 1, max = 604_800))]
    pub(super) idle_timeout_s: u64,
}

impl SyslogTable {
    fn connections_max() -> usize {
        1_024
    }

    fn message_bytes_max() -> usize {
        64 << 10
    }

    fn idle_timeout_s() -> u64 {
        3_600
    }
}

/// An address that Amazon Data Firehose delivers to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FirehoseTable {
    /// Address and port.
    pub(super) listen: String,
    /// The path that is delivered to.
    #[serde(default = "FirehoseTable::path")]
    pub(super) path: String,
    /// File with the access key that the delivery stream was given.
    pub(super) access_key_file: PathBuf,
    /// Certificate and key. Firehose itself delivers over TLS only; without them, something before must end it.
    pub(super) certificate: Option<SourceCertificateTable>,
    /// Bytes of a request. Firehose sends 64 MiB at the most.
    #[serde(default = "FirehoseTable::body_bytes_max")]
    #[schemars(range(min = 65_536, max = 67_108_864))]
    pub(super) body_bytes_max: usize,
    /// Connections at a time; more are turned away.
    #[serde(default = "FirehoseTable::connections_max")]
    #[schemars(range(min = 1, max = 10_000))]
    pub(super) connections_max: usize,
}

impl FirehoseTable {
    fn path() -> String {
        "/".to_owned()
    }

    fn body_bytes_max() -> usize {
        64 << 20
    }

    fn connections_max() -> usize {
        256
    }
}

/// A certificate for senders, and whose certificates they must show.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceCertificateTable {
    /// PEM file of the certificate chain, the server's own certificate first.
    pub(super) chain: PathBuf,
    /// PEM file of the private key.
    pub(super) key: PathBuf,
    /// PEM file of the authorities that sign the certificates senders must show. Default: they need none.
    pub(super) client_authorities: Option<PathBuf>,
}
