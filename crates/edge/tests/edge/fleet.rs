//! Edges that count together through a Redis server.

use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sekisho_edge::clock::SystemClock;
use sekisho_edge::metrics::{Metrics, RateMetrics};
use sekisho_edge::rate::resp::{Reply, read_reply};
use sekisho_edge::rate::{CounterStore, Endpoint, FleetCounters, FleetSettings, PolicyRates, Sharing};
use sekisho_model::Clock;
use sekisho_waf::ir::{AddressSource, RateKey};
use sekisho_waf::{CountedKey, RateSource, RuleRef, RuleSet};

use crate::rates::rate;
use crate::support::{Origin, Setup, Store, TestEdge, get, rule_set};

/// How soon edges must agree.
const PROMPT: Duration = Duration::from_secs(1);
/// How long anything else may take.
const PATIENCE: Duration = Duration::from_secs(20);

fn settings(url: &str) -> FleetSettings {
    let endpoint = Endpoint::parse(url).unwrap();
    FleetSettings { endpoint, secret: Some(b"the fleet's own".to_vec()), exchange_interval_ms: 100 }
}

fn counters(settings: FleetSettings) -> Arc<FleetCounters> {
    let counters = FleetCounters::start(10_000, settings, Arc::new(SystemClock), RateMetrics::default());
    Arc::new(counters.unwrap())
}

#[track_caller]
fn until(within: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < within, "not within {within:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn by_address(limit: u64) -> Arc<RuleSet> {
    rule_set(vec![rate("rate", limit, RateKey::Address(AddressSource::Client))])
}

/// An edge that shares its counters; the admin address tells.
fn edge(origin: &Origin, store: &Store, limit: u64) -> (TestEdge, Arc<FleetCounters>) {
    let metrics = Arc::new(Metrics::new("test"));
    let counters =
        FleetCounters::start(1_000, settings(&store.url()), Arc::new(SystemClock), metrics.rates.clone()).unwrap();
    let counters = Arc::new(counters);
    let mut setup = Setup::to(&[origin.address]).rules(by_address(limit));
    setup.settings.admin = Some(([127, 0, 0, 1], 0).into());
    setup.rates = Arc::clone(&counters) as Arc<dyn CounterStore>;
    setup.metrics = metrics;
    (setup.start(), counters)
}

fn is_shared(counters: &FleetCounters) -> bool {
    counters.sharing() == Sharing::Fleet
}

/// An edge that had a few requests less than the limit refuses one within a second, for there is another edge.
#[track_caller]
fn limits_soon(edge: &TestEdge) {
    let mut asked = 0;
    until(PROMPT, "the edge knows of the other's requests", || {
        asked += 1;
        std::thread::sleep(PROMPT / 7);
        get(edge.address(), "/").status == 403
    });
    assert!(asked <= 7, "{asked} requests alone are over the limit");
}

fn told(edge: &TestEdge, target: &str) -> String {
    get(edge.running.admin_address().unwrap(), target).text().to_owned()
}

