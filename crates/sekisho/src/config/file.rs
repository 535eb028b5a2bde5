//! The configuration file as written. Field docs are the manual: they become the JSON schema's descriptions.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::lake::LakeTable;
use super::limits::LimitsTable;
use super::rates::RatesTable;

/// The JSON schema of [`File`].
pub(super) fn schema() -> serde_json::Value {
    schemars::schema_for!(File).to_value()
}

/// Configuration of `sekisho run`. Relative paths start at the folder of this file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "sekisho.toml")]
pub(super) struct File {
    /// Folder that everything Sekisho keeps is written under.
    #[serde(default = "default_data")]
    pub(super) data: PathBuf,
    /// Worker threads. Default: one a core.
    pub(super) workers: Option<NonZeroUsize>,
    /// Addresses that clients are served at. At least one.
    #[schemars(length(min = 1))]
    pub(super) listener: Vec<ListenerTable>,
    /// Services behind the checkpoint.
    #[serde(default)]
    pub(super) upstream: Vec<UpstreamTable>,
    /// Which requests go where: the longest path prefix of the most exact host wins. At least one.
    #[schemars(length(min = 1))]
    pub(super) route: Vec<RouteTable>,
    /// Where the rules come from.
    #[serde(default)]
    pub(super) rules: RulesTable,
    /// Rules in ModSecurity's language, which see what the web ACL lets through.
    #[serde(default)]
    pub(super) seclang: SecLangTable,
    /// Whom to believe about the client.
    #[serde(default)]
    pub(super) client: ClientTable,
    /// How clients prove themselves to rules that ask for it.
    #[serde(default)]
    pub(super) tokens: TokensTable,
    /// How rate-based rules count.
    #[serde(default)]
    pub(super) rates: RatesTable,
    /// How decisions are recorded.
    #[serde(default)]
    pub(super) records: RecordsTable,
    /// Where logs of all kinds are kept, this checkpoint's decisions among them. Without it, there is no lake.
    pub(super) lake: Option<LakeTable>,
    /// Metrics and health.
    #[serde(default)]
    pub(super) admin: AdminTable,
    /// How Sekisho logs about itself.
    #[serde(default)]
    pub(super) log: LogTable,
    /// How much, how many and how long.
    #[serde(default)]
    pub(super) limits: LimitsTable,
}

fn default_data() -> PathBuf {
    PathBuf::from("sekisho-data")
}

/// An address that clients are served at.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListenerTable {
    /// Address and port, such as `0.0.0.0:8443`.
    pub(super) address: String,
    /// Certificates: with any, the listener speaks TLS. The first serves clients that name no known host.
    #[serde(default)]
    pub(super) certificate: Vec<CertificateTable>,
    /// Address ranges of load balancers that open each connection with a PROXY protocol header.
    #[serde(default)]
    pub(super) proxy_protocol_from: Vec<String>,
}

/// A certificate and its key. Both files are read again when they change.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CertificateTable {
    /// PEM file of the certificate chain, the server's own certificate first.
    pub(super) chain: PathBuf,
    /// PEM file of the private key.
    pub(super) key: PathBuf,
}

/// A service behind the checkpoint.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpstreamTable {
    /// Name that routes refer to.
    pub(super) name: String,
    /// Base URLs of its servers, such as `http://127.0.0.1:3000`. At least one.
    #[schemars(length(min = 1))]
    pub(super) servers: Vec<String>,
    /// What is spoken to the servers.
    #[serde(default)]
    pub(super) protocol: ProtocolName,
    /// What the Host field carries: what the client sent, or the server's own name.
    #[serde(default)]
    pub(super) host: HostName,
    /// Path that answers 2xx or 3xx while a server is well; asked regularly if given.
    pub(super) health_path: Option<String>,
    /// PEM file of the authorities that https servers are checked against. Default: the Web's.
    pub(super) authorities: Option<PathBuf>,
}

