//! Rules and certificates replaced under load: nothing is dropped, nothing is decided wrongly, nothing is left behind.

use std::fs;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sekisho_e2e::{Acl, Certificate, Checkpoint, Client, Origin, connect_tls, decisions_once};

const RELOADS: u64 = 200;
/// Reloads after which the memory a reload needs has been taken once.
const WARM_UP: u64 = 30;
/// Every how many reloads the new web ACL is broken.
const BROKEN_EVERY: u64 = 10;
/// What 170 reloads may add: a few pages of fragments. One kept rule set of this size a reload would be far more.
const GROWTH_KB_MAX: u64 = 8 * 1024;
const CLIENTS: usize = 3;
/// How long each web ACL stays in force, so that requests are decided between the switches too.
const REST_MS: u64 = 20;
const RELOAD_MS_MAX: u64 = 20_000;
const RECORDS_MS_MAX: u64 = 20_000;

const LOADED: &str = "new rules are in force";
const REFUSED: &str = "the new rules cannot be used; the old ones stay in force";

/// The web ACLs that alternate: each has a word it blocks, and the size of a real one.
fn acl(word: &str) -> Acl {
    Acl::new(word).block_query(word).block_body(word).managed("AWSManagedRulesCommonRuleSet").rate(100_000_000)
}

/// Two reasons why it is none, far apart.
fn broken() -> String {
    acl("broken").text().replacen("\"QueryString\": {}", "\"QueryStrin\": {}", 1).replace("\"Block\"", "\"Blok\"")
}

/// How often `text` is in the checkpoint's log.
fn told(checkpoint: &Checkpoint, text: &str) -> usize {
    checkpoint.log().matches(text).count()
}

