//! Transactions over any bytes: no panic, and rules come to the same with the prefilter and without it.

#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use sekisho_model::Timestamp;
use sekisho_waf::transaction::{InspectedBody, Judging, PhasedContext, PhasedRules, ResponseHead, Transaction};
use sekisho_waf::{Body, Client, Header, Limits, Request};
use sekisho_waf_lang::seclang::{Entry, LoadOptions, NoFiles, load};

const RULES: &str = r#"
SecRuleEngine On
SecRequestBodyAccess On
SecResponseBodyAccess On
SecRule REQUEST_HEADERS:Content-Type "@contains json" "id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRule REQUEST_HEADERS:Content-Type "@contains xml" "id:2,phase:1,pass,nolog,ctl:requestBodyProcessor=XML"
SecRule REQUEST_HEADERS|REQUEST_COOKIES|ARGS|XML:/* "@rx (?i)(union)\s+select|<script[^>]*>|\.\./" "id:3,phase:2,pass,log,capture,t:none,t:urlDecodeUni,t:htmlEntityDecode,t:removeNulls,multiMatch,setvar:tx.score=+5,setvar:'tx.seen_%{MATCHED_VAR_NAME}=%{tx.0}'"
SecRule ARGS_NAMES|ARGS|XML://@* "@detectSQLi" "id:4,phase:2,pass,log,t:none,t:utf8toUnicode,t:urlDecodeUni,t:removeNulls,setvar:tx.score=+%{tx.weight}"
SecRule ARGS "@detectXSS" "id:5,phase:2,pass,log,t:none,t:jsDecode,t:cssDecode,setvar:tx.score=+5"
SecRule ARGS "@pm eval exec passwd" "id:6,phase:2,pass,log,t:none,t:cmdLine,chain"
  SecRule MATCHED_VARS "!@rx ^[a-z]+$" "t:lowercase,setvar:tx.score=+3"
SecRule TX:/^seen_/ "@rx ." "id:7,phase:2,pass,log,setvar:tx.count=+1,ctl:ruleRemoveTargetById=4;ARGS:a"
SecRule REQUEST_BODY|FULL_REQUEST "@validateByteRange 9,10,13,32-126" "id:8,phase:2,pass,log,logdata:'%{MATCHED_VAR}'"
SecRule TX:score "@ge 20" "id:9,phase:2,deny,log,msg:'%{tx.score}'"
SecRule RESPONSE_BODY "@rx (?i)sql syntax" "id:10,phase:4,pass,log"
"#;

static RULE_SET: LazyLock<Arc<PhasedRules>> = LazyLock::new(|| {
    let loaded = load(&[Entry::text("rules.conf", RULES)], &NoFiles, &LoadOptions::default());
    let policy = loaded.policy.expect("the rules load");
    Arc::new(PhasedRules::compile(policy, Limits::default()).expect("the rules compile"))
});

fn run(pieces: &[&[u8]], judging: Judging) -> (Vec<Vec<u8>>, Option<i64>) {
    let [query, cookie, header, kind, body, response] = pieces else { return (Vec::new(), None) };
    let headers = [
        Header { name: b"Host", value: b"localhost" },
        Header { name: b"Cookie", value: cookie },
        Header { name: b"X-A", value: header },
        Header { name: b"Content-Type", value: kind },
    ];
    let request = Request {
        method: b"POST",
        path: b"/a",
        query,
        fragment: None,
        version: b"HTTP/1.1",
        scheme: "http",
        headers: &headers,
        body: Body::EMPTY,
        client: Client { ip: [192, 0, 2, 1].into(), country: None, asn: None, ja3: None, ja4: None },
    };
    let context = PhasedContext { judging, ..PhasedContext::at(Timestamp::from_unix_ms(0)) };
    let mut tx = Transaction::new();
    tx.begin(&RULE_SET, &request, &context);
    tx.request_headers(&context);
    tx.request_body(InspectedBody { bytes: body, over_limit: false }, &context);
    let head = ResponseHead { status: 200, protocol: b"HTTP/1.1", headers: &headers[..1] };
    tx.response_headers(&head, &context);
    tx.response_body(InspectedBody { bytes: response, over_limit: false }, &context);
    tx.logging(&context);
    let lines = tx.matches().map(|matched| {
        let mut line = Vec::new();
        matched.write_error_log_line(&mut line);
        line
    });
    (lines.collect(), tx.tx_number("score"))
}

fuzz_target!(|bytes: &[u8]| {
    let mut pieces: Vec<&[u8]> = bytes.splitn(6, |byte| *byte == 0xff).collect();
    pieces.resize(6, b"");
    let plain = run(&pieces, Judging::Plain);
    assert_eq!(run(&pieces, Judging::Prefiltered), plain);
    assert_eq!(run(&pieces, Judging::Both), plain);
});