/// What is spoken to a server.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ProtocolName {
    /// HTTP/1.1; over TLS, whichever the server picks.
    #[default]
    Auto,
    /// HTTP/1.1.
    Http1,
    /// HTTP/2, with prior knowledge where there is no TLS.
    Http2,
}

/// What the Host field carries.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum HostName {
    /// What the client sent.
    #[default]
    Client,
    /// The server's own name.
    Server,
}

/// Requests to a host and path prefix, and where they go: to an upstream or to a folder of pages.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RouteTable {
    /// Host name, `*.domain`, or `*` for every host.
    #[serde(default = "any_host")]
    pub(super) host: String,
    /// Path prefix.
    #[serde(default = "root_path")]
    pub(super) path: String,
    /// Name of an upstream.
    pub(super) upstream: Option<String>,
    /// Folder of static pages.
    pub(super) pages: Option<PathBuf>,
}

fn any_host() -> String {
    "*".to_owned()
}

fn root_path() -> String {
    "/".to_owned()
}

/// Where the rules come from. All files are read again when they change or on SIGHUP.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RulesTable {
    /// The web ACL: output of `aws wafv2 get-web-acl`. Default: the starter ACL.
    pub(super) acl: Option<PathBuf>,
    /// Folder of the IP sets, regex pattern sets and rule groups it refers to: outputs of `aws wafv2 get-…`.
    pub(super) resources: Option<PathBuf>,
    /// Text file of addresses and ranges, one a line, that the starter ACL always lets through.
    pub(super) allow_list: Option<PathBuf>,
    /// Text file of addresses and ranges, one a line, for AWSManagedRulesAmazonIpReputationList.
    pub(super) reputation_list: Option<PathBuf>,
    /// Text file of addresses and ranges that scan, one a line, for AWSManagedReconnaissanceList in the same group.
    pub(super) reconnaissance_list: Option<PathBuf>,
    /// Text file of addresses and ranges that take part in floods, one a line, for AWSManagedIPDDoSList in the same group.
    pub(super) ddos_list: Option<PathBuf>,
    /// MaxMind DB file of countries (and regions).
    pub(super) country_db: Option<PathBuf>,
    /// MaxMind DB file of autonomous systems.
    pub(super) asn_db: Option<PathBuf>,
    /// What happens to a request when its inspection fails.
    #[serde(default)]
    pub(super) on_fault: FaultName,
}

/// Rules in ModSecurity's language, which see what the web ACL lets through. All files, and those they include, are read again
/// when they change or on SIGHUP. Where these are the only rules, nothing stands before them: the starter ACL does not.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SecLangTable {
    /// Folder of the OWASP Core Rule Set. Its rules block, whatever its base configuration says, unless `count` is true.
    pub(super) crs: Option<PathBuf>,
    /// Rule files, in the order they are read. With `crs`, they come after its setup and before its rules.
    #[serde(default)]
    pub(super) files: Vec<PathBuf>,
    /// Paranoia level of the Core Rule Set. Default: what its setup says.
    #[schemars(range(min = 1, max = 4))]
    pub(super) paranoia: Option<u8>,
    /// Anomaly score at which the Core Rule Set stops a request. Default: what its setup says.
    pub(super) inbound_threshold: Option<u32>,
    /// Anomaly score at which the Core Rule Set stops a response. Default: what its setup says.
    pub(super) outbound_threshold: Option<u32>,
    /// Whether matches are only counted and recorded, and nothing is stopped.
    #[serde(default)]
    pub(super) count: bool,
    /// Lets regular expressions run that no linear engine can match (look-around, back-references), with up to so many steps back
    /// for a value. Default: they are refused.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(super) backtracking: Option<u32>,
}

/// What happens to a request when its inspection fails.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum FaultName {
    /// It is refused.
    #[default]
    Closed,
    /// It goes on, uninspected.
    Open,
}

/// Whom to believe about the client.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientTable {
    /// Address ranges of the proxies in front of Sekisho. The client's address comes from a header only through these.
    #[serde(default)]
    pub(super) trusted_proxies: Vec<String>,
    /// The header they report the client in.
    #[serde(default)]
    pub(super) trusted_header: TrustedHeader,
}

