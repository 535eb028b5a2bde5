//! What rules can look at.

use super::XmlPath;

/// A variable, or some of its members.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// The variable.
    pub variable: Variable,
    /// Which members of it; all if not given.
    pub selector: Option<Selector>,
    /// `&`: their number instead of their values.
    pub count: bool,
}

/// Which members of a collection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Selector {
    /// Of this name, in any ASCII case.
    Name(String),
    /// Of a name this expression matches.
    Regex(String),
    /// `XML:/*`: all text of the document.
    XmlText,
    /// `XML://@*`: all values of attributes.
    XmlAttributes,
    /// `XML:/a/b` and the like: a part of the document.
    XmlPath(Box<XmlPath>),
}

/// How a variable is made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VariableKind {
    /// One value.
    Scalar,
    /// Named values.
    Collection,
}

/// Builds [`Variable`] and the look-ups on it from one table: variant, name, kind.
macro_rules! table {
    ($($variant:ident, $name:literal, $kind:ident;)+) => {
        /// Something rules can look at, by its name in the reference manual.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "each is documented under its name in the ModSecurity Reference Manual")]
        pub enum Variable {
            $($variant,)+
        }

        impl Variable {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name rules know it by.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// Whether it is one value or named values.
            #[must_use]
            pub const fn kind(self) -> VariableKind {
                match self {
                    $(Self::$variant => VariableKind::$kind,)+
                }
            }
        }
    };
}

