//! What a request costs in memory: no allocations once a transaction is warm, and nothing for a body that is refused unread.

#[path = "../../benches/crs/loads.rs"]
mod loads;
#[expect(dead_code, reason = "it also loads rules for bodies that are not sent here")]
#[path = "../../benches/crs/rules.rs"]
mod rules;

use loads::Load;
use sekisho_model::Timestamp;
use sekisho_waf::transaction::{InspectedBody, PhasedContext, ResponseHead, Transaction};

/// Requests before memory is taken to be warm: tables of automata fill by and by.
const WARM_UP: usize = 8;

/// All phases of one request, with a small response.
fn run(transaction: &mut Transaction, rules: &rules::Rules, load: &Load) {
    let context = PhasedContext::at(Timestamp::from_unix_ms(1_700_000_000_000));
    transaction.begin(rules, &load.request(), &context);
    transaction.request_headers(&context);
    transaction.request_body(InspectedBody { bytes: &load.body, over_limit: false }, &context);
    let head = ResponseHead { status: 200, protocol: b"HTTP/1.1", headers: &[] };
    transaction.response_headers(&head, &context);
    transaction.response_body(InspectedBody { bytes: b"", over_limit: false }, &context);
    transaction.logging(&context);
}

/// Where the rules are.
fn folder() -> Option<std::path::PathBuf> {
    let folder = rules::folder();
    #[expect(
        clippy::disallowed_methods,
        reason = "whether all that is needed must be there is the environment's to say"
    )]
    let is_ci = std::env::var_os("CI").is_some();
    assert!(folder.is_some() || !is_ci, "the Core Rule Set is missing");
    folder
}

#[test]
fn a_field_beyond_the_limit_is_refused_before_it_is_looked_at() {
    let Some(folder) = folder() else { return };
    let rules = rules::load(&folder, 1);
    let text = "\r\n--A \"';".repeat(100_000);
    let body = format!("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n{text}\r\n--b--\r\n");
    let load = Load::post("long field", "multipart/form-data; boundary=b", body.into_bytes()).stopped();
    let context = PhasedContext::at(Timestamp::from_unix_ms(1_700_000_000_000));
    let mut transaction = Transaction::new();
    transaction.begin(&rules, &load.request(), &context);
    assert_eq!(transaction.request_headers(&context), None);
    let stopped = transaction.request_body(InspectedBody { bytes: &load.body, over_limit: false }, &context);
    assert_eq!(stopped.and_then(|stopped| stopped.rule), Some(200_002));
    // It is kept once, as received: nothing was made of it to be held against rules.
    assert!(transaction.bytes_used() < load.body.len() / 10 * 11, "{} bytes", transaction.bytes_used());
}

#[test]
fn a_warm_engine_allocates_nothing_for_an_honest_request() {
    let Some(folder) = folder() else { return };
    for paranoia in [1, 4] {
        let rules = rules::load(&folder, paranoia);
        let mut transaction = Transaction::new();
        for load in loads::all(paranoia).iter().filter(|load| !load.is_stopped) {
            (0..WARM_UP).for_each(|_| run(&mut transaction, &rules, load));
            let measured = allocation_counter::measure(|| run(&mut transaction, &rules, load));
            // Memory beyond what is kept between requests is given back, and asked for again.
            let allocations_max = if load.name == "950 arguments" { 2 } else { 0 };
            assert!(measured.count_total <= allocations_max, "paranoia {paranoia}, {}: {measured:?}", load.name);
        }
    }
}
