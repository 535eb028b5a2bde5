//! The named limits of the gate, and its patience.

use std::time::Duration;

use hyper::server::conn::http1;

/// How large the parts of a request may be.
///
/// Every limit has a ceiling, the largest value the gate or hyper behind it can keep; [`Limits::within_ceilings`]
/// lowers what exceeds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a head: request line, fields, and the empty line. At most 65,535, so that a span fits in two `u16`.
    pub head_bytes_max: usize,
    /// Field lines in a head, and in a trailer section. At most 1,000.
    pub headers_max: usize,
    /// Bytes of a request target. At most 65,534, what the `http` crate parses.
    pub target_bytes_max: usize,
    /// Bytes of one chunk-size line with its extensions, without CRLF. At most 8,192.
    pub chunk_line_bytes_max: usize,
    /// Bytes of chunk extensions in a whole body. At most 8,192; hyper gives up at 16,384.
    pub chunk_extension_bytes_max: usize,
    /// Bytes of a trailer section with its last empty line. At most 16,383; hyper gives up at 16,384.
    pub trailer_bytes_max: usize,
    /// Whether a target may carry a fragment. Clients do not send one (RFC 9110 section 4.2.5), so only rules that look at
    /// fragments need it; what passes goes no further than to them.
    pub fragments: bool,
    /// Whether a Content-Length may stand beside `Transfer-Encoding: chunked`. It counts for nothing then, is shown to no rule,
    /// and the connection closes after the request (RFC 9112 section 6.3). A proxy in front that went by the length would
    /// end the request elsewhere, so nothing but a test of rules should need it.
    pub length_beside_chunked: bool,
    /// Whether CONNECT passes, whatever Host says, for the service behind to answer; no tunnel comes of it.
    pub connect: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_bytes_max: 32 * 1024,
            headers_max: 100,
            target_bytes_max: 8 * 1024,
            chunk_line_bytes_max: 256,
            chunk_extension_bytes_max: 4 * 1024,
            trailer_bytes_max: 8 * 1024,
            fragments: false,
            length_beside_chunked: false,
            connect: false,
        }
    }
}

impl Limits {
    /// These limits, lowered to their ceilings.
    #[must_use]
    pub fn within_ceilings(self) -> Self {
        Self {
            head_bytes_max: self.head_bytes_max.min(65_535),
            headers_max: self.headers_max.min(1_000),
            target_bytes_max: self.target_bytes_max.min(65_534),
            chunk_line_bytes_max: self.chunk_line_bytes_max.min(8_192),
            chunk_extension_bytes_max: self.chunk_extension_bytes_max.min(8_192),
            trailer_bytes_max: self.trailer_bytes_max.min(16_383),
            fragments: self.fragments,
            length_beside_chunked: self.length_beside_chunked,
            connect: self.connect,
        }
    }

    /// Sets up hyper so that it refuses nothing these limits let through, and keeps no clock of its own.
    pub fn configure(&self, hyper: &mut http1::Builder) {
        let limits = self.within_ceilings();
        hyper.max_headers(limits.headers_max).header_read_timeout(None);
    }
}

/// How long the gate waits for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Milliseconds from the first byte of a head (for the first one: from the start of the connection) to its last.
    pub head_timeout_ms: u64,
    /// Milliseconds a connection may rest between a response and the next request.
    pub idle_timeout_ms: u64,
    /// Milliseconds without any byte of a body that is being waited for.
    pub body_idle_timeout_ms: u64,
    /// Milliseconds of waiting for a body, in all, that are granted whatever its rate.
    pub body_grace_ms: u64,
    /// Bytes a second a body must bring beyond its grace. Time in which nobody waits for it does not count, so a slow
    /// upstream never makes a client look slow. At least 1.
    pub body_rate_min_bytes_per_s: u64,
    /// Milliseconds a closed connection is drained, so that a client still sending can read its last response.
    pub linger_timeout_ms: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            head_timeout_ms: 10_000,
            idle_timeout_ms: 60_000,
            body_idle_timeout_ms: 15_000,
            body_grace_ms: 30_000,
            body_rate_min_bytes_per_s: 500,
            linger_timeout_ms: 1_000,
        }
    }
}

impl Timeouts {
    pub(super) fn head(&self) -> Duration {
        Duration::from_millis(self.head_timeout_ms)
    }

    pub(super) fn idle(&self) -> Duration {
        Duration::from_millis(self.idle_timeout_ms)
    }

    pub(super) fn body_idle(&self) -> Duration {
        Duration::from_millis(self.body_idle_timeout_ms)
    }

    /// How long one may have waited, in all, for a body that has brought `bytes`.
    pub(super) fn body_allowance(&self, bytes: u64) -> Duration {
        let rate = self.body_rate_min_bytes_per_s.max(1);
        Duration::from_millis(self.body_grace_ms.saturating_add(bytes.saturating_mul(1_000) / rate))
    }

    pub(super) fn linger(&self) -> Duration {
        Duration::from_millis(self.linger_timeout_ms)
    }
}
