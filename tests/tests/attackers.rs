//! Real scanners against the shop: what they carry off directly, they must not get through the checkpoint.

use std::sync::OnceLock;

use sekisho_e2e::{
    Checkpoint, Finding, GuardedShop, OpenShop, Sqlmap, SqlmapReport, Wapiti, WapitiReport, run_session,
};
use sekisho_shop::demo::{self, Pace};
use sekisho_shop::{BROWSER, CUSTOMERS};

/// The three ways into the database: a URL below the base, and the form where it is a POST.
const SEARCH: (&str, Option<&str>) = ("/search?q=cat", None);
const PRODUCT: (&str, Option<&str>) = ("/product?id=2", None);
const LOGIN: (&str, Option<&str>) = ("/login", Some("name=guest&password=guest"));

fn sqlmap(base: &str, (target, form): (&str, Option<&str>), browser: Option<&str>) -> Option<SqlmapReport> {
    let mut run = Sqlmap::new(&format!("{base}{target}")).expect("a folder can be made")?;
    if let Some(form) = form {
        run = run.form(form);
    }
    if let Some(browser) = browser {
        run = run.as_browser(browser);
    }
    Some(run.run().expect("sqlmap runs to its end"))
}

fn assert_dumps_directly(way: (&str, Option<&str>)) {
    let shop = OpenShop::start().expect("the shop opens");
    let Some(report) = sqlmap(&shop.base().to_string(), way, Some(BROWSER)) else { return };
    assert!(report.found_injection(), "{}", report.finished.output);
    for customer in CUSTOMERS {
        assert!(report.dumped.contains(customer.card_token), "{}", report.finished.output);
        assert!(report.dumped.contains(customer.password), "{}", report.finished.output);
    }
}

fn assert_gets_nothing(way: (&str, Option<&str>), browser: Option<&str>) -> Option<SqlmapReport> {
    let guarded = GuardedShop::start().expect("the checkpoint starts");
    let base = guarded.checkpoint.base().expect("the checkpoint is on loopback").to_string();
    let report = sqlmap(&base, way, browser)?;
    let output = &report.finished.output;
    let log = || tail(&guarded.checkpoint);
    assert!(!report.found_injection(), "sqlmap found a way in:\n{output}\n{}", log());
    assert_eq!(report.dumped, "", "sqlmap dumped something:\n{output}\n{}", log());
    assert!(report.secrets().is_empty(), "secrets leaked: {:?}\n{output}\n{}", report.secrets(), log());
    // Without a refusal sqlmap has not tried in earnest, and finding nothing proves nothing.
    assert!(report.was_forbidden(), "sqlmap was never refused:\n{output}\n{}", log());
    Some(report)
}

/// Dressed as a browser sqlmap passes the door, so it must have tried everything before it gave up.
fn assert_tries_everything_in_vain(way: (&str, Option<&str>)) {
    let Some(report) = assert_gets_nothing(way, Some(BROWSER)) else { return };
    assert!(report.gave_up(), "sqlmap did not try everything:\n{}", report.finished.output);
}

/// The end of the checkpoint's log, for failure messages.
fn tail(checkpoint: &Checkpoint) -> String {
    let log = checkpoint.log();
    let lines: Vec<_> = log.lines().rev().take(20).collect();
    let lines: Vec<_> = lines.into_iter().rev().collect();
    format!("--- end of the checkpoint's log ---\n{}", lines.join("\n"))
}

#[test]
fn sqlmap_dumps_the_customers_through_the_search() {
    assert_dumps_directly(SEARCH);
}

#[test]
fn sqlmap_dumps_the_customers_through_the_product_number() {
    assert_dumps_directly(PRODUCT);
}

#[test]
fn sqlmap_dumps_the_customers_through_the_login() {
    assert_dumps_directly(LOGIN);
}

#[test]
fn sqlmap_dressed_as_a_browser_gets_nothing_from_the_search() {
    assert_tries_everything_in_vain(SEARCH);
}