/// The header that trusted proxies report the client in.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum TrustedHeader {
    /// X-Forwarded-For.
    #[default]
    XForwardedFor,
    /// Forwarded, RFC 7239.
    Forwarded,
}

/// How clients prove themselves to rules with the actions Captcha and Challenge.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TokensTable {
    /// Text file of the keys tokens are signed with: one a line in base64, at least 32 bytes each, the current one first; those
    /// after it are still accepted. Read again when it changes and on SIGHUP. Default: `token.keys` in the data folder, made
    /// where it is missing.
    pub(super) key_file: Option<PathBuf>,
    /// How much work a browser proves: leading zero bits of a hash. Each more doubles it.
    #[schemars(range(min = 8, max = 22))]
    pub(super) work_bits: u8,
}

impl Default for TokensTable {
    fn default() -> Self {
        Self { key_file: None, work_bits: sekisho_edge::token::Tokens::WORK_BITS_DEFAULT }
    }
}

/// How decisions are recorded: JSON lines in the AWS WAF log format.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RecordsTable {
    /// Whether decisions are recorded at all. Without records nothing can be explained or proved later.
    pub(super) enabled: bool,
    /// The logging configuration of the web ACL, as `aws wafv2 get-logging-configuration` prints it: which decisions are
    /// recorded, and what their records do not show. Everything is recorded if none is given.
    pub(super) logging: Option<PathBuf>,
    /// AWS account id in the paths of the records: twelve digits.
    pub(super) account: String,
    /// AWS Region in the paths of the records.
    pub(super) region: String,
    /// Milliseconds after which a record is on disk.
    #[schemars(range(min = 10, max = 60_000))]
    pub(super) flush_interval_ms: u64,
    /// Seconds after which a file of records is closed and compressed.
    #[schemars(range(min = 1, max = 86_400))]
    pub(super) rotate_interval_s: u64,
    /// Bytes after which a file of records is closed and compressed.
    #[schemars(range(min = 65_536, max = 4_294_967_296_u64))]
    pub(super) segment_bytes_max: u64,
    /// Bytes of records that may wait to be written.
    #[schemars(range(min = 65_536, max = 1_073_741_824))]
    pub(super) queue_bytes_max: usize,
    /// What happens when more than that wait.
    pub(super) overflow: Overflow,
    /// Headers whose values are masked, besides Authorization, Proxy-Authorization, Cookie, Set-Cookie and X-Aws-Waf-Token.
    pub(super) mask_headers: Vec<String>,
    /// Whether payment card numbers are masked.
    pub(super) mask_card_numbers: bool,
}

impl Default for RecordsTable {
    fn default() -> Self {
        Self {
            enabled: true,
            logging: None,
            account: "000000000000".to_owned(),
            region: "local".to_owned(),
            flush_interval_ms: 1_000,
            rotate_interval_s: 300,
            segment_bytes_max: 75 * 1024 * 1024,
            queue_bytes_max: 16 * 1024 * 1024,
            overflow: Overflow::default(),
            mask_headers: Vec::new(),
            mask_card_numbers: true,
        }
    }
}

/// What happens when too many records wait to be written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Overflow {
    /// Requests wait.
    #[default]
    Wait,
    /// Records are dropped and counted.
    Drop,
}

/// Metrics and health.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AdminTable {
    /// Address of `/metrics`, `/healthz` and `/readyz`. Keep it private. An empty text switches it off.
    pub(super) address: String,
}

impl Default for AdminTable {
    fn default() -> Self {
        Self { address: super::check::ADMIN_DEFAULT.to_string() }
    }
}

/// How Sekisho logs about itself, on standard error.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LogTable {
    /// For people or for machines.
    pub(super) format: LogFormat,
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,sekisho_edge=debug`.
    pub(super) level: String,
}

impl Default for LogTable {
    fn default() -> Self {
        Self { format: LogFormat::default(), level: "info".to_owned() }
    }
}

/// For people or for machines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// Text.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}