table! {
    Args, "ARGS", Collection;
    ArgsCombinedSize, "ARGS_COMBINED_SIZE", Scalar;
    ArgsGet, "ARGS_GET", Collection;
    ArgsGetNames, "ARGS_GET_NAMES", Collection;
    ArgsNames, "ARGS_NAMES", Collection;
    ArgsPost, "ARGS_POST", Collection;
    ArgsPostNames, "ARGS_POST_NAMES", Collection;
    AuthType, "AUTH_TYPE", Scalar;
    Duration, "DURATION", Scalar;
    Env, "ENV", Collection;
    Files, "FILES", Collection;
    FilesCombinedSize, "FILES_COMBINED_SIZE", Scalar;
    FilesNames, "FILES_NAMES", Collection;
    FilesSizes, "FILES_SIZES", Collection;
    FilesTmpContent, "FILES_TMP_CONTENT", Collection;
    FilesTmpNames, "FILES_TMPNAMES", Collection;
    FullRequest, "FULL_REQUEST", Scalar;
    FullRequestLength, "FULL_REQUEST_LENGTH", Scalar;
    Geo, "GEO", Collection;
    Global, "GLOBAL", Collection;
    HighestSeverity, "HIGHEST_SEVERITY", Scalar;
    InboundDataError, "INBOUND_DATA_ERROR", Scalar;
    Ip, "IP", Collection;
    MatchedVar, "MATCHED_VAR", Scalar;
    MatchedVarName, "MATCHED_VAR_NAME", Scalar;
    MatchedVars, "MATCHED_VARS", Collection;
    MatchedVarsNames, "MATCHED_VARS_NAMES", Collection;
    ModsecBuild, "MODSEC_BUILD", Scalar;
    MscPcreLimitsExceeded, "MSC_PCRE_LIMITS_EXCEEDED", Scalar;
    MultipartBoundaryQuoted, "MULTIPART_BOUNDARY_QUOTED", Scalar;
    MultipartBoundaryWhitespace, "MULTIPART_BOUNDARY_WHITESPACE", Scalar;
    MultipartCrlfLfLines, "MULTIPART_CRLF_LF_LINES", Scalar;
    MultipartDataAfter, "MULTIPART_DATA_AFTER", Scalar;
    MultipartDataBefore, "MULTIPART_DATA_BEFORE", Scalar;
    MultipartFileLimitExceeded, "MULTIPART_FILE_LIMIT_EXCEEDED", Scalar;
    MultipartFilename, "MULTIPART_FILENAME", Collection;
    MultipartHeaderFolding, "MULTIPART_HEADER_FOLDING", Scalar;
    MultipartInvalidHeaderFolding, "MULTIPART_INVALID_HEADER_FOLDING", Scalar;
    MultipartInvalidPart, "MULTIPART_INVALID_PART", Scalar;
    MultipartInvalidQuoting, "MULTIPART_INVALID_QUOTING", Scalar;
    MultipartLfLine, "MULTIPART_LF_LINE", Scalar;
    MultipartMissingSemicolon, "MULTIPART_MISSING_SEMICOLON", Scalar;
    MultipartName, "MULTIPART_NAME", Collection;
    MultipartPartHeaders, "MULTIPART_PART_HEADERS", Collection;
    MultipartSemicolonMissing, "MULTIPART_SEMICOLON_MISSING", Scalar;
    MultipartStrictError, "MULTIPART_STRICT_ERROR", Scalar;
    MultipartUnmatchedBoundary, "MULTIPART_UNMATCHED_BOUNDARY", Scalar;
    OutboundDataError, "OUTBOUND_DATA_ERROR", Scalar;
    PathInfo, "PATH_INFO", Scalar;
    QueryString, "QUERY_STRING", Scalar;
    RemoteAddr, "REMOTE_ADDR", Scalar;
    RemoteHost, "REMOTE_HOST", Scalar;
    RemotePort, "REMOTE_PORT", Scalar;
    RemoteUser, "REMOTE_USER", Scalar;
    ReqbodyError, "REQBODY_ERROR", Scalar;
    ReqbodyErrorMsg, "REQBODY_ERROR_MSG", Scalar;
    ReqbodyProcessor, "REQBODY_PROCESSOR", Scalar;
    ReqbodyProcessorError, "REQBODY_PROCESSOR_ERROR", Scalar;
    ReqbodyProcessorErrorMsg, "REQBODY_PROCESSOR_ERROR_MSG", Scalar;
    RequestBasename, "REQUEST_BASENAME", Scalar;
    RequestBody, "REQUEST_BODY", Scalar;
    RequestBodyLength, "REQUEST_BODY_LENGTH", Scalar;
    RequestCookies, "REQUEST_COOKIES", Collection;
    RequestCookiesNames, "REQUEST_COOKIES_NAMES", Collection;
    RequestFilename, "REQUEST_FILENAME", Scalar;
    RequestHeaders, "REQUEST_HEADERS", Collection;
    RequestHeadersNames, "REQUEST_HEADERS_NAMES", Collection;
    RequestLine, "REQUEST_LINE", Scalar;
    RequestMethod, "REQUEST_METHOD", Scalar;
    RequestProtocol, "REQUEST_PROTOCOL", Scalar;
    RequestUri, "REQUEST_URI", Scalar;
    RequestUriRaw, "REQUEST_URI_RAW", Scalar;
    Resource, "RESOURCE", Collection;
    ResponseBody, "RESPONSE_BODY", Scalar;
    ResponseContentLength, "RESPONSE_CONTENT_LENGTH", Scalar;
    ResponseContentType, "RESPONSE_CONTENT_TYPE", Scalar;
    ResponseHeaders, "RESPONSE_HEADERS", Collection;
    ResponseHeadersNames, "RESPONSE_HEADERS_NAMES", Collection;
    ResponseProtocol, "RESPONSE_PROTOCOL", Scalar;
    ResponseStatus, "RESPONSE_STATUS", Scalar;
    Rule, "RULE", Collection;
    ServerAddr, "SERVER_ADDR", Scalar;
    ServerName, "SERVER_NAME", Scalar;
    ServerPort, "SERVER_PORT", Scalar;
    Session, "SESSION", Collection;
    SessionId, "SESSIONID", Scalar;
    StatusLine, "STATUS_LINE", Scalar;
    Time, "TIME", Scalar;
    TimeDay, "TIME_DAY", Scalar;
    TimeEpoch, "TIME_EPOCH", Scalar;
    TimeHour, "TIME_HOUR", Scalar;
    TimeMin, "TIME_MIN", Scalar;
    TimeMon, "TIME_MON", Scalar;
    TimeSec, "TIME_SEC", Scalar;
    TimeWday, "TIME_WDAY", Scalar;
    TimeYear, "TIME_YEAR", Scalar;
    Tx, "TX", Collection;
    UniqueId, "UNIQUE_ID", Scalar;
    UrlencodedError, "URLENCODED_ERROR", Scalar;
    User, "USER", Collection;
    UserId, "USERID", Scalar;
    WebAppId, "WEBAPPID", Scalar;
    Xml, "XML", Collection;
}

impl Variable {
    /// The variable of this name, in any ASCII case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|variable| variable.name().eq_ignore_ascii_case(name))
    }
}
