//! What all workers and the control thread share.

use std::net::IpAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use ipnet::IpNet;
use sekisho_model::Clock;
use sekisho_waf::ir::Logging;
use sekisho_waf::transaction::PhasedRules;
use sekisho_waf::{Decision, PlaceSource, RuleSet};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::admission::Admission;
use crate::audit::AuditLog;
use crate::body::Room;
use crate::http1;
use crate::inspect::Rules;
use crate::metrics::Metrics;
use crate::pages::Pages;
use crate::phased::{Collections, Phased};
use crate::rate::{CounterStore, PolicyRates};
use crate::record::{Journal, MaskSettings, Source, Terms};
use crate::route::RouteTable;
use crate::sample::Samples;
use crate::settings::{Limits, OnFault, TlsFiles, Trust};
use crate::tls::Certificates;
use crate::token::Tokens;
use crate::upstream::Cluster;

/// What an edge works with, made by whoever starts it.
pub struct Services {
    /// The rules at first.
    pub rules: Arc<RuleSet>,
    /// The rules in phases beside them at first, which see what those let through.
    pub phased: Option<Arc<PhasedRules>>,
    /// Keeps decisions; they are not recorded if there is none.
    pub journal: Option<Arc<Journal>>,
    /// Names the protected service in records.
    pub source: Source,
    /// What records do not show.
    pub mask: MaskSettings,
    /// What is recorded of the rules at first.
    pub logging: Logging,
    /// Is told of each recorded decision; for demonstrations and tests.
    pub witness: Option<Arc<dyn Witness>>,
    /// What runs beside the edge: its troubles are told where the edge says how it is.
    pub neighbour: Option<Arc<dyn Neighbour>>,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// Counts for rate-based rules.
    pub rates: Arc<dyn CounterStore>,
    /// Knows where addresses are.
    pub places: Arc<dyn PlaceSource + Send + Sync>,
    /// Asks for proofs and gives tokens.
    pub tokens: Arc<Tokens>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Runs beside the edge, and may be in trouble while the edge goes on serving.
pub trait Neighbour: Send + Sync {
    /// What is wrong with it just now, in one line; none if it is well.
    fn trouble(&self) -> Option<String>;
}

/// Sees every recorded decision as it is made, on the worker's thread: it must be quick.
pub trait Witness: Send + Sync {
    /// A request was decided on, or refused unread. `record` is its line in the log.
    fn decided(&self, decision: Decision, record: &[u8]);
}

/// Where requests of a route go, ready for use.
#[derive(Debug)]
pub(crate) enum Place {
    /// To origins.
    Cluster(Cluster),
    /// To files.
    Pages {
        /// The files.
        pages: Pages,
        /// The route's prefix, which their names leave out.
        prefix: String,
    },
}

/// A listener, ready for use.
pub(crate) struct Listening {
    pub(crate) tls: Option<TlsAcceptor>,
    /// The certificates and where they come from, to be read again.
    pub(crate) certificates: Option<(TlsFiles, Arc<Certificates>)>,
    pub(crate) proxy_protocol_from: Vec<IpNet>,
}

impl Listening {
    /// Whether connections of `peer` begin with a PROXY protocol header.
    pub(crate) fn expects_proxy_header(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.proxy_protocol_from.iter().any(|net| net.contains(&peer))
    }
}

/// Shared by all threads of an edge.
pub(crate) struct Shared {
    pub(crate) limits: Limits,
    pub(crate) gate_limits: http1::Limits,
    pub(crate) gate_timeouts: http1::Timeouts,
    pub(crate) trust: Trust,
    pub(crate) on_fault: OnFault,
    pub(crate) rules: ArcSwap<Rules>,
    /// Rules that are in force no more, as long as requests that began with them are under way.
    pub(super) retired: Mutex<Vec<Arc<Rules>>>,
    /// Bodies held for rules in phases share it.
    pub(crate) room: Arc<Room>,
    /// What rules in phases keep from one request to the next.
    pub(crate) collections: Collections,
    /// Where transactions go that rules in phases want to have audited.
    pub(crate) audit: AuditLog,
    pub(crate) routes: ArcSwap<RouteTable<Place>>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) journal: Option<Arc<Journal>>,
    pub(crate) source: Source,
    pub(crate) mask: MaskSettings,
    pub(crate) witness: Option<Arc<dyn Witness>>,
    pub(crate) neighbour: Option<Arc<dyn Neighbour>>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) samples: Samples,
    pub(crate) rates: Arc<dyn CounterStore>,
    pub(crate) places: ArcSwap<Arc<dyn PlaceSource + Send + Sync>>,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Whether all workers listen and none was told to stop.
    pub(crate) ready: AtomicBool,
    /// Turns true when the edge is to stop.
    pub(crate) stop: watch::Sender<bool>,
}

impl Shared {
    /// Has the audit log tried, as far as the rules in force want it.
    pub(crate) fn expect_audit(&self) {
        if let Some(plan) = self.rules.load().phased.as_ref().and_then(|phased| phased.audit.as_ref()) {
            self.audit.expect(plan);
        }
    }

    /// Notes what is only known by asking.
    pub(crate) fn measure(&self) {
        let edge = &self.metrics.edge;
        let of = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        edge.collections.set(of(self.collections.count()));
        edge.collections_bytes.set(of(self.collections.bytes()));
        edge.bodies_held_bytes.set(of(self.room.held()));
    }

    /// Puts other rules into force.
    pub(super) fn replace_rules(&self, rules: Arc<Rules>) {
        let before = self.rules.swap(rules);
        self.retired.lock().unwrap_or_else(PoisonError::into_inner).push(before);
    }

    /// Gives back the memory of rules that no request is held against any more. That takes long enough to be noticed, were it
    /// left to the worker that answers the last of them.
    pub(super) fn drop_retired_rules(&self) {
        self.retired.lock().unwrap_or_else(PoisonError::into_inner).retain(|rules| Arc::strong_count(rules) > 1);
    }

    /// Makes what belongs to a rule set.
    pub(crate) fn rules_of(
        metrics: &Metrics,
        samples: &Samples,
        rates: &Arc<dyn CounterStore>,
        set: Arc<RuleSet>,
        phased: Option<Arc<PhasedRules>>,
        logging: Logging,
    ) -> Arc<Rules> {
        let counters = metrics.policy(set.policy());
        let rates = PolicyRates::new(Arc::clone(rates), set.policy());
        let sanitised = phased.as_ref().map_or(&[][..], |rules| &rules.settings().sanitised);
        let terms = Terms::new(set.policy(), logging, sanitised, metrics.records.filtered.clone());
        let samples = samples.resolve(set.policy(), sanitised);
        let phased = phased.map(|rules| {
            let counters = metrics.phased(set.policy(), rules.policy());
            Phased::new(rules, counters)
        });
        Arc::new(Rules { set, counters, rates, terms, samples, phased })
    }
}
