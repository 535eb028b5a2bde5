//! The control thread: everything that is not about one request.

use std::net::TcpListener as StdListener;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::MissedTickBehavior;

use super::admin;
use super::shared::{Listening, Place, Shared};
use crate::metrics::ReloadKind;
use crate::tls::CertificateSet;
use crate::upstream;

/// How often rules that were replaced are looked at: two rule sets at once take twice the memory.
const RETIRED_INTERVAL_MS: u64 = 100;

/// Runs until `end` is told or dropped.
///
/// # Errors
///
/// If the runtime cannot be set up.
pub(super) fn run(
    shared: Arc<Shared>,
    listening: Vec<Arc<Listening>>,
    admin: Option<StdListener>,
    end: oneshot::Receiver<()>,
) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build_local(tokio::runtime::LocalOptions::default())?;
    runtime.block_on(async {
        if let Some(socket) = admin {
            tokio::task::spawn_local(admin::serve(Arc::clone(&shared), TcpListener::from_std(socket)?));
        }
        tokio::task::spawn_local(watch_certificates(Arc::clone(&shared), listening));
        tokio::task::spawn_local(drop_retired_rules(Arc::clone(&shared)));
        tokio::task::spawn_local(check_health(shared));
        // Dropped means the edge is gone: the same as told.
        let _told = end.await;
        Ok(())
    })
}

fn every(ms: u64) -> tokio::time::Interval {
    let mut interval = tokio::time::interval(Duration::from_millis(ms.max(1)));
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

async fn drop_retired_rules(shared: Arc<Shared>) {
    let mut interval = every(RETIRED_INTERVAL_MS);
    loop {
        interval.tick().await;
        shared.drop_retired_rules();
    }
}

async fn watch_certificates(shared: Arc<Shared>, listening: Vec<Arc<Listening>>) {
    let mut interval = every(shared.limits.tls_reload_interval_ms);
    let mut reported = Vec::new();
    loop {
        interval.tick().await;
        reported.resize(listening.len(), String::new());
        for (listening, reported) in listening.iter().zip(&mut reported) {
            refresh(&shared, listening, reported);
        }
    }
}

/// Reads a listener's certificates again if their files changed. Broken ones are reported, once, and not used.
pub(super) fn refresh(shared: &Shared, listening: &Listening, reported: &mut String) {
    let Some((files, certificates)) = &listening.certificates else { return };
    if !certificates.current().is_stale(files) {
        reported.clear();
        return;
    }
    match CertificateSet::read(files) {
        Ok(set) => {
            certificates.swap(set);
            reported.clear();
            shared.metrics.edge.reload_succeeded(ReloadKind::Certificate, shared.clock.now());
            tracing::info!("certificates reloaded");
        }
        Err(error) => {
            let text = error.to_string();
            if text != *reported {
                shared.metrics.edge.reload_failed(ReloadKind::Certificate);
                tracing::error!(%error, "certificates changed and cannot be used; the old ones stay");
                *reported = text;
            }
        }
    }
}

async fn check_health(shared: Arc<Shared>) {
    let mut interval = every(shared.limits.health_interval_ms);
    loop {
        interval.tick().await;
        let routes = shared.routes.load_full();
        for place in routes.targets() {
            if let Place::Cluster(cluster) = &**place {
                upstream::check(cluster, &shared.limits).await;
            }
        }
    }
}
