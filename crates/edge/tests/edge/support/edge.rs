//! An edge with everything at hand.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use sekisho_edge::clock::SystemClock;
use sekisho_edge::metrics::Metrics;
use sekisho_edge::rate::{CounterStore, RateCounters};
use sekisho_edge::record::{MaskSettings, Source};
use sekisho_edge::settings::{
    HostField, HostPattern, Limits, Listener, OnFault, Origin as OriginUrl, PathPrefix, Protocol, Route, Settings,
    Target, Trust, Upstream,
};
use sekisho_edge::token::{KeyRing, Tokens};
use sekisho_edge::{Edge, Running, Services, Witness};
use sekisho_waf::ir::phased::PhasedPolicy;
use sekisho_waf::ir::{
    Action, Condition, Field, Logging, OnMissing, Operator, Oversize, Policy, Position, Rule, RuleKind, Test,
};
use sekisho_waf::transaction::PhasedRules;
use sekisho_waf::{Decision, NoPlaces, PlaceSource, RuleSet};

/// Keeps the records of all decisions.
#[derive(Default)]
pub(crate) struct Records(Mutex<Vec<(Decision, serde_json::Value)>>);

impl Witness for Records {
    fn decided(&self, decision: Decision, record: &[u8]) {
        let record = serde_json::from_slice(record).expect("a record is JSON");
        self.0.lock().expect("no test panics here").push((decision, record));
    }
}

/// How an edge is to be set up.
pub(crate) struct Setup {
    pub(crate) settings: Settings,
    pub(crate) rules: Arc<RuleSet>,
    pub(crate) phased: Option<Arc<PhasedRules>>,
    pub(crate) places: Arc<dyn PlaceSource + Send + Sync>,
    pub(crate) logging: Logging,
    pub(crate) rates: Arc<dyn CounterStore>,
    pub(crate) metrics: Arc<Metrics>,
}

/// A running edge.
pub(crate) struct TestEdge {
    pub(crate) running: Running,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) tokens: Arc<Tokens>,
    records: Arc<Records>,
}

impl Setup {
    /// Everything goes to these origins; nothing is blocked.
    pub(crate) fn to(origins: &[SocketAddr]) -> Self {
        let origins: Vec<String> = origins.iter().map(|origin| format!("http://{origin}")).collect();
        Self::to_upstream(Self::upstream(&origins))
    }

    pub(crate) fn upstream(origins: &[String]) -> Upstream {
        Upstream {
            name: "test".to_owned(),
            origins: origins.iter().map(|origin| OriginUrl::parse(origin).unwrap()).collect(),
            protocol: Protocol::Auto,
            host: HostField::Client,
            health_path: None,
            authorities: None,
        }
    }

    pub(crate) fn to_upstream(upstream: Upstream) -> Self {
        let listener = Listener { address: ([127, 0, 0, 1], 0).into(), tls: None, proxy_protocol_from: Vec::new() };
        Self {
            settings: Settings {
                listeners: vec![listener],
                admin: None,
                workers: NonZeroUsize::new(1),
                routes: vec![route("*", "/", Target::Upstream(Arc::new(upstream)))],
                trust: Trust::default(),
                on_fault: OnFault::Closed,
                limits: Limits { drain_timeout_ms: 1_000, ..Limits::default() },
            },
            rules: rule_set(Vec::new()),
            phased: None,
            places: Arc::new(NoPlaces),
            rates: Arc::new(RateCounters::new(1024)),
            metrics: Arc::new(Metrics::new("test")),
            logging: Logging::default(),
        }
    }

    pub(crate) fn rules(mut self, rules: Arc<RuleSet>) -> Self {
        self.rules = rules;
        self
    }

    pub(crate) fn phased(mut self, rules: PhasedPolicy) -> Self {
        self.phased = Some(Arc::new(PhasedRules::compile(rules, sekisho_waf::Limits::default()).unwrap()));
        self
    }

    pub(crate) fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.settings.limits);
        self
    }

    pub(crate) fn start(self) -> TestEdge {
        let metrics = self.metrics;
        let records = Arc::new(Records::default());
        let tokens = Arc::new(Tokens::new(keys(&[1]), 8));
        let services = Services {
            rules: self.rules,
            phased: self.phased,
            journal: None,
            logging: self.logging,
            source: Source { name: "TEST".to_owned(), id: "-".to_owned() },
            mask: MaskSettings::default(),
            witness: Some(Arc::clone(&records) as Arc<dyn Witness>),
            neighbour: None,
            metrics: Arc::clone(&metrics),
            rates: self.rates,
            places: self.places,
            tokens: Arc::clone(&tokens),
            clock: Arc::new(SystemClock),
        };
        TestEdge { running: Edge::start(self.settings, services).unwrap(), metrics, tokens, records }
    }
}

impl TestEdge {
    pub(crate) fn address(&self) -> SocketAddr {
        self.running.addresses()[0]
    }

    /// Decisions so far and their records.
    pub(crate) fn records(&self) -> Vec<(Decision, serde_json::Value)> {
        self.records.0.lock().unwrap().clone()
    }
}

pub(crate) fn route(host: &str, path: &str, target: Target) -> Route {
    Route { host: HostPattern::parse(host).unwrap(), path: PathPrefix::parse(path).unwrap(), target }
}

/// Keys to sign tokens with, the same for the same numbers.
pub(crate) fn keys(numbers: &[usize]) -> KeyRing {
    let line = |&number: &usize| format!("{}AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", ["AA", "AQ", "Ag"][number]);
    KeyRing::parse(&numbers.iter().map(line).collect::<String>()).unwrap()
}

/// A policy that allows what no rule blocks.
pub(crate) fn rule_set(rules: Vec<Rule>) -> Arc<RuleSet> {
    let policy = Policy {
        name: "test".to_owned(),
        id: "arn:test".to_owned(),
        default_action: Action::ALLOW,
        rules,
        body_inspected_bytes_max: None,
        token_domains: Vec::new(),
        visibility: "acl".into(),
        protection: Default::default(),
    };
    Arc::new(RuleSet::compile(policy, sekisho_waf::Limits::default()).unwrap())
}

/// A rule that blocks what contains a literal.
pub(crate) fn block(field: Field, literal: &str) -> Rule {
    let test = Test {
        field,
        transforms: Vec::new(),
        operator: Operator::Bytes { literal: literal.into(), position: Position::Contains },
        oversize: Oversize::Continue,
        on_missing: OnMissing::NoMatch,
    };
    let when = Condition::Test(test);
    Rule {
        name: "block".to_owned(),
        visibility: "block".into(),
        labels: Vec::new(),
        kind: RuleKind::Match { when, action: Action::block().into() },
    }
}

/// Blocks queries that contain `attack`.
pub(crate) fn block_query() -> Arc<RuleSet> {
    rule_set(vec![block(Field::QueryString, "attack")])
}

/// Blocks fragments that contain `attack`.
pub(crate) fn block_fragment() -> Arc<RuleSet> {
    rule_set(vec![block(Field::UriFragment, "attack")])
}

/// Blocks requests whose header names stand in an order that contains this.
pub(crate) fn block_order(names: &str) -> Arc<RuleSet> {
    rule_set(vec![block(Field::HeaderOrder, names)])
}

/// Blocks bodies that contain `attack`.
pub(crate) fn block_body() -> Arc<RuleSet> {
    rule_set(vec![block(Field::Body, "attack")])
}

/// Blocks everything.
pub(crate) fn block_all() -> Arc<RuleSet> {
    rule_set(vec![block(Field::UriPath, "/")])
}
