//! Why the gate refuses a request, and what to answer.

use std::io;

use http::StatusCode;

/// A part of a request, for reasons that can arise in several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The request line.
    RequestLine,
    /// A field line of the head, or the empty line after them.
    Field,
    /// The line before a chunk.
    ChunkLine,
    /// A field line after the last chunk, or the empty line after them.
    Trailer,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::RequestLine => "request line",
            Self::Field => "header section",
            Self::ChunkLine => "chunk line",
            Self::Trailer => "trailer section",
        })
    }
}

/// Why a request is refused.
///
/// The reason is that of the first octet, in the order received, which no well-formed request could have at its place.
///
/// Source: RFC 9112 unless a variant says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// A line ends with LF alone; section 2.2.
    #[error("bare line feed in the {0}")]
    BareLf(Part),
    /// A CR is not followed by LF; section 2.2.
    #[error("bare carriage return in the {0}")]
    BareCr(Part),
    /// More than one empty line before a request line; section 2.2 lets one pass.
    #[error("empty lines before the request line")]
    EmptyLines,
    /// The request line does not begin with a method.
    #[error("no method in the request line")]
    MethodMissing,
    /// The method contains an octet that no token has.
    #[error("octet {byte:#04x} in the method")]
    MethodOctet {
        /// The octet.
        byte: u8,
    },
    /// The method is longer than any known one; section 3 asks for 501.
    #[error("method longer than {bytes_max} bytes")]
    MethodTooLong {
        /// The limit.
        bytes_max: usize,
    },
    /// Nothing, or another space, follows the method and its space; section 3.
    #[error("no request target after the method and one space")]
    TargetMissing,
    /// The target contains an octet it must not; RFC 3986, see [`crate::http1::TargetForm`].
    #[error("octet {byte:#04x} in the request target")]
    TargetOctet {
        /// The octet.
        byte: u8,
    },
    /// The target carries a fragment, which is never sent (RFC 9110 section 4.2.5), and no rule looks at fragments.
    #[error("fragment in the request target")]
    TargetFragment,
    /// The target is neither a path, an absolute `http` URI, nor what its method alone allows; section 3.2.
    #[error("request target in no form its method allows")]
    TargetForm,
    /// The target is longer than the limit.
    #[error("request target longer than {bytes_max} bytes")]
    TargetTooLong {
        /// The limit.
        bytes_max: usize,
    },
    /// The request line ends after the target, as in HTTP/0.9.
    #[error("no protocol version in the request line")]
    VersionMissing,
    /// What follows the target is not `HTTP/`, a digit, a dot and a digit; section 2.3.
    #[error("invalid protocol version in the request line")]
    VersionInvalid,
    /// A version other than 1.0 and 1.1; RFC 9110 section 15.6.6.
    #[error("protocol version HTTP/{major}.{minor} is not spoken here")]
    VersionUnsupported {
        /// Before the dot.
        major: u8,
        /// After the dot.
        minor: u8,
    },
    /// A field line begins with white space: folded, or white space before the first field; section 2.2 and 5.2.
    #[error("{0} line that begins with white space")]
    Folded(Part),
    /// A field line begins with its colon.
    #[error("empty field name in the {0}")]
    FieldNameEmpty(Part),
    /// White space before the colon; section 5.1.
    #[error("white space before the colon in the {0}")]
    SpaceBeforeColon(Part),
    /// A field line has no colon.
    #[error("line without colon in the {0}")]
    ColonMissing(Part),
    /// A field name contains an octet that no token has.
    #[error("octet {byte:#04x} in a field name of the {part}")]
    FieldNameOctet {
        /// The octet.
        byte: u8,
        /// Where.
        part: Part,
    },
    /// A field value contains a control; RFC 9110 section 5.5.
    #[error("octet {byte:#04x} in a field value of the {part}")]
    FieldValueOctet {
        /// The octet.
        byte: u8,
        /// Where.
        part: Part,
    },
    /// More field lines than the limit; RFC 6585 section 5.
    #[error("more than {headers_max} field lines")]
    HeadersTooMany {
        /// The limit.
        headers_max: usize,
    },
    /// A head larger than the limit; RFC 6585 section 5.
    #[error("head larger than {bytes_max} bytes")]
    HeadTooLarge {
        /// The limit.
        bytes_max: usize,
    },
    /// No Host in HTTP/1.1; section 3.2.
    #[error("no host field")]
    HostMissing,
    /// More than one Host; section 3.2.
    #[error("repeated host field")]
    HostRepeated,
    /// Host, or the authority of the target, is not a host name or address with an optional port.
    #[error("invalid host")]
    HostInvalid,
    /// Host differs from the authority of the target; section 3.2.
    #[error("host differs from the request target")]
    HostMismatch,
    /// The value is not digits that fit, without a leading zero; section 6.2.
    #[error("invalid content length")]
    ContentLengthInvalid,
    /// More than one Content-Length, even if they agree; section 6.3.
    #[error("repeated content length")]
    ContentLengthRepeated,
    /// Any transfer coding but `chunked`, once; section 6.1.
    #[error("transfer coding other than chunked")]
    TransferCoding,
    /// More than one Transfer-Encoding.
    #[error("repeated transfer encoding")]
    TransferEncodingRepeated,
    /// Transfer-Encoding in HTTP/1.0; section 6.1.
    #[error("transfer encoding in HTTP/1.0")]
    TransferEncodingInHttp10,
    /// Both Content-Length and Transfer-Encoding; section 6.3.
    #[error("both content length and transfer encoding")]
    LengthAndEncoding,
    /// Connection is not a list of tokens; RFC 9110 section 7.6.1.
    #[error("invalid connection field")]
    ConnectionInvalid,
    /// Connection names a field that frames or routes the request, which a proxy would then drop; RFC 9110 section 7.6.1.
    #[error("connection field that names a framing field")]
    ConnectionNamesFraming,
    /// A chunk does not begin with 1 to 16 hexadecimal digits followed by CRLF or `;`; section 7.1.
    #[error("invalid chunk size")]
    ChunkSize,
    /// A chunk extension is not `;name`, `;name=token` or `;name="string"`, without white space; section 7.1.1.
    #[error("invalid chunk extension")]
    ChunkExtension,
    /// A chunk line, or all extensions of a body together, exceed their limit.
    #[error("chunk extensions larger than {bytes_max} bytes")]
    ChunkLineTooLong {
        /// The limit.
        bytes_max: usize,
    },
    /// The octets after a chunk are not CRLF: its size is wrong; section 7.1.
    #[error("chunk not followed by CRLF")]
    ChunkEnd,
    /// A trailer field that frames, routes, authenticates or describes the request; RFC 9110 section 6.5.1.
    #[error("forbidden trailer field")]
    TrailerForbidden,
    /// A trailer section larger than the limit.
    #[error("trailer section larger than {bytes_max} bytes")]
    TrailerTooLarge {
        /// The limit.
        bytes_max: usize,
    },
    /// The head did not arrive in time; RFC 9110 section 15.5.9.
    #[error("head not complete within {timeout_ms} ms")]
    HeadTimeout {
        /// The limit.
        timeout_ms: u64,
    },
    /// No byte of the body arrived in time.
    #[error("no byte of the body within {timeout_ms} ms")]
    BodyIdle {
        /// The limit.
        timeout_ms: u64,
    },
    /// The body arrived more slowly than the limit allows.
    #[error("body slower than {bytes_per_s} bytes a second")]
    BodySlow {
        /// The limit.
        bytes_per_s: u64,
    },
}

