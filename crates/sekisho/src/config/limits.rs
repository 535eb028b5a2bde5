//! The `[limits]` table: the edge's named limits, each optional.

use schemars::JsonSchema;
use sekisho_edge::settings::Limits;
use serde::Deserialize;

macro_rules! limits_table {
    ($($(#[doc = $doc:literal])+ $name:ident: $type:ty, $min:literal ..= $max:literal;)+) => {
        /// How much, how many and how long. Every limit has a default; see `docs/limits.md`.
        #[derive(Debug, Default, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub(super) struct LimitsTable {
            $($(#[doc = $doc])+ #[schemars(range(min = $min, max = $max))] $name: Option<$type>,)+
        }

        impl LimitsTable {
            /// The edge's limits, with what the table sets in place of the defaults.
            pub(super) fn over_defaults(&self) -> Limits {
                let mut limits = Limits::default();
                $(if let Some(value) = self.$name { limits.$name = value; })+
                limits
            }
        }
    };
}

limits_table! {
    /// Bytes of a request head.
    head_bytes_max: usize, 1024 ..= 1_048_576;
    /// Header fields of a request.
    headers_max: usize, 8 ..= 1000;
    /// Bytes of a request target.
    uri_bytes_max: usize, 256 ..= 1_048_576;
    /// Body bytes held back and inspected, unless the web ACL sets its own.
    body_inspected_bytes_max: usize, 0 ..= 1_048_576;
    /// Bytes of bodies held back for rules in ModSecurity's language, of all connections together.
    bodies_held_bytes_max: usize, 0 ..= 1_099_511_627_776_u64;
    /// Collections that rules in ModSecurity's language keep (IP, SESSION, GLOBAL, USER, RESOURCE).
    collections_max: usize, 0 ..= 100_000_000;
    /// Bytes of these collections.
    collections_bytes_max: usize, 0 ..= 1_099_511_627_776_u64;
    /// Body bytes passed on in all.
    body_bytes_max: u64, 0 ..= 1_099_511_627_776_u64;
    /// Content codings undone one after another.
    body_codings_max: usize, 0 ..= 8;
    /// Milliseconds for a request head.
    head_timeout_ms: u64, 100 ..= 600_000;
    /// Milliseconds a client connection may rest between requests.
    idle_timeout_ms: u64, 100 ..= 3_600_000;
    /// Milliseconds without a byte of an awaited request body.
    body_idle_timeout_ms: u64, 100 ..= 3_600_000;
    /// Milliseconds in all for the inspected part of a body to arrive.
    body_inspected_timeout_ms: u64, 100 ..= 3_600_000;
    /// Milliseconds a client may refuse to take a byte of its response.
    write_timeout_ms: u64, 100 ..= 3_600_000;
    /// Milliseconds for a TLS handshake.
    tls_handshake_timeout_ms: u64, 100 ..= 600_000;
    /// Milliseconds for a PROXY protocol header.
    proxy_protocol_timeout_ms: u64, 100 ..= 600_000;
    /// Milliseconds to connect to a server, TLS included.
    upstream_connect_timeout_ms: u64, 10 ..= 600_000;
    /// Milliseconds a server may take to begin its response, and between two parts of its body.
    upstream_response_timeout_ms: u64, 10 ..= 3_600_000;
    /// Milliseconds an unused connection to a server is kept.
    upstream_idle_timeout_ms: u64, 10 ..= 3_600_000;
    /// Unused connections a worker keeps to each server.
    upstream_idle_max: usize, 0 ..= 65_536;
    /// Milliseconds a server that failed is left alone.
    upstream_cooldown_ms: u64, 0 ..= 3_600_000;
    /// Failures in a row after which a server is left alone.
    upstream_failures_max: u32, 1 ..= 1_000_000;
    /// Milliseconds between two health checks of a server.
    health_interval_ms: u64, 100 ..= 3_600_000;
    /// Times a request is sent again where that is safe.
    retries_max: u32, 0 ..= 10;
    /// Milliseconds an upgraded connection may rest.
    upgrade_idle_timeout_ms: u64, 100 ..= 86_400_000;
    /// Client connections in all.
    connections_max: usize, 1 ..= 10_000_000;
    /// Client connections of one address.
    connections_per_address_max: usize, 1 ..= 10_000_000;
    /// HTTP/2: requests under way on one connection.
    h2_streams_max: u32, 1 ..= 10_000;
    /// HTTP/2: streams reset before they were answered, after which the connection is closed.
    h2_resets_max: usize, 1 ..= 100_000;
    /// Milliseconds a stopping edge lets requests finish.
    drain_timeout_ms: u64, 0 ..= 3_600_000;
    /// Milliseconds between two looks at the certificate files.
    tls_reload_interval_ms: u64, 100 ..= 3_600_000;
    /// Bytes of a static page.
    page_bytes_max: u64, 0 ..= 17_179_869_184_u64;
}
