//! The registry, and what is counted about connections, requests, reloads and the program itself.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use sekisho_model::Timestamp;
use sekisho_waf::ir::Policy;
use sekisho_waf::ir::phased::PhasedPolicy;

use super::policy::PolicyFamilies;
use super::{AuditMetrics, LatencyHistogram, PhasedCounters, PolicyCounters, RateMetrics, RecordMetrics};

/// What was reloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReloadKind {
    /// The web ACL and what it refers to.
    Acl,
    /// A TLS certificate.
    Certificate,
    /// The configuration file.
    Configuration,
}

impl ReloadKind {
    const ALL: [Self; 3] = [Self::Acl, Self::Certificate, Self::Configuration];

    fn name(self) -> &'static str {
        match self {
            Self::Acl => "acl",
            Self::Certificate => "certificate",
            Self::Configuration => "configuration",
        }
    }
}

/// Why a connection was not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// As many connections as are allowed in all.
    Total,
    /// As many as are allowed from one address.
    PerAddress,
    /// The TLS handshake failed.
    Handshake,
    /// The PROXY protocol header is missing or wrong.
    ProxyHeader,
}

impl Refusal {
    const ALL: [Self; 4] = [Self::Total, Self::PerAddress, Self::Handshake, Self::ProxyHeader];