#[test]
fn two_edges_have_one_limit_and_each_its_own_without_the_store() {
    let Some(mut store) = Store::start(&[]) else { return };
    let origin = Origin::start();
    let (one, its_counters) = edge(&origin, &store, 20);
    let (two, other_counters) = edge(&origin, &store, 20);
    until(PATIENCE, "both edges find the store", || is_shared(&its_counters) && is_shared(&other_counters));
    // Neither is over the limit alone.
    for edge in [&one, &two] {
        (0..12).for_each(|_| _ = get(edge.address(), "/"));
    }
    limits_soon(&one);
    limits_soon(&two);
    assert!(told(&two, "/rate-keys").contains(r#""Sharing":"FLEET""#));
    assert!(told(&two, "/metrics").contains("sekisho_rate_sharing{state=\"fleet\"} 1\n"));

    store.kill();
    until(PATIENCE, "both edges miss the store", || !is_shared(&its_counters) && !is_shared(&other_counters));
    for edge in [&one, &two] {
        assert_eq!(told(edge, "/readyz"), "ready\nrate store lost: counting alone\n");
        assert!(told(edge, "/rate-keys").contains(r#""Sharing":"LOST""#));
        let metrics = told(edge, "/metrics");
        assert!(metrics.contains("sekisho_rate_sharing{state=\"lost\"} 1\n"), "{metrics}");
        assert!(metrics.contains("sekisho_rate_store_losses_total 1\n"), "{metrics}");
        // What it knows, it still knows; and it counts on.
        assert_eq!(get(edge.address(), "/").status, 403);
    }
    for edge in [&one, &two] {
        edge.running.reload_rules(by_address(10), None, sekisho_waf::ir::Logging::default());
        let statuses: Vec<_> = (0..11).map(|_| get(edge.address(), "/").status).collect();
        assert_eq!((statuses[9], statuses[10]), (200, 403), "each counts for itself");
    }

    store.restart();
    until(PATIENCE, "both edges find the store again", || is_shared(&its_counters) && is_shared(&other_counters));
    assert_eq!(told(&one, "/readyz"), "ready\n");
    for edge in [&one, &two] {
        edge.running.reload_rules(by_address(30), None, sekisho_waf::ir::Logging::default());
        (0..18).for_each(|_| assert_eq!(get(edge.address(), "/").status, 200));
    }
    limits_soon(&one);
    limits_soon(&two);
}

#[test]
fn counts_of_a_fleet_agree_within_a_twentieth() {
    let Some(store) = Store::start(&[]) else { return };
    let policy = by_address(2_000);
    let fleet: Vec<_> = (0..3).map(|_| counters(settings(&store.url()))).collect();
    until(PATIENCE, "all find the store", || fleet.iter().all(|counters| is_shared(counters)));
    let rates: Vec<_> = fleet
        .iter()
        .map(|counters| PolicyRates::new(Arc::clone(counters) as Arc<dyn CounterStore>, policy.policy()))
        .collect();
    let key = CountedKey::Address([192, 0, 2, 7].into());
    let count = |at: usize| rates[at].count(RuleRef::top(0), key, 600, SystemClock.now());
    let mut counted = 0_u64;
    for round in 0..20 {
        for (at, requests) in [(0, 40), (1, 7), (2, round)] {
            (0..requests).for_each(|_| _ = count(at));
            counted += requests;
        }
        std::thread::sleep(Duration::from_millis(17));
    }
    for at in 0..3 {
        until(PROMPT, "an edge knows what all counted", || {
            counted += 1;
            let estimate = count(at);
            std::thread::sleep(Duration::from_millis(50));
            estimate.abs_diff(counted) * 20 <= 2_000
        });
    }
}

#[test]
fn keys_are_not_in_the_store_and_what_is_goes_away() {
    let Some(store) = Store::start(&[]) else { return };
    let counters = counters(settings(&store.url()));
    until(PATIENCE, "the store is found", || is_shared(&counters));
    let policy = by_address(100);
    let rates = PolicyRates::new(Arc::clone(&counters) as Arc<dyn CounterStore>, policy.policy());
    rates.count(RuleRef::top(0), CountedKey::Address([192, 0, 2, 7].into()), 600, SystemClock.now());
    until(PROMPT, "the store is told", || store.ask("DBSIZE").contains(":3\r\n"));
    let keys = store.ask("KEYS *");
    assert!(keys.contains("sekisho:rate:") && !keys.contains("192.0.2.7") && !keys.contains("rate\r\n"), "{keys}");
    for key in keys.lines().filter(|line| line.starts_with("sekisho") && !line.ends_with(":probe")) {
        let left = store.ask(&format!("TTL {key}"));
        let seconds: u64 = left.trim_start_matches(':').lines().next().unwrap().parse().unwrap();
        assert!((600..=1260).contains(&seconds), "{key}: {left}");
    }
}

#[test]
fn a_password_lets_in_and_a_wrong_one_does_not() {
    let Some(store) = Store::start(&["--requirepass", "s3cret"]) else { return };
    let with = |password: Option<&str>| {
        let mut settings = settings(&store.url());
        settings.endpoint = settings.endpoint.with_password(password.map(str::to_owned));
        counters(settings)
    };
    let (right, wrong, none) = (with(Some("s3cret")), with(Some("guess")), with(None));
    until(PATIENCE, "the right password lets in", || is_shared(&right));
    for refused in [wrong, none] {
        assert!(matches!(refused.sharing(), Sharing::Lost { .. }));
    }
}

#[test]
fn a_store_that_takes_no_writes_is_no_store() {
    let Some(store) = Store::start(&["--maxmemory", "1"]) else { return };
    assert!(store.ask("SET a b").contains("OOM"), "it is full");
    let metrics = Arc::new(Metrics::new("test"));
    let counters =
        FleetCounters::start(1_000, settings(&store.url()), Arc::new(SystemClock), metrics.rates.clone()).unwrap();
    until(PATIENCE, "the store is refused", || metrics.encode().contains("sekisho_rate_store_losses_total 1\n"));
    // It is tried again, and told of only once.
    std::thread::sleep(PROMPT);
    assert!(metrics.encode().contains("sekisho_rate_store_losses_total 1\n"));
    assert!(matches!(counters.sharing(), Sharing::Lost { .. }));
    store.ask("CONFIG SET maxmemory 0");
    until(PATIENCE, "there is room again", || is_shared(&counters));
}

#[test]
fn the_store_may_be_asked_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (chain, key) = (folder.path().join("store.crt"), folder.path().join("store.key"));
    std::fs::write(&chain, certified.cert.pem()).unwrap();
    std::fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
    let tls = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (chain_name, key_name, port) = (chain.to_str().unwrap(), key.to_str().unwrap(), tls.port().to_string());
    let files = ["--tls-cert-file", chain_name, "--tls-key-file", key_name, "--tls-ca-cert-file", chain_name];
    let arguments = [["--tls-port", &port, "--tls-auth-clients", "no"].as_slice(), &files].concat();
    let Some(_store) = Store::start(&arguments) else { return };
    let with = |authorities| {
        let mut settings = settings(&format!("rediss://{tls}"));
        settings.endpoint = settings.endpoint.with_authorities(authorities);
        counters(settings)
    };
    let (trusting, strict) = (with(Some(chain)), with(None));
    until(PATIENCE, "the store is found", || is_shared(&trusting));
    assert!(matches!(strict.sharing(), Sharing::Lost { .. }), "the Web's authorities do not vouch for it");
}

#[test]
fn a_store_that_is_not_there_stops_nobody() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let counters = counters(settings(&format!("redis://{free}")));
    let policy = by_address(100);
    let rates = PolicyRates::new(Arc::clone(&counters) as Arc<dyn CounterStore>, policy.policy());
    let key = CountedKey::Address([192, 0, 2, 7].into());
    for expected in 1..=50 {
        assert_eq!(rates.count(RuleRef::top(0), key, 600, SystemClock.now()), expected);
    }
    assert!(matches!(counters.sharing(), Sharing::Lost { .. }));
}

/// A store that lets in, and then says something now and then.
fn dawdling_store() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut commands = BufReader::new(stream.try_clone().unwrap());
            while let Ok(Reply::List(words)) = read_reply(&mut commands) {
                let word = |text: &[u8]| words.first() == Some(&Reply::Text(Some(text.to_vec())));
                let reply: &[u8] = match () {
                    () if word(b"TIME") => b"*2\r\n:1\r\n:1\r\n",
                    () if word(b"SELECT") || word(b"SET") => b"+OK\r\n",
                    () => {
                        std::thread::sleep(PROMPT / 4);
                        if word(b"HGETALL") { b"*0\r\n" } else { b":1\r\n" }
                    }
                };
                if stream.write_all(reply).is_err() {
                    break;
                }
            }
        }
    });
    address
}

#[test]
fn a_store_that_takes_its_time_is_lost() {
    let metrics = Metrics::new("test");
    let store = settings(&format!("redis://{}", dawdling_store()));
    let counters = FleetCounters::start(1_000, store, Arc::new(SystemClock), metrics.rates.clone()).unwrap();
    let counters = Arc::new(counters);
    until(PATIENCE, "the store is found", || is_shared(&counters));
    let policy = by_address(100);
    let rates = PolicyRates::new(Arc::clone(&counters) as Arc<dyn CounterStore>, policy.policy());
    for last in 0..50 {
        rates.count(RuleRef::top(0), CountedKey::Address([192, 0, 2, last].into()), 600, SystemClock.now());
    }
    let told = || metrics.encode().contains("sekisho_rate_store_losses_total 1\n");
    until(PATIENCE / 2, "the store is lost", told);
}
