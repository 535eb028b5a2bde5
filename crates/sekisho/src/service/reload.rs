//! Rules replaced while the service runs: whole or not at all.

use std::sync::Arc;

use sekisho_edge::metrics::ReloadKind;

use super::Service;
use crate::config::RulesConfig;
use crate::rules;
use crate::watch::Snapshot;

/// Looks after the files of rules.
pub(super) struct Reloader {
    seen: Snapshot,
    /// What the files looked like when a change was noticed: they are read once they look the same twice, so that a file
    /// is not read half written.
    changing: Option<Snapshot>,
}

impl Reloader {
    pub(super) fn new(rules: &RulesConfig) -> Self {
        Self { seen: Snapshot::take(rules.watched()), changing: None }
    }

    /// Reloads if the files changed and have settled.
    pub(super) fn reload_if_changed(&mut self, service: &Service) {
        let now = Snapshot::take(service.rules.watched());
        if now == self.seen {
            self.changing = None;
        } else if self.changing.as_ref() == Some(&now) {
            self.reload(service);
        } else {
            self.changing = Some(now);
        }
    }

    /// Reloads rules and certificates. Rules that cannot be used change nothing, and are reported.
    pub(super) fn reload(&mut self, service: &Service) {
        self.seen = Snapshot::take(service.rules.watched());
        self.changing = None;
        service.running.reload_certificates();
        match rules::load(&service.rules) {
            Ok(loaded) => {
                for warning in &loaded.warnings {
                    tracing::warn!("{warning}");
                }
                service.running.reload_rules(Arc::clone(&loaded.rule_set), loaded.logging);
                // Not before it is true: whoever deploys rules waits for this line.
                let policy = loaded.rule_set.policy();
                tracing::info!(acl = policy.name, rules = policy.rules.len(), "new rules are in force");
            }
            Err(problems) => {
                for problem in &problems {
                    tracing::error!("{problem}");
                }
                tracing::error!("the new rules cannot be used; the old ones stay in force");
                service.metrics.edge.reload_failed(ReloadKind::Acl);
            }
        }
    }
}
