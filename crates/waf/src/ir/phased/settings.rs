//! What is set once for all transactions. Defaults are ModSecurity's own.

use std::num::NonZeroU32;

/// Everything that directives set apart from rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PhasedSettings {
    /// `SecRuleEngine`.
    pub engine: EngineMode,
    /// `SecRequestBody…`, `SecArgument…`, `SecUploadFileLimit`.
    pub request_body: RequestBodySettings,
    /// `SecResponseBody…`.
    pub response_body: ResponseBodySettings,
    /// `SecAudit…`.
    pub audit: AuditSettings,
    /// `SecCollectionTimeout`.
    pub collection_timeouts: CollectionTimeouts,
    /// `SecArgumentSeparator`.
    pub argument_separator: Option<u8>,
    /// `SecCookieFormat 1`: cookies of version 1 (RFC 2109).
    pub cookies_v1: bool,
    /// `SecComponentSignature`.
    pub component_signatures: Vec<String>,
    /// `SecUnicodeMapFile`: best-fit characters, from code point to byte, in order.
    pub unicode_map: Vec<(u32, u8)>,
    /// `SecServerSignature`: what the response calls the server.
    pub server_signature: Option<String>,
    /// `SecWebAppId`.
    pub web_app_id: Option<String>,
    /// `SecSensorId`.
    pub sensor_id: Option<String>,
    /// `sanitiseArg` and the like: what logs do not show, whichever rules match.
    pub sanitised: Vec<SanitisedPart>,
    /// Regular expressions that no linear engine can match are run by one that goes back up to so many times for a value;
    /// without this, there are none.
    pub backtracking_steps_max: Option<NonZeroU32>,
}

/// A part of a transaction whose value logs do not show. Names are in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SanitisedPart {
    /// An argument, of the query or the body.
    Argument(String),
    /// A field of the request's head.
    RequestHeader(String),
    /// A field of the response's head.
    ResponseHeader(String),
}

/// Whether rules run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EngineMode {
    /// They do.
    On,
    /// They do, and stop nothing.
    DetectionOnly,
    /// They do not.
    #[default]
    Off,
}

/// How request bodies are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestBodySettings {
    /// `SecRequestBodyAccess`.
    pub access: bool,
    /// `SecRequestBodyLimit`, in bytes.
    pub bytes_max: u64,
    /// `SecRequestBodyNoFilesLimit`, in bytes: of what is not a file.
    pub no_files_bytes_max: u64,
    /// `SecRequestBodyLimitAction`.
    pub over_limit: OverLimit,
    /// `SecRequestBodyJsonDepthLimit`, in levels.
    pub json_depth_max: u32,
    /// `SecArgumentsLimit`.
    pub arguments_max: u32,
    /// `SecUploadFileLimit`.
    pub files_max: u32,
    /// `SecParseXmlIntoArgs`.
    pub xml_into_args: XmlIntoArgs,
}

/// Whether elements of XML are arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum XmlIntoArgs {
    /// They are not.
    #[default]
    Off,
    /// They are, and `XML` is there too.
    On,
    /// They are, and `XML:/*` is empty.
    OnlyArgs,
}

impl Default for RequestBodySettings {
    fn default() -> Self {
        Self {
            access: false,
            bytes_max: 134_217_728,
            no_files_bytes_max: 1_048_576,
            over_limit: OverLimit::Reject,
            json_depth_max: 10_000,
            arguments_max: 1_000,
            files_max: 100,
            xml_into_args: XmlIntoArgs::Off,
        }
    }
}

/// How response bodies are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseBodySettings {
    /// `SecResponseBodyAccess`.
    pub access: bool,
    /// `SecResponseBodyLimit`, in bytes.
    pub bytes_max: u64,
    /// `SecResponseBodyLimitAction`.
    pub over_limit: OverLimit,
    /// `SecResponseBodyMimeType`, lowercase.
    pub content_types: Vec<String>,
}

impl Default for ResponseBodySettings {
    fn default() -> Self {
        let content_types = ["text/plain", "text/html"].map(str::to_owned).to_vec();
        Self { access: false, bytes_max: 524_288, over_limit: OverLimit::Reject, content_types }
    }
}

/// What happens to a body that is larger than is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverLimit {
    /// The transaction is refused.
    Reject,
    /// What fits is looked at.
    ProcessPartial,
    /// What fits is looked at, and that it ends too early is no error. No directive says so: a policy's groups do, which look
    /// at as much of a body as the policy does.
    InspectPart,
}

/// What reads a request's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BodyProcessor {
    /// Forms.
    UrlEncoded,
    /// Forms with files.
    Multipart,
    /// JSON.
    Json,
    /// XML.
    Xml,
}

impl BodyProcessor {
    /// As `REQBODY_PROCESSOR` calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UrlEncoded => "URLENCODED",
            Self::Multipart => "MULTIPART",
            Self::Json => "JSON",
            Self::Xml => "XML",
        }
    }
}

/// How the audit log is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditSettings {
    /// `SecAuditEngine`.
    pub engine: AuditEngine,
    /// `SecAuditLog`.
    pub log: Option<String>,
    /// `SecAuditLogStorageDir`.
    pub storage_dir: Option<String>,
    /// `SecAuditLogType`.
    pub storage: AuditStorage,
    /// `SecAuditLogFormat`.
    pub format: AuditFormat,
    /// `SecAuditLogParts`.
    pub parts: AuditParts,
    /// `SecAuditLogRelevantStatus`: an expression on the status.
    pub relevant_status: Option<String>,
    /// `SecAuditLogFileMode`.
    pub file_mode: Option<u32>,
    /// `SecAuditLogDirMode`.
    pub dir_mode: Option<u32>,
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self {
            engine: AuditEngine::Off,
            log: None,
            storage_dir: None,
            storage: AuditStorage::Serial,
            format: AuditFormat::Native,
            parts: AuditParts::default(),
            relevant_status: None,
            file_mode: None,
            dir_mode: None,
        }
    }
}

/// Which transactions are written to the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditEngine {
    /// All.
    On,
    /// None.
    Off,
    /// Those in which a rule matched that asks for it, and those of a relevant status.
    RelevantOnly,
}

/// One file for all, or one each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditStorage {
    /// One for all.
    Serial,
    /// One each.
    Concurrent,
}

/// How an entry is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditFormat {
    /// Sections by letter.
    Native,
    /// One object a line.
    Json,
}

/// Sections of an entry, by letter: a set of `A` to `Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AuditParts(pub u32);

impl AuditParts {
    /// The set of these letters; `None` if one is no capital letter.
    #[must_use]
    pub fn of(letters: &str) -> Option<Self> {
        letters.bytes().try_fold(Self(0), |parts, letter| {
            letter.is_ascii_uppercase().then(|| Self(parts.0 | 1 << (letter - b'A')))
        })
    }

    /// Whether a letter is in it.
    #[must_use]
    pub const fn contains(self, letter: u8) -> bool {
        letter.is_ascii_uppercase() && self.0 & (1 << (letter - b'A')) != 0
    }
}

impl Default for AuditParts {
    fn default() -> Self {
        Self::of("ABCFHZ").expect("capital letters")
    }
}

/// How long a kept collection lives without being written, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CollectionTimeouts {
    /// In seconds.
    pub seconds: u64,
}

impl Default for CollectionTimeouts {
    fn default() -> Self {
        Self { seconds: 3600 }
    }
}
