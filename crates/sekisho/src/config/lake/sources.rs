//! Resolves `[[lake.source]]` into feeds, and refuses what two of them would take in twice.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use sekisho_collect::{SOURCES, Source};
use sekisho_gather::{
    DigestKeys, DigestPlace, DigestsFeed, Feed, FilesFeed, FirehoseFeed, S3Feed, SyslogFeed, TlsFiles,
};
use sekisho_model::{Diagnostic, closest};

use super::super::places::Step;
use super::check::{at, bucket_problem, endpoint_problem};
use super::{Around, FilesTable, FirehoseTable, Problem, S3Table, SourceCertificateTable, SourceTable, SyslogTable};

/// Seconds between two passes over a bucket that no queue tells of.
const POLL_S: u64 = 60;
/// Bytes of all records of a delivery, decompressed, for each byte that it may have.
const RECORDS_OVER_BODY: usize = 2;
/// Deliveries of Firehose whose bodies are held at a time.
const REQUESTS_MAX: usize = 2;
/// Milliseconds that a delivery of Firehose may take to come in whole; it gives up after three minutes.
const REQUEST_MS: u64 = 60_000;

/// The one format whose logs are vouched for.
const CLOUDTRAIL: &str = "cloudtrail";

/// An address, and over what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transport {
    Udp,
    Tcp,
}

/// What sources take, so that no two take the same.
pub(super) struct Sources<'c, 'p> {
    around: Around<'c>,
    problems: &'p mut Vec<Problem>,
    listening: Vec<(Transport, SocketAddr)>,
    paths: Vec<PathBuf>,
    buckets: Vec<String>,
}

