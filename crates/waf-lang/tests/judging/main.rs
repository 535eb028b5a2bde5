//! Rules come to the same with the prefilter and without it, whatever they are and whatever they are held against.

mod generate;

use std::sync::Arc;

use generate::Sent;
use proptest::prelude::*;
use sekisho_model::Timestamp;
use sekisho_waf::transaction::{
    InspectedBody, Intervention, Judging, PhasedContext, PhasedRules, ResponseHead, Transaction,
};
use sekisho_waf::{Body, Client, Header, Limits, Request};
use sekisho_waf_lang::seclang::{Entry, LoadOptions, NoFiles, load};

/// All that can be seen of a transaction.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    interventions: Vec<Option<Intervention>>,
    lines: Vec<String>,
    tx: Vec<Option<String>>,
}

fn run(tx: &mut Transaction, rules: &Arc<PhasedRules>, sent: &Sent, judging: Judging) -> Seen {
    let form = if sent.is_form { "application/x-www-form-urlencoded" } else { "text/xml" };
    let headers = [
        Header { name: b"Host", value: b"localhost" },
        Header { name: b"User-Agent", value: sent.agent.as_bytes() },
        Header { name: b"X-A", value: &sent.header },
        Header { name: b"Cookie", value: sent.cookie.as_bytes() },
        Header { name: b"Content-Type", value: form.as_bytes() },
    ];
    let request = Request {
        method: b"POST",
        path: b"/a/cat.php",
        query: sent.query.as_bytes(),
        fragment: None,
        version: b"HTTP/1.1",
        scheme: "http",
        headers: &headers,
        body: Body::EMPTY,
        client: Client { ip: [192, 0, 2, 1].into(), country: None, asn: None, ja3: None, ja4: None },
    };
    let context = PhasedContext { judging, ..PhasedContext::at(Timestamp::from_unix_ms(0)) };
    let head = ResponseHead { status: 200, protocol: b"HTTP/1.1", headers: &headers[..1] };
    let body = |bytes| InspectedBody { bytes, over_limit: false };
    tx.begin(rules, &request, &context);
    let mut interventions = vec![tx.request_headers(&context), tx.request_body(body(&sent.body), &context)];
    interventions.push(tx.response_headers(&head, &context));
    interventions.push(tx.response_body(body(&sent.response), &context));
    tx.logging(&context);
    let lines = tx.matches().map(|matched| {
        let mut line = Vec::new();
        matched.write_error_log_line(&mut line);
        String::from_utf8(line).expect("a line is ASCII")
    });
    let variable = |name: &str| {
        let mut value = Vec::new();
        tx.write_tx(name, &mut value).then(|| String::from_utf8_lossy(&value).into_owned())
    };
    let names = ["a", "b", "0", "1", "2", "v_ARGS:a", "v_ARGS:ab", "v_REQUEST_URI", "v_TX:a", "v_ARGS"];
    Seen { interventions, lines: lines.collect(), tx: names.map(variable).into() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn rules_come_to_the_same_with_and_without_the_prefilter(
        text in generate::rules(),
        requests in prop::collection::vec(generate::sent(), 1..6),
    ) {
        let loaded = load(&[Entry::text("t.conf", text)], &NoFiles, &LoadOptions::default());
        // Now and then a word makes no operator, or an expression is one that is refused.
        prop_assume!(loaded.policy.is_some());
        let policy = loaded.policy.expect("assumed");
        let rules = Arc::new(PhasedRules::compile(policy, Limits::default()).expect("what loads compiles"));
        let (mut plain, mut filtered, mut both) = (Transaction::new(), Transaction::new(), Transaction::new());
        for sent in &requests {
            let expected = run(&mut plain, &rules, sent, Judging::Plain);
            prop_assert_eq!(&run(&mut filtered, &rules, sent, Judging::Prefiltered), &expected);
            prop_assert_eq!(&run(&mut both, &rules, sent, Judging::Both), &expected);
        }
    }
}

/// Many when asked for: `PROPTEST_CASES`.
fn cases() -> u32 {
    ProptestConfig::default().cases
}
