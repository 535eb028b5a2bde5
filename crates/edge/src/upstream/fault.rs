//! What can go wrong between the proxy and an origin, and whose fault it is.

use std::io;

use http::StatusCode;

use crate::body::UploadFault;

/// Why an exchange failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// No connection; not a byte of the request was sent.
    #[error("no connection to the origin")]
    Connect(#[source] io::Error),
    /// No connection within its time.
    #[error("no connection to the origin within {timeout_ms} ms")]
    ConnectTimeout {
        /// The limit.
        timeout_ms: u64,
    },
    /// The origin closed before the first byte of a response.
    #[error("the origin closed before it answered")]
    Closed(#[source] Option<io::Error>),
    /// The connection failed within a response.
    #[error("the connection to the origin broke")]
    Broken(#[source] io::Error),
    /// The response is not one.
    #[error("malformed response: {0}")]
    Malformed(&'static str),
    /// An HTTP/2 connection or stream failed.
    #[error("HTTP/2 towards the origin failed")]
    Http2(#[source] hyper::Error),
    /// The origin took too long.
    #[error("the origin did not answer in time")]
    Timeout,
    /// The client's body came to no good end.
    #[error("the client's body failed")]
    Upload(#[source] UploadFault),
    /// A static page could not be read to its end.
    #[error("a file could not be read")]
    File(#[source] io::Error),
}

impl Fault {
    /// Whether the origin is to blame, so that its health suffers.
    pub(crate) fn is_origins(&self) -> bool {
        !matches!(self, Self::Upload(_) | Self::File(_))
    }

    /// Its kind, for counting.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Connect(_) => "connect",
            Self::ConnectTimeout { .. } => "connect_timeout",
            Self::Closed(_) => "closed",
            Self::Broken(_) => "broken",
            Self::Malformed(_) => "malformed",
            Self::Http2(_) => "http2",
            Self::Timeout => "timeout",
            Self::Upload(UploadFault::TooLarge { .. }) => "body_too_large",
            Self::Upload(UploadFault::TimedOut) => "body_timeout",
            Self::Upload(UploadFault::Broken(_)) => "body_broken",
            Self::File(_) => "file",
        }
    }

    /// What the client is told.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            // Nobody there: the service is down, not wrong.
            Self::Connect(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::ConnectTimeout { .. } | Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
            Self::Closed(_) | Self::Broken(_) | Self::Malformed(_) | Self::Http2(_) => StatusCode::BAD_GATEWAY,
            Self::Upload(UploadFault::TooLarge { .. }) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Upload(UploadFault::TimedOut) => StatusCode::REQUEST_TIMEOUT,
            Self::Upload(UploadFault::Broken(_)) => StatusCode::BAD_REQUEST,
            Self::File(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}
