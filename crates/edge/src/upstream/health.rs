//! Whether an origin is well: from how requests fared, and from active checks.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use http::{HeaderValue, Request, header};
use sekisho_model::Timestamp;

use super::{Cluster, Endpoint, connect, http1};
use crate::body::Upload;
use crate::settings::Limits;

/// The health of one origin, shared by all workers.
#[derive(Debug, Default)]
pub(crate) struct Health {
    failures: AtomicU32,
    left_alone_until_ms: AtomicU64,
    check_failed: AtomicBool,
}

impl Health {
    /// Whether requests should go there.
    pub(crate) fn is_well(&self, now: Timestamp) -> bool {
        !self.check_failed.load(Ordering::Relaxed) && now.unix_ms() >= self.left_alone_until_ms.load(Ordering::Relaxed)
    }

    /// Notes an answer.
    pub(crate) fn answered(&self) {
        // A load first: the line stays shared between workers as long as nothing fails.
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    /// Notes a failure; true if the origin is left alone from now on.
    pub(super) fn failed(&self, now: Timestamp, limits: &Limits) -> bool {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if failures < limits.upstream_failures_max {
            return false;
        }
        self.failures.store(0, Ordering::Relaxed);
        self.left_alone_until_ms.store(now.unix_ms().saturating_add(limits.upstream_cooldown_ms), Ordering::Relaxed);
        true
    }
}

/// Asks each origin of a cluster for its health path, once, and notes what came of it.
pub(crate) async fn check(cluster: &Cluster, limits: &Limits) {
    let Some(path) = &cluster.settings.health_path else { return };
    for endpoint in cluster.endpoints() {
        let timeout = Duration::from_millis(limits.health_interval_ms);
        let well = tokio::time::timeout(timeout, ask(endpoint, path, limits)).await.unwrap_or(false);
        let was_failing = endpoint.health.check_failed.swap(!well, Ordering::Relaxed);
        if was_failing == well {
            let upstream = &cluster.settings.name;
            tracing::warn!(upstream, origin = %endpoint.origin, well, "health check of an origin changed");
        }
    }
}

/// Whether the origin answers its health path with 2xx or 3xx. Always over HTTP/1.1: only the status is of interest.
async fn ask(endpoint: &Endpoint, path: &str, limits: &Limits) -> bool {
    let Ok(stream) = connect::http1_only(endpoint, limits).await else { return false };
    let request = Request::get(path)
        .header(header::HOST, endpoint.host_value.clone())
        .header(header::USER_AGENT, HeaderValue::from_static("sekisho-health"))
        .body(());
    let Ok((head, ())) = request.map(Request::into_parts) else { return false };
    let timeout = Duration::from_millis(limits.upstream_response_timeout_ms);
    let connection = Box::new(http1::Connection::new(stream, timeout));
    match http1::Exchange::run(connection, &head, None, Upload::default()).await {
        Ok(http1::Answer::Response(answer, _)) => {
            answer.head.status.is_success() || answer.head.status.is_redirection()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_in_a_row_are_followed_by_a_cool_down() {
        let limits = Limits { upstream_failures_max: 2, upstream_cooldown_ms: 1_000, ..Limits::default() };
        let health = Health::default();
        let at = Timestamp::from_unix_ms;
        assert!(!health.failed(at(10), &limits));
        health.answered();
        assert!(!health.failed(at(20), &limits) && health.is_well(at(20)));
        assert!(health.failed(at(30), &limits));
        assert!(!health.is_well(at(1_029)) && health.is_well(at(1_030)));
    }
}
