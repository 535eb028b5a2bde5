//! The named limits of an edge, with units and reasons.

/// How much, how many and how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request head, so that one client cannot fill memory before it is known.
    pub head_bytes_max: usize,
    /// Header fields of a request.
    pub headers_max: usize,
    /// Bytes of a request target; most servers stop at 8 KB.
    pub uri_bytes_max: usize,
    /// Body bytes held back and inspected, unless the policy sets its own. AWS: 16 KB.
    pub body_inspected_bytes_max: usize,
    /// Bytes of bodies held back for rules in phases, of all connections together: they see bodies whole, so that without a
    /// bound in all, a few clients could fill any memory. A body that finds no room is treated as one over the rules' limit.
    pub bodies_held_bytes_max: usize,
    /// Collections that rules in phases keep (`IP`, `SESSION`, …): those written longest ago make room.
    pub collections_max: usize,
    /// Bytes of these collections.
    pub collections_bytes_max: usize,
    /// Body bytes passed on in all; more is answered 413.
    pub body_bytes_max: u64,
    /// Content codings undone one after another; no honest client stacks more than two.
    pub body_codings_max: usize,
    /// Milliseconds for a request head, from its first byte.
    pub head_timeout_ms: u64,
    /// Milliseconds a client connection may rest between requests.
    pub idle_timeout_ms: u64,
    /// Milliseconds without a byte of an awaited request body.
    pub body_idle_timeout_ms: u64,
    /// Milliseconds in all for the inspected part of a body to arrive.
    pub body_inspected_timeout_ms: u64,
    /// Milliseconds a client may refuse to take a byte of its response.
    pub write_timeout_ms: u64,
    /// Milliseconds for a TLS handshake.
    pub tls_handshake_timeout_ms: u64,
    /// Milliseconds for a PROXY protocol header.
    pub proxy_protocol_timeout_ms: u64,
    /// Milliseconds to connect to an origin, TLS included.
    pub upstream_connect_timeout_ms: u64,
    /// Milliseconds an origin may take to begin its response, and between two parts of its body.
    pub upstream_response_timeout_ms: u64,
    /// Milliseconds an unused connection to an origin is kept. Below the usual 60 s of servers, so that it is rarely
    /// they who close it.
    pub upstream_idle_timeout_ms: u64,
    /// Unused connections a worker keeps to each origin.
    pub upstream_idle_max: usize,
    /// Milliseconds an origin that failed is left alone.
    pub upstream_cooldown_ms: u64,
    /// Failures in a row after which an origin is left alone.
    pub upstream_failures_max: u32,
    /// Milliseconds between two active checks of an origin.
    pub health_interval_ms: u64,
    /// Times a request is sent again where that is safe.
    pub retries_max: u32,
    /// Milliseconds an upgraded connection may rest.
    pub upgrade_idle_timeout_ms: u64,
    /// Client connections in all.
    pub connections_max: usize,
    /// Client connections of one address.
    pub connections_per_address_max: usize,
    /// HTTP/2: requests under way on one connection.
    pub h2_streams_max: u32,
    /// HTTP/2: streams reset before they were answered, after which the connection is closed. (Rapid reset,
    /// CVE-2023-44487.)
    pub h2_resets_max: usize,
    /// Milliseconds a stopping edge lets requests finish.
    pub drain_timeout_ms: u64,
    /// Milliseconds between two looks at the certificate files.
    pub tls_reload_interval_ms: u64,
    /// Bytes of a static page; larger files are not served.
    pub page_bytes_max: u64,
    /// What of HTTP/1 passes that is refused otherwise.
    pub tolerated: Tolerated,
}

/// What of HTTP/1 passes that is refused otherwise: nothing, unless rules are tested that look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tolerated {
    /// See [`crate::http1::Limits::length_beside_chunked`].
    pub length_beside_chunked: bool,
    /// See [`crate::http1::Limits::connect`].
    pub connect: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_bytes_max: 32 * 1024,
            headers_max: 100,
            uri_bytes_max: 8 * 1024,
            body_inspected_bytes_max: 16 * 1024,
            // Ten bodies of the size that ModSecurity's recommended configuration allows.
            bodies_held_bytes_max: 128 * 1024 * 1024,
            collections_max: 100_000,
            collections_bytes_max: 64 * 1024 * 1024,
            body_bytes_max: 1024 * 1024 * 1024,
            body_codings_max: 2,
            head_timeout_ms: 10_000,
            idle_timeout_ms: 60_000,
            body_idle_timeout_ms: 15_000,
            body_inspected_timeout_ms: 30_000,
            write_timeout_ms: 60_000,
            tls_handshake_timeout_ms: 10_000,
            proxy_protocol_timeout_ms: 3_000,
            upstream_connect_timeout_ms: 3_000,
            upstream_response_timeout_ms: 60_000,
            upstream_idle_timeout_ms: 50_000,
            upstream_idle_max: 256,
            upstream_cooldown_ms: 5_000,
            upstream_failures_max: 3,
            health_interval_ms: 5_000,
            retries_max: 2,
            upgrade_idle_timeout_ms: 300_000,
            connections_max: 20_000,
            connections_per_address_max: 1_000,
            h2_streams_max: 128,
            h2_resets_max: 64,
            drain_timeout_ms: 30_000,
            tls_reload_interval_ms: 1_000,
            page_bytes_max: 64 * 1024 * 1024,
            tolerated: Tolerated::default(),
        }
    }
}