impl Malformed {
    /// The status to answer with.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::HeadTimeout { .. } | Self::BodyIdle { .. } | Self::BodySlow { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::TargetTooLong { .. } => StatusCode::URI_TOO_LONG,
            Self::HeadersTooMany { .. } | Self::HeadTooLarge { .. } | Self::TrailerTooLarge { .. } => {
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
            }
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// Whether the request is answered at all. A client that names no version speaks HTTP/0.9, and would take a status line for
    /// the document; its connection is closed.
    #[must_use]
    pub fn is_answered(self) -> bool {
        self != Self::VersionMissing
    }

    /// Whether what is wrong lies in what the head says, not in how its lines are told apart: then it can still be said what it
    /// was. [`super::read::refused`] looks at the lines themselves.
    pub(super) fn is_of_meaning(self) -> bool {
        matches!(
            self,
            Self::TargetOctet { .. }
                | Self::TargetFragment
                | Self::TargetForm
                | Self::VersionInvalid
                | Self::VersionUnsupported { .. }
                | Self::HostMissing
                | Self::HostRepeated
                | Self::HostInvalid
                | Self::HostMismatch
                | Self::ContentLengthInvalid
                | Self::ContentLengthRepeated
                | Self::TransferCoding
                | Self::TransferEncodingRepeated
                | Self::TransferEncodingInHttp10
                | Self::LengthAndEncoding
                | Self::ConnectionInvalid
                | Self::ConnectionNamesFraming
        )
    }

    /// The reason within a read error of the gate, if there is one: what a body stream failed with.
    ///
    /// Looks through the whole chain of sources, as hyper wraps what it is given.
    #[must_use]
    pub fn behind<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(reason) = error.downcast_ref::<Self>() {
                return Some(reason);
            }
            // An io::Error's own source() is that of its payload, so the payload itself has to be asked for.
            let payload = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            next = match payload {
                Some(payload) => Some(payload as &(dyn std::error::Error + 'static)),
                None => error.source(),
            };
        }
        None
    }

    pub(super) fn into_io_error(self) -> io::Error {
        let kind = match self.status() {
            StatusCode::REQUEST_TIMEOUT => io::ErrorKind::TimedOut,
            _ => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, self)
    }
}