/// Where in the configuration a source stands.
#[derive(Debug, Clone, Copy)]
struct Place(usize, &'static str);

impl Place {
    fn key(self, key: &'static str) -> [Step<'static>; 4] {
        ["source".into(), self.0.into(), self.1.into(), key.into()]
    }
}

impl<'c, 'p> Sources<'c, 'p> {
    pub(super) fn new(around: Around<'c>, problems: &'p mut Vec<Problem>) -> Self {
        let listening = around.taken.iter().map(|address| (Transport::Tcp, *address)).collect();
        Self { around, problems, listening, paths: Vec::new(), buckets: Vec::new() }
    }

    /// The feeds of a source: its logs, and what vouches for them.
    pub(super) fn feeds(&mut self, table: SourceTable, index: usize) -> Vec<Feed> {
        let SourceTable { format, files, s3, syslog, firehose, digest_keys_file, digest_poll_s } = table;
        if Source::named(&format).is_none() {
            let known = SOURCES.iter().map(|source| source.name);
            let diagnostic = Diagnostic::error("unknown-format", format!("there is no format `{format}`"));
            let help = match closest(&format, known.clone()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("formats are: {}", known.collect::<Vec<_>>().join(", ")),
            };
            self.problem(diagnostic.help(help), &["source".into(), index.into(), "format".into()]);
        }
        let is_cloudtrail = format == CLOUDTRAIL;
        let logs = match (files, s3, syslog, firehose) {
            (Some(table), None, None, None) => Some(self.files(format, table, Place(index, "files"))),
            (None, Some(table), None, None) => Some(self.s3(format, table, Place(index, "s3"))),
            (None, None, Some(table), None) => Some(self.syslog(format, table, Place(index, "syslog"))),
            (None, None, None, Some(table)) => self.firehose(format, table, Place(index, "firehose")),
            _ => {
                let diagnostic = Diagnostic::error("source-origin", "a source comes from exactly one place");
                let diagnostic = diagnostic.help("give exactly one of the keys `files`, `s3`, `syslog` and `firehose`");
                self.problem(diagnostic, &["source".into(), index.into()]);
                None
            }
        };
        let digests = digest_keys_file.and_then(|file| {
            let way = ["source".into(), index.into(), "digest_keys_file".into()];
            let poll_ms = digest_poll_s * 1_000;
            self.digests(is_cloudtrail.then_some(logs.as_ref()).flatten(), &file, poll_ms, &way)
        });
        logs.into_iter().chain(digests).collect()
    }

    /// What verifies the digests beside logs.
    fn digests(&mut self, logs: Option<&Feed>, file: &Path, poll_ms: u64, way: &[Step<'static>]) -> Option<Feed> {
        let place = match logs {
            Some(Feed::Files(files)) => DigestPlace::Folder(files.path.clone()),
            Some(Feed::S3(s3)) => DigestPlace::Bucket(s3.clone()),
            _ => {
                let diagnostic = Diagnostic::error("no-digests", "only CloudTrail has digests, in `files` and in `s3`");
                self.problem(diagnostic.help("remove `digest_keys_file`"), way);
                return None;
            }
        };
        let keys_file = self.around.base.join(file);
        if let Err(error) = DigestKeys::read(&keys_file) {
            let diagnostic = Diagnostic::error("digest-keys", format!("{:#}", anyhow::Error::from(error)));
            self.problem(diagnostic.help("aws cloudtrail list-public-keys --region REGION > keys.json"), way);
        }
        Some(Feed::Digests(DigestsFeed { place, keys_file, poll_ms }))
    }

    fn problem(&mut self, diagnostic: Diagnostic, way: &[Step<'static>]) {
        self.problems.push(at(diagnostic, way));
    }

    fn readable(&mut self, path: &Path, way: &[Step<'static>]) -> PathBuf {
        let path = self.around.base.join(path);
        if let Err(error) = std::fs::File::open(&path) {
            let message = format!("cannot read {}: {error}", path.display());
            self.problem(Diagnostic::error("unreadable-file", message), way);
        }
        path
    }

    fn files(&mut self, source: String, table: FilesTable, place: Place) -> Feed {
        let path = self.readable(&table.path, &place.key("path"));
        // One that is not there is told of above.
        let real = path.canonicalize().unwrap_or_else(|_| path.clone());
        let data = self.around.data.canonicalize().unwrap_or_else(|_| self.around.data.to_owned());
        if data.starts_with(&real) || real.starts_with(&data) {
            let message = format!("{} is what this program writes itself", path.display());
            let diagnostic = Diagnostic::error("own-files", message);
            self.problem(diagnostic.help("its decisions go into the lake by themselves"), &place.key("path"));
        }
        let overlaps = |other: &PathBuf| other.starts_with(&real) || real.starts_with(other);
        if let Some(other) = self.paths.iter().find(|other| overlaps(other)) {
            let message = format!("{} is read by another source already, as {}", path.display(), other.display());
            self.problem(Diagnostic::error("duplicate-path", message), &place.key("path"));
        }
        self.paths.push(real);
        Feed::Files(FilesFeed { source, path, watch_ms: Some(table.poll_ms) })
    }

    fn s3(&mut self, source: String, table: S3Table, place: Place) -> Feed {
        let S3Table { url, queue, poll_s, endpoint_url, region, access_key_id, secret_access_key_file, late_s } = table;
        if let Some(diagnostic) = bucket_problem(&url) {
            self.problem(diagnostic, &place.key("url"));
        }
        if let Some(diagnostic) = endpoint_problem(endpoint_url.as_deref()) {
            self.problem(diagnostic, &place.key("endpoint_url"));
        }
        if let Some(diagnostic) = endpoint_problem(queue.as_deref()) {
            let diagnostic = diagnostic.help("write https://sqs.REGION.amazonaws.com/ACCOUNT/NAME");
            self.problem(diagnostic, &place.key("queue"));
        }
        if access_key_id.is_some() != secret_access_key_file.is_some() {
            let message = "`access_key_id` and `secret_access_key_file` go together";
            self.problem(Diagnostic::error("half-a-key", message), &place.key("access_key_id"));
        }
        let secret_access_key_file =
            secret_access_key_file.map(|path| self.readable(&path, &place.key("secret_access_key_file")));
        let below = format!("{}/", url.trim_end_matches('/'));
        if self.buckets.iter().any(|other| other.starts_with(&below) || below.starts_with(other.as_str())) {
            let message = format!("`{url}` is read by another source already");
            self.problem(Diagnostic::error("duplicate-path", message), &place.key("url"));
        }
        self.buckets.push(below);
        let poll_s = poll_s.or_else(|| queue.is_none().then_some(POLL_S));
        Feed::S3(S3Feed {
            source,
            url,
            poll_ms: poll_s.map(|seconds| seconds * 1_000),
            queue,
            endpoint: endpoint_url,
            region,
            access_key_id,
            secret_access_key_file,
            late_ms: late_s * 1_000,
        })
    }

    fn syslog(&mut self, source: String, table: SyslogTable, place: Place) -> Feed {
        let SyslogTable { udp, tcp, tls, certificate, connections_max, message_bytes_max, idle_timeout_s } = table;
        if udp.is_none() && tcp.is_none() && tls.is_none() {
            let diagnostic = Diagnostic::error("no-address", "a receiver of syslog needs an address");
            let way = ["source".into(), place.0.into(), place.1.into()];
            self.problem(diagnostic.help("give `udp`, `tcp` or `tls`, such as udp = \"0.0.0.0:514\""), &way);
        }
        if tls.is_some() != certificate.is_some() {
            let diagnostic = Diagnostic::error("certificate", "`tls` and `certificate` go together");
            self.problem(diagnostic, &place.key(if tls.is_some() { "tls" } else { "certificate" }));
        }
        let mut address =
            |text: Option<String>, transport, key| text.and_then(|text| self.listen(&text, transport, &place.key(key)));
        let udp = address(udp, Transport::Udp, "udp");
        let tcp = address(tcp, Transport::Tcp, "tcp");
        let tls = address(tls, Transport::Tcp, "tls");
        Feed::Syslog(SyslogFeed {
            source,
            udp,
            tcp,
            tls,
            tls_files: certificate.map(|table| self.certificate(&table, place)),
            connections_max,
            message_bytes_max,
            idle_ms: idle_timeout_s * 1_000,
        })
    }

    fn firehose(&mut self, source: String, table: FirehoseTable, place: Place) -> Option<Feed> {
        let FirehoseTable { listen, path, access_key_file, certificate, body_bytes_max, connections_max } = table;
        if !path.starts_with('/') {
            let diagnostic = Diagnostic::error("path", format!("`{path}` is not a path beginning with `/`"));
            self.problem(diagnostic, &place.key("path"));
        }
        let access_key_file = self.readable(&access_key_file, &place.key("access_key_file"));
        let tls = certificate.map(|table| self.certificate(&table, place));
        let listen = self.listen(&listen, Transport::Tcp, &place.key("listen"))?;
        Some(Feed::Firehose(FirehoseFeed {
            source,
            listen,
            path,
            access_key_file,
            tls,
            body_bytes_max,
            records_bytes_max: body_bytes_max.saturating_mul(RECORDS_OVER_BODY),
            connections_max,
            requests_max: REQUESTS_MAX,
            request_ms: REQUEST_MS,
        }))
    }

    fn certificate(&mut self, table: &SourceCertificateTable, place: Place) -> TlsFiles {
        let way = |key| ["source".into(), place.0.into(), place.1.into(), "certificate".into(), Step::Key(key)];
        TlsFiles {
            certificate: self.readable(&table.chain, &way("chain")),
            key: self.readable(&table.key, &way("key")),
            client_authority: table
                .client_authorities
                .as_ref()
                .map(|path| self.readable(path, &way("client_authorities"))),
        }
    }

    /// An address nobody else listens on.
    fn listen(&mut self, text: &str, transport: Transport, way: &[Step<'static>]) -> Option<SocketAddr> {
        let Ok(address) = text.parse::<SocketAddr>() else {
            let diagnostic = Diagnostic::error("address", format!("`{text}` is not an address and port"));
            self.problem(diagnostic.help("write 127.0.0.1:514, 0.0.0.0:514 or [::]:514"), way);
            return None;
        };
        let clashes = |other: &SocketAddr| {
            let (one, two) = (address.ip(), other.ip());
            let is_same_host = one == two || one.is_unspecified() || two.is_unspecified();
            address.port() != 0 && address.port() == other.port() && is_same_host
        };
        if let Some((_, other)) = self.listening.iter().find(|(over, other)| *over == transport && clashes(other)) {
            let message = format!("something else listens on {other} already");
            self.problem(Diagnostic::error("duplicate-address", message), way);
        }
        self.listening.push((transport, address));
        Some(address)
    }
}