/// Asks for a reload and waits until the log tells what came of it.
fn reload(checkpoint: &Checkpoint, outcome: &str) {
    let before = told(checkpoint, outcome);
    checkpoint.signal("HUP").expect("the checkpoint runs");
    let started = Instant::now();
    while told(checkpoint, outcome) == before {
        assert!(started.elapsed() < Duration::from_millis(RELOAD_MS_MAX), "no reload:\n{}", checkpoint.log());
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Which web ACL is in force: an even number tells how many switches there were, an odd one that one is under way.
struct Switch(AtomicU64);

impl Switch {
    /// The word blocked by the web ACL in force, if it did not change since `then`.
    fn word_since(&self, then: u64) -> Option<&'static str> {
        let now = self.0.load(Ordering::SeqCst);
        (now == then && now.is_multiple_of(2)).then_some(if now.is_multiple_of(4) { "alpha" } else { "beta" })
    }

    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Sends steadily over one connection; how many requests, and how many of them between two switches.
fn send_steadily(address: SocketAddr, switch: &Switch, stop: &AtomicBool) -> (usize, usize) {
    let mut client = Client::open(address).expect("the checkpoint listens");
    let (mut sent, mut certain) = (0, 0);
    while !stop.load(Ordering::SeqCst) {
        for word in ["alpha", "beta", "plain"] {
            let then = switch.now();
            let reply = client.get(&format!("/page?{word}")).expect("no request fails");
            sent += 1;
            match switch.word_since(then) {
                Some(blocked) => {
                    let expected = if word == blocked { 403 } else { 200 };
                    assert_eq!(reply.status, expected, "{word} while {blocked} is blocked");
                    certain += 1;
                }
                None if word == "plain" => assert_eq!(reply.status, 200, "no web ACL blocks it"),
                None => assert!(matches!(reply.status, 200 | 403), "{word}: {}", reply.status),
            }
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    (sent, certain)
}

#[test]
fn two_hundred_reloads_under_load_fail_nothing_and_leave_nothing_behind() {
    let origin = Origin::start().expect("a port is free");
    let folder = tempfile::tempdir().expect("a folder can be made");
    acl("alpha").write(folder.path(), "acl.json").expect("the ACL is written");
    let url = origin.url();
    let arguments = ["guard", &url, "--acl", "acl.json", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let checkpoint = Checkpoint::start_in(folder, arguments).expect("the checkpoint starts");
    let (switch, stop) = (Switch(AtomicU64::new(0)), AtomicBool::new(false));
    let mut warm_kb = 0;
    let sent = std::thread::scope(|scope| {
        let clients: Vec<_> =
            (0..CLIENTS).map(|_| scope.spawn(|| send_steadily(checkpoint.address(), &switch, &stop))).collect();
        // Also when an assertion here fails, so that the clients end.
        let _stop = StopOnDrop(&stop);
        for round in 1..=RELOADS {
            if round % BROKEN_EVERY == 0 {
                fs::write(checkpoint.folder().join("acl.json"), broken()).expect("the ACL is written");
                reload(&checkpoint, REFUSED);
            } else {
                switch.0.fetch_add(1, Ordering::SeqCst);
                let word = if (switch.now() + 1).is_multiple_of(4) { "alpha" } else { "beta" };
                acl(word).write(checkpoint.folder(), "acl.json").expect("the ACL is written");
                reload(&checkpoint, LOADED);
                switch.0.fetch_add(1, Ordering::SeqCst);
            }
            std::thread::sleep(Duration::from_millis(REST_MS));
            if round == WARM_UP {
                warm_kb = checkpoint.resident_kb().expect("the checkpoint runs");
            }
        }
        stop.store(true, Ordering::SeqCst);
        clients.into_iter().map(|client| client.join().expect("a client fails nothing")).collect::<Vec<_>>()
    });
    let end_kb = checkpoint.resident_kb().expect("the checkpoint runs");
    assert!(end_kb <= warm_kb + GROWTH_KB_MAX, "from {warm_kb} kB to {end_kb} kB");
    println!("resident: {warm_kb} kB after {WARM_UP} reloads, {end_kb} kB after {RELOADS}");
    let (all, certain) = sent.iter().fold((0, 0), |sum, (sent, certain)| (sum.0 + sent, sum.1 + certain));
    assert!(all > 1_000 && certain > all / 20, "{all} requests, {certain} of them between switches");
    // Broken rules are reported with their place, every mistake of them.
    let log = checkpoint.log();
    assert!(log.matches("acl.json:").count() >= 2 * (RELOADS / BROKEN_EVERY) as usize, "{log}");
    let metrics = Client::get_once(checkpoint.admin().expect("it has one"), "/metrics").expect("a reply comes").body;
    let counted = |result: &str, count: u64| {
        metrics
            .lines()
            .any(|line| line.contains("reload") && line.contains(result) && line.ends_with(&format!(" {count}")))
    };
    assert!(counted("acl", RELOADS / BROKEN_EVERY), "{metrics}");
    // Each request left one record, whatever was switched meanwhile.
    let data = checkpoint.folder().join("sekisho-data");
    let records = decisions_once(&data, RECORDS_MS_MAX, |records| records.len() >= all).expect("records are readable");
    assert_eq!(records.len(), all);
}

struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_broken_web_acl_is_reported_and_the_old_one_stays_until_a_good_one_comes() {
    let origin = Origin::start().expect("a port is free");
    let folder = tempfile::tempdir().expect("a folder can be made");
    acl("alpha").write(folder.path(), "acl.json").expect("the ACL is written");
    let url = origin.url();
    let arguments = ["guard", &url, "--acl", "acl.json", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let checkpoint = Checkpoint::start_in(folder, arguments).expect("the checkpoint starts");
    let status =
        |word: &str| Client::get_once(checkpoint.address(), &format!("/?{word}")).expect("a reply comes").status;
    assert_eq!((status("alpha"), status("beta")), (403, 200));
    for broken in [broken(), String::new(), "{".to_owned(), "[]".to_owned()] {
        fs::write(checkpoint.folder().join("acl.json"), broken).expect("the ACL is written");
        reload(&checkpoint, REFUSED);
        assert_eq!((status("alpha"), status("beta")), (403, 200), "{}", checkpoint.log());
    }
    fs::remove_file(checkpoint.folder().join("acl.json")).expect("the ACL is there");
    reload(&checkpoint, REFUSED);
    assert_eq!((status("alpha"), status("beta")), (403, 200), "{}", checkpoint.log());
    // Without a signal: a changed file is noticed by itself.
    let before = told(&checkpoint, LOADED);
    acl("beta").write(checkpoint.folder(), "acl.json").expect("the ACL is written");
    let started = Instant::now();
    while told(&checkpoint, LOADED) == before {
        assert!(started.elapsed() < Duration::from_millis(RELOAD_MS_MAX), "not noticed:\n{}", checkpoint.log());
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!((status("alpha"), status("beta")), (200, 403), "{}", checkpoint.log());
}

#[test]
fn certificates_are_replaced_under_load_and_open_connections_go_on() {
    let origin = Origin::start().expect("a port is free");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let first = Certificate::write(folder.path(), "shop").expect("a certificate is made");
    acl("alpha").write(folder.path(), "acl.json").expect("the ACL is written");
    let url = origin.url();
    let arguments = ["guard", &url, "--acl", "acl.json", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let arguments = arguments.into_iter().chain(["--tls-cert", "shop.crt", "--tls-key", "shop.key"]);
    let checkpoint = Checkpoint::start_in(folder, arguments).expect("the checkpoint starts");
    let address = checkpoint.address();
    let stop = AtomicBool::new(false);
    let mut current = first.clone();
    let served = std::thread::scope(|scope| {
        let mut opened = connect_tls(address, &[&first]).expect("the first certificate is shown");
        let stop = &stop;
        let old = scope.spawn(move || {
            let mut served = 0;
            while !stop.load(Ordering::SeqCst) {
                assert_eq!(opened.get("/page").expect("an open connection goes on").status, 200);
                served += 1;
                std::thread::sleep(Duration::from_millis(2));
            }
            served
        });
        let _stop = StopOnDrop(stop);
        for _ in 0..20 {
            let new = Certificate::write(checkpoint.folder(), "shop").expect("a certificate is made");
            checkpoint.signal("HUP").expect("the checkpoint runs");
            let started = Instant::now();
            loop {
                // At any time one of the two is shown, and either serves.
                let mut client = connect_tls(address, &[&current, &new]).expect("a known certificate is shown");
                assert_eq!(client.get("/page").expect("a new connection is served").status, 200);
                if client.was_shown(&new) {
                    break;
                }
                assert!(client.was_shown(&current));
                assert!(started.elapsed() < Duration::from_millis(RELOAD_MS_MAX), "{}", checkpoint.log());
            }
            assert!(connect_tls(address, &[&current]).is_err(), "the old certificate is still shown");
            current = new;
        }
        // A key of another certificate is no reason to stop serving.
        fs::copy(checkpoint.folder().join("shop.key"), checkpoint.folder().join("kept.key")).expect("a copy");
        let kept = current.clone();
        let other = Certificate::write(checkpoint.folder(), "other").expect("a certificate is made");
        fs::copy(&other.key_path, checkpoint.folder().join("shop.key")).expect("the key is replaced");
        checkpoint.signal("HUP").expect("the checkpoint runs");
        let started = Instant::now();
        while told(&checkpoint, "certificates changed and cannot be used; the old ones stay") == 0 {
            assert!(started.elapsed() < Duration::from_millis(RELOAD_MS_MAX), "{}", checkpoint.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        let mut client = connect_tls(address, &[&kept]).expect("the old certificate is shown");
        assert_eq!(client.get("/page").expect("a new connection is served").status, 200);
        stop.store(true, Ordering::SeqCst);
        old.join().expect("the old connection fails nothing")
    });
    assert!(served > 50, "{served}");
}