    fn name(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::PerAddress => "per_address",
            Self::Handshake => "handshake",
            Self::ProxyHeader => "proxy_header",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReloadLabels {
    kind: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SolutionLabels {
    kind: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

/// Handles of one kind of reload.
#[derive(Debug, Clone)]
struct Reload {
    succeeded: Counter,
    failed: Counter,
    last_success_seconds: Gauge,
}

/// Counters of the edge. Clones count together.
#[derive(Debug, Clone)]
pub struct EdgeMetrics {
    /// Connections open now.
    pub connections: Gauge,
    /// Connections accepted.
    pub connections_accepted: Counter,
    /// Requests open now.
    pub requests: Gauge,
    /// Evaluations that failed and were let through.
    pub faults_let_through: Counter,
    /// Evaluations that failed and were refused.
    pub faults_refused: Counter,
    /// Time to hold a request against the rules.
    pub inspection_seconds: LatencyHistogram,
    /// Time to hold a request and its response against rules in phases.
    pub phased_seconds: LatencyHistogram,
    /// Collections that rules in phases keep, when last asked.
    pub collections: Gauge,
    /// Bytes of these collections.
    pub collections_bytes: Gauge,
    /// Bytes of bodies held back for rules in phases, when last asked.
    pub bodies_held_bytes: Gauge,
    /// Time from sending a request to the service until its response headers.
    pub upstream_seconds: LatencyHistogram,
    refused: [Counter; Refusal::ALL.len()],
    reloads: [Reload; ReloadKind::ALL.len()],
    malformed: Family<ReasonLabel, Counter>,
    upstream_errors: Family<ReasonLabel, Counter>,
    solutions: Family<SolutionLabels, Counter>,
}

impl EdgeMetrics {
    fn new(registry: &mut Registry) -> Self {
        let refused = Family::<ReasonLabel, Counter>::default();
        let reloads = Family::<ReloadLabels, Counter>::default();
        let last_success = Family::<KindLabel, Gauge>::default();
        let metrics = Self {
            connections: Gauge::default(),
            connections_accepted: Counter::default(),
            requests: Gauge::default(),
            faults_let_through: Counter::default(),
            faults_refused: Counter::default(),
            inspection_seconds: LatencyHistogram::default(),
            phased_seconds: LatencyHistogram::default(),
            collections: Gauge::default(),
            collections_bytes: Gauge::default(),
            bodies_held_bytes: Gauge::default(),
            upstream_seconds: LatencyHistogram::default(),
            refused: Refusal::ALL.map(|reason| refused.get_or_create_owned(&ReasonLabel { reason: reason.name() })),
            reloads: ReloadKind::ALL.map(|kind| {
                let kind = kind.name();
                Reload {
                    succeeded: reloads.get_or_create_owned(&ReloadLabels { kind, result: "success" }),
                    failed: reloads.get_or_create_owned(&ReloadLabels { kind, result: "failure" }),
                    last_success_seconds: last_success.get_or_create_owned(&KindLabel { kind }),
                }
            }),
            malformed: Family::default(),
            upstream_errors: Family::default(),
            solutions: Family::default(),
        };
        registry.register("sekisho_connections_refused", "Connections not served, by reason", refused);
        registry.register("sekisho_reloads", "Reloads, by kind and result", reloads);
        registry.register(
            "sekisho_reload_last_success_timestamp_seconds",
            "When the last reload succeeded, in seconds since the epoch",
            last_success,
        );
        metrics.register(registry);
        metrics
    }

    fn register(&self, registry: &mut Registry) {
        registry.register("sekisho_connections", "Connections open now", self.connections.clone());
        registry.register("sekisho_connections_accepted", "Connections accepted", self.connections_accepted.clone());
        registry.register("sekisho_requests", "Requests open now", self.requests.clone());
        registry.register(
            "sekisho_token_solutions",
            "Solutions posted for a token, by kind and what came of them",
            self.solutions.clone(),
        );
        registry.register(
            "sekisho_malformed_requests",
            "Requests refused as malformed, by reason",
            self.malformed.clone(),
        );
        registry.register(
            "sekisho_upstream_errors",
            "Requests the service did not answer, by reason",
            self.upstream_errors.clone(),
        );
        registry.register(
            "sekisho_faults_let_through",
            "Requests let through because their evaluation failed",
            self.faults_let_through.clone(),
        );
        registry.register(
            "sekisho_faults_refused",
            "Requests refused because their evaluation failed",
            self.faults_refused.clone(),
        );
        registry.register(
            "sekisho_inspection_seconds",
            "Time to hold a request against the rules",
            self.inspection_seconds.clone(),
        );
        registry.register(
            "sekisho_phased_inspection_seconds",
            "Time to hold a request and its response against rules in phases",
            self.phased_seconds.clone(),
        );
        let collections = "Collections that rules in phases keep from one request to the next";
        registry.register("sekisho_collections", collections, self.collections.clone());
        registry.register("sekisho_collections_bytes", "Bytes of these collections", self.collections_bytes.clone());
        let held = "Bytes of bodies held back for rules in phases";
        registry.register("sekisho_bodies_held_bytes", held, self.bodies_held_bytes.clone());
        registry.register(
            "sekisho_upstream_seconds",
            "Time from sending a request to the service until its response headers",
            self.upstream_seconds.clone(),
        );
    }

    /// Counts what came of a solution that was posted for a token. Both words are of fixed sets.
    pub(crate) fn solution(&self, kind: &'static str, result: &'static str) {
        self.solutions.get_or_create(&SolutionLabels { kind, result }).inc();
    }

    /// Counts a malformed request. The reason is one of a fixed set, never text from the request.
    pub fn malformed(&self, reason: &'static str) {
        self.malformed.get_or_create(&ReasonLabel { reason }).inc();
    }

    /// Counts a request the service did not answer. The reason is one of a fixed set.
    pub fn upstream_error(&self, reason: &'static str) {
        self.upstream_errors.get_or_create(&ReasonLabel { reason }).inc();
    }

    /// Counts a connection that was not served.
    pub fn refused(&self, reason: Refusal) {
        self.refused[reason as usize].inc();
    }

    /// Counts a reload that took effect.
    pub fn reload_succeeded(&self, kind: ReloadKind, at: Timestamp) {
        let reload = &self.reloads[kind as usize];
        reload.succeeded.inc();
        reload.last_success_seconds.set(i64::try_from(at.unix_ms() / 1000).unwrap_or(i64::MAX));
    }

    /// Counts a reload that was refused; what was loaded before stays.
    pub fn reload_failed(&self, kind: ReloadKind) {
        self.reloads[kind as usize].failed.inc();
    }

    /// Counts the time one request was held against the rules.
    pub fn inspected(&self, took: Duration) {
        self.inspection_seconds.observe(took);
    }

    /// Counts the time one request and its response were held against rules in phases.
    pub(crate) fn judged_in_phases(&self, took: Duration) {
        self.phased_seconds.observe(took);
    }
}

/// All metrics of the program.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    policies: PolicyFamilies,
    /// The edge's own.
    pub edge: EdgeMetrics,
    /// Those of the journal of decisions.
    pub records: RecordMetrics,
    /// Those of the counters of rate-based rules.
    pub rates: RateMetrics,
    /// Those of the audit log.
    pub audit: AuditMetrics,
}

impl Metrics {
    /// A registry with all metrics of a program of this version.
    #[must_use]
    pub fn new(version: &str) -> Self {
        Self::beside(version, Vec::new())
    }

    /// The same, and what others have to tell who run beside the edge.
    #[must_use]
    pub fn beside(version: &str, others: Vec<Box<dyn Collector>>) -> Self {
        let mut registry = Registry::default();
        others.into_iter().for_each(|other| registry.register_collector(other));
        let build = Info::new(vec![("version".to_owned(), version.to_owned())]);
        registry.register("sekisho_build", "The program", build);
        let policies = PolicyFamilies::new(&mut registry);
        let edge = EdgeMetrics::new(&mut registry);
        let records = RecordMetrics::new(&mut registry);
        let rates = RateMetrics::new(&mut registry);
        let audit = AuditMetrics::new(&mut registry);
        Self { registry, policies, edge, records, rates, audit }
    }

    /// The counters of a policy, looked up once for all requests held against it.
    #[must_use]
    pub fn policy(&self, policy: &Policy) -> Arc<PolicyCounters> {
        Arc::new(self.policies.resolve(policy))
    }

    /// The counters of rules in phases beside a policy.
    #[must_use]
    pub fn phased(&self, policy: &Policy, rules: &PhasedPolicy) -> PhasedCounters {
        self.policies.resolve_phased(policy, rules)
    }

    /// All metrics as text: `application/openmetrics-text; version=1.0.0; charset=utf-8`.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut out = String::new();
        text::encode(&mut out, &self.registry).expect("a string takes any text, and no metric of ours refuses");
        out
    }
}
