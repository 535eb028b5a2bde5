//! Records of any request under data protection: one line, and no protected value in it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_edge::record::{MaskSettings, Occurrence, Recorder, Source, Subject, Veil};
use sekisho_model::Timestamp;
use sekisho_waf::ir::{Action, Policy, ProtectedPart, Protection, ProtectionMethod, RequestPart};
use sekisho_waf::{Body, Client, Header, Request, Verdict};

const SECRET: &[u8] = b"ZqSecretZq";

fn protection(method: ProtectionMethod) -> Protection {
    let name = || "pass".to_owned();
    let parts = [RequestPart::Header(name()), RequestPart::QueryArgument(name()), RequestPart::Cookie(name())];
    let protected = |part| ProtectedPart { part, method, shown_in_match_details: false, shown_in_rate_details: false };
    Protection { hash_prefix: "111122223333".to_owned(), parts: parts.into_iter().map(protected).collect() }
}

fn around(before: &[u8], joint: &[u8], after: &[u8]) -> Vec<u8> {
    [before, joint, b"pass=", SECRET, joint, after].concat()
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, text)) = bytes.split_first() else { return };
    let (before, after) = text.split_at(text.len() / 2);
    if text.windows(SECRET.len()).any(|window| window == SECRET) {
        return;
    }
    let method = if choice & 1 == 0 { ProtectionMethod::Hash } else { ProtectionMethod::Substitute };
    let (query, cookie) = (around(before, b"&", after), around(before, b";", after));
    let headers = [Header { name: b"Pass", value: SECRET }, Header { name: b"Cookie", value: &cookie }];
    let request = Request {
        method: b"GET",
        path: before,
        query: &query,
        fragment: None,
        version: b"HTTP/1.1",
        scheme: "https",
        headers: &headers,
        body: Body::EMPTY,
        client: Client { ip: [192, 0, 2, 7].into(), country: None, asn: None, ja3: None, ja4: None },
    };
    let policy = Policy {
        name: "p".to_owned(),
        id: "arn:p".to_owned(),
        default_action: Action::ALLOW,
        rules: Vec::new(),
        body_inspected_bytes_max: None,
        token_domains: Vec::new(),
        visibility: "p".into(),
        protection: protection(method),
    };
    let occurrence = Occurrence {
        at: Timestamp::from_unix_ms(0),
        request_id: "1",
        country: None,
        asn: None,
        response_code_sent: None,
        inserted: &[],
        match_details: &[],
    };
    let verdict = Verdict::default();
    let source = Source { name: "FUZZ".to_owned(), id: "-".to_owned() };
    let veil = Veil::new(&policy.protection, &[]);
    let mut line = Vec::new();
    let subject = Subject::Evaluated { request: &request, verdict: &verdict };
    Recorder::new(&source, &MaskSettings::default()).write(&policy, &veil, &occurrence, subject, &mut line);
    assert_eq!(line.iter().filter(|&&byte| byte == b'\n').count(), 1);
    assert!(!line.windows(SECRET.len()).any(|window| window == SECRET));
});