#[test]
fn sqlmap_dressed_as_a_browser_gets_nothing_from_the_product_number() {
    assert_tries_everything_in_vain(PRODUCT);
}

#[test]
fn sqlmap_dressed_as_a_browser_gets_nothing_from_the_login() {
    assert_tries_everything_in_vain(LOGIN);
}

#[test]
fn sqlmap_under_its_own_name_gets_nothing() {
    assert_gets_nothing(SEARCH, None);
}

fn wapiti(base: &str) -> Option<WapitiReport> {
    let run = Wapiti::new(base).expect("folders can be made")?;
    Some(run.as_browser(BROWSER).run().expect("wapiti runs to its end"))
}

/// wapiti's run against the open shop, made once for both tests.
fn wapiti_directly() -> Option<&'static WapitiReport> {
    static REPORT: OnceLock<Option<WapitiReport>> = OnceLock::new();
    let run = || {
        let shop = OpenShop::start().expect("the shop opens");
        wapiti(&shop.base().to_string())
    };
    REPORT.get_or_init(run).as_ref()
}

#[test]
fn wapiti_finds_the_holes_of_the_open_shop_and_no_others() {
    let Some(report) = wapiti_directly() else { return };
    let hole = |kind: &str, path: &str, parameter: &str| Finding {
        kind: kind.to_owned(),
        path: path.to_owned(),
        parameter: parameter.to_owned(),
    };
    let holes = [
        hole("Cross Site Scripting", "/search", "q"),
        hole("Path Traversal", "/download", "file"),
        hole("SQL Injection", "/login", "name"),
        hole("SQL Injection", "/login", "password"),
        hole("SQL Injection", "/product", "id"),
        hole("SQL Injection", "/search", "q"),
    ];
    assert_eq!(report.findings, holes, "{}", report.finished.output);
}

#[test]
fn wapiti_finds_none_of_the_holes_through_the_checkpoint() {
    let Some(direct) = wapiti_directly() else { return };
    let guarded = GuardedShop::start().expect("the checkpoint starts");
    let base = guarded.checkpoint.base().expect("the checkpoint is on loopback");
    let Some(report) = wapiti(&base.to_string()) else { return };
    let output = &report.finished.output;
    assert_eq!(report.findings, [], "{output}\n{}", tail(&guarded.checkpoint));
    assert_eq!(report.crawled, direct.crawled, "the crawl itself is harmless and must pass:\n{output}");
}

#[test]
fn the_legitimate_session_passes_the_open_shop() {
    let shop = OpenShop::start().expect("the shop opens");
    let failures = run_session(shop.base()).expect("every request gets a reply");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_legitimate_session_passes_the_checkpoint() {
    let guarded = GuardedShop::start().expect("the checkpoint starts");
    let base = guarded.checkpoint.base().expect("the checkpoint is on loopback");
    let failures = run_session(base).expect("every request gets a reply");
    assert!(failures.is_empty(), "{}\n{}", failures.join("\n"), tail(&guarded.checkpoint));
}

#[test]
fn the_checkpoint_stops_every_hand_made_attack_while_it_serves_every_customer() {
    let guarded = GuardedShop::start().expect("the checkpoint starts");
    let base = guarded.checkpoint.base().expect("the checkpoint is on loopback");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let mut failures = Vec::new();
    let review = runtime.block_on(demo::play(base, Pace { rest_ms: 0, rounds: 1 }, |turn| {
        if !turn.met {
            let (name, expected) = (turn.actor.name(), &turn.expected);
            failures
                .push(format!("{name}: {} ({}): {:?} instead of {expected}", turn.title, turn.target, turn.outcome));
        }
    }));
    assert!(failures.is_empty(), "{}\n{}", failures.join("\n"), tail(&guarded.checkpoint));
    assert!(review.is_perfect() && review.customers_served > 100 && review.attacks_stopped > 30, "{review:?}");
}
