//! From being asked to having a token, and everything that must not lead there.

use std::sync::LazyLock;

use http::header::{CONTENT_TYPE, HOST, SET_COOKIE};
use http::{Method, Request, Response, StatusCode, request};
use proptest::prelude::*;
use sekisho_model::Timestamp;
use sekisho_waf::ir::TokenKind;
use sekisho_waf::{Body, Client, Header, KnownToken, TokenSource, TokenState};
use serde_json::Value;

use super::cookie::Token;
use super::endpoint::Delivery;
use super::keys::KeyRing;
use super::proof::is_proof;
use super::task::{Kind, LIFE_MS, Task};
use super::{ENDPOINT, Presented, Tokens};
use crate::body::Source;
use crate::metrics::Metrics;
use crate::visit::Names;

const NOW: Timestamp = Timestamp::from_unix_ms(1_800_000_000_000);
const BITS: u8 = 8;

static METRICS: LazyLock<Metrics> = LazyLock::new(|| Metrics::new("test"));

fn later(ms: u64) -> Timestamp {
    Timestamp::from_unix_ms(NOW.unix_ms() + ms)
}

fn keys() -> KeyRing {
    KeyRing::parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap()
}

fn other_keys() -> String {
    "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned()
}

fn tokens() -> Tokens {
    Tokens::new(keys(), BITS)
}

fn head(method: Method, uri: &str, headers: &[(&str, &str)]) -> request::Parts {
    let mut request = Request::builder().method(method).uri(uri).header(HOST, "shop.example");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn content(response: Response<Source>) -> String {
    match response.into_body() {
        Source::Full(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        _ => String::new(),
    }
}

/// Posts a solution at a time; the status, the word and the cookie.
fn post(tokens: &Tokens, body: &str, headers: &[(&str, &str)], now: Timestamp) -> (u16, String, Option<String>) {
    post_among(tokens, body, headers, now, &[])
}

fn post_among(
    tokens: &Tokens,
    body: &str,
    headers: &[(&str, &str)],
    now: Timestamp,
    domains: &[String],
) -> (u16, String, Option<String>) {
    let head = head(Method::POST, ENDPOINT, headers);
    let client = "192.0.2.7".parse().unwrap();
    let delivery = Delivery {
        head: &head,
        body: Some(body.as_bytes()),
        client,
        secure: true,
        now,
        domains,
        metrics: &METRICS.edge,
    };
    let response = tokens.answer(&delivery);
    let cookie = response.headers().get(SET_COOKIE).map(|cookie| cookie.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    let told: Value = serde_json::from_str(&content(response)).unwrap();
    (status, told["result"].as_str().unwrap().to_owned(), cookie)
}

fn proof(task: &str) -> u32 {
    (0..).find(|&number| is_proof(task, number, BITS)).unwrap()
}

fn give(kind: Kind, answer: &str) -> String {
    Task::give(kind, BITS, answer, "shop.example", NOW, &keys()).unwrap()
}

fn solution(task: &str, answer: &str) -> String {
    format!("task={task}&number={}&answer={answer}", proof(task))
}

/// What a request with these headers proves to rules.
fn proves(headers: &[(&str, &str)], keys: &KeyRing, domains: &[String]) -> KnownToken {
    let host = Header { name: b"Host", value: b"Shop.Example:443" };
    let headers: Vec<_> = std::iter::once(host)
        .chain(headers.iter().map(|(name, value)| Header { name: name.as_bytes(), value: value.as_bytes() }))
        .collect();
    let request = sekisho_waf::Request {
        method: b"GET",
        path: b"/",
        query: b"",
        fragment: None,
        version: b"HTTP/1.1",
        scheme: "https",
        headers: &headers,
        body: Body::EMPTY,
        client: Client { ip: [127, 0, 0, 1].into(), country: None, asn: None, ja3: None, ja4: None },
    };
    let presented = Presented::new(&request, keys, domains);
    KnownToken { captcha: presented.state(TokenKind::Captcha), challenge: presented.state(TokenKind::Challenge) }
}

fn pair(set_cookie: &str) -> &str {
    set_cookie.split(';').next().unwrap()
}

#[test]
fn a_proof_of_work_gives_a_token_and_a_puzzle_adds_to_it() {
    let tokens = tokens();
    let (status, word, cookie) = post(&tokens, &solution(&give(Kind::Challenge, ""), ""), &[], NOW);
    assert_eq!((status, word.as_str()), (200, "solved"));
    let cookie = cookie.unwrap();
    assert!(cookie.ends_with("; Path=/; Max-Age=259200; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
    let known = proves(&[("cookie", pair(&cookie))], &keys(), &[]);
    assert_eq!((known.challenge, known.captcha), (TokenState::SolvedAt(NOW), TokenState::Missing));

    let then = later(5_000);
    let had = [("cookie", pair(&cookie))];
    let (_, _, renewed) = post(&tokens, &solution(&give(Kind::Words, "1742"), "%201742"), &had, then);
    let renewed = renewed.unwrap();
    let known = proves(&[("cookie", pair(&renewed))], &keys(), &[]);
    assert_eq!((known.challenge, known.captcha), (TokenState::SolvedAt(then), TokenState::SolvedAt(then)));
    let id = |cookie: &str| Token::open(pair(cookie).split_once('=').unwrap().1.as_bytes(), &keys()).unwrap().id;
    assert_eq!(id(&cookie), id(&renewed));

    let after = later(9_000);
    let had = [("cookie", pair(&renewed))];
    let (_, _, again) = post(&tokens, &solution(&give(Kind::Challenge, ""), ""), &had, after);
    let known = proves(&[("cookie", pair(&again.unwrap()))], &keys(), &[]);
    assert_eq!((known.challenge, known.captcha), (TokenState::SolvedAt(after), TokenState::SolvedAt(then)));
}

#[test]
fn a_solution_is_good_once_and_for_a_time() {
    let tokens = tokens();
    let solved = solution(&give(Kind::Challenge, ""), "");
    assert_eq!(post(&tokens, &solved, &[], later(LIFE_MS)).0, 200);
    let (status, word, cookie) = post(&tokens, &solved, &[], later(LIFE_MS));
    assert_eq!((status, word.as_str(), cookie), (409, "spent", None));
    let stale = solution(&give(Kind::Challenge, ""), "");
    assert_eq!(post(&tokens, &stale, &[], later(LIFE_MS + 1)).1, "stale");
}

#[test]
fn what_is_forged_for_elsewhere_or_unproved_gives_nothing() {
    let tokens = tokens();
    let task = give(Kind::Challenge, "");
    let number = proof(&task);
    let mut bent = task.clone().into_bytes();
    bent[20] = if bent[20] == b'A' { b'B' } else { b'A' };
    let bent = String::from_utf8(bent).unwrap();
    let elsewhere = Task::give(Kind::Challenge, BITS, "", "other.example", NOW, &keys()).unwrap();
    let foreign_key = KeyRing::parse(&other_keys()).unwrap();
    let foreign = Task::give(Kind::Challenge, BITS, "", "shop.example", NOW, &foreign_key).unwrap();
    for forged in [bent, elsewhere, foreign, String::new(), "é".to_owned(), "A".repeat(10_000)] {
        let (status, word, cookie) = post(&tokens, &format!("task={forged}&number={number}"), &[], NOW);
        assert_eq!((status, word.as_str(), cookie), (400, "unreadable", None));
    }
    let wrong = (0..).find(|&number| !is_proof(&task, number, BITS)).unwrap();
    assert_eq!(post(&tokens, &format!("task={task}&number={wrong}"), &[], NOW).1, "wrong");
    assert_eq!(post(&tokens, &format!("task={task}&number=99999999999"), &[], NOW).1, "unreadable");
    // What was unproved spent nothing.
    assert_eq!(post(&tokens, &format!("task={task}&number={number}"), &[], NOW).1, "solved");
}

#[test]
fn a_puzzle_takes_one_answer_and_an_address_a_few() {
    let tokens = tokens();
    let task = give(Kind::Picture, "AC34");
    assert_eq!(post(&tokens, &solution(&task, "AC35"), &[], NOW).1, "wrong");
    assert_eq!(post(&tokens, &solution(&task, "AC34"), &[], NOW).1, "spent");
    for answer in ["ac34", " A c 3 4 ", "%EF%BD%81%EF%BC%A3%EF%BC%93%EF%BC%94"] {
        assert_eq!(post(&tokens, &solution(&give(Kind::Picture, "AC34"), answer), &[], NOW).1, "solved", "{answer}");
    }
    let words: Vec<_> =
        (0..30).map(|_| post(&tokens, &solution(&give(Kind::Words, "1742"), "1"), &[], NOW).1).collect();
    assert_eq!((words[18].as_str(), words[19].as_str(), words[29].as_str()), ("wrong", "later", "later"));
    assert_eq!(post(&tokens, &solution(&give(Kind::Words, "1742"), "1742"), &[], NOW).1, "later");
    assert_eq!(post(&tokens, &solution(&give(Kind::Challenge, ""), ""), &[], NOW).1, "solved");
}

#[test]
fn pages_of_other_sites_bring_nothing() {
    let tokens = tokens();
    for (headers, word) in [
        (&[("origin", "https://evil.example")][..], "foreign"),
        (&[("origin", "null")], "foreign"),
        (&[("origin", "https://shop.example"), ("sec-fetch-site", "same-site")], "foreign"),
        (&[("sec-fetch-site", "cross-site")], "foreign"),
        (&[("origin", "https://shop.example"), ("sec-fetch-site", "same-origin")], "solved"),
    ] {
        assert_eq!(post(&tokens, &solution(&give(Kind::Challenge, ""), ""), headers, NOW).1, word, "{headers:?}");
    }
}

#[test]
fn a_listed_domain_shares_its_tokens() {
    let domains = ["example".to_owned()];
    let (_, _, cookie) = post_among(&tokens(), &solution(&give(Kind::Challenge, ""), ""), &[], NOW, &domains);
    let cookie = cookie.unwrap();
    assert!(cookie.ends_with("; Domain=example"), "{cookie}");
    let presented = [("cookie", pair(&cookie))];
    assert_eq!(proves(&presented, &keys(), &domains).challenge, TokenState::SolvedAt(NOW));
    assert_eq!(proves(&presented, &keys(), &[]).challenge, TokenState::DomainMismatch);
}

#[test]
fn keys_rotate_and_old_tokens_hold_while_their_key_is_there() {
    let old = Token { id: [7; 16], captcha: Some(NOW), challenge: None, domain: "shop.example".to_owned() };
    let text = old.seal(&keys());
    let header = [("x-aws-waf-token", text.as_str())];
    let both = KeyRing::parse(&format!("{}\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", other_keys())).unwrap();
    let alone = KeyRing::parse(&other_keys()).unwrap();
    assert_eq!(proves(&header, &both, &[]).captcha, TokenState::SolvedAt(NOW));
    assert_eq!(proves(&header, &alone, &[]).captcha, TokenState::Invalid);
}

#[test]
fn of_several_tokens_the_best_counts_and_cookies_are_told_apart_by_name() {
    let seal = |at, domain: &str| {
        Token { id: [7; 16], captcha: None, challenge: Some(at), domain: domain.to_owned() }.seal(&keys())
    };
    let (old, new, other) = (seal(NOW, "shop.example"), seal(later(1), "shop.example"), seal(NOW, "other.example"));
    let cookies = format!("a=b; aws-waf-token={old}; aws-waf-token=junk; aws-waf-token=\"{new}\"; c");
    assert_eq!(proves(&[("cookie", &cookies)], &keys(), &[]).challenge, TokenState::SolvedAt(later(1)));
    for (cookies, state) in [
        (format!("aws-waf-token={other}"), TokenState::DomainMismatch),
        ("aws-waf-token=".to_owned(), TokenState::Invalid),
        (format!("AWS-WAF-TOKEN={new}; aws-waf-tokens={new}; xaws-waf-token={new}"), TokenState::Missing),
        (format!("{}aws-waf-token={new}", "aws-waf-token=x; ".repeat(4)), TokenState::Invalid),
    ] {
        assert_eq!(proves(&[("cookie", &cookies)], &keys(), &[]).challenge, state, "{cookies}");
    }
}

#[test]
fn programs_get_a_status_and_browsers_a_page() {
    let visit = Names::new().visit(NOW);
    let ask = |kind, method, headers: &[(&str, &str)]| tokens().ask(kind, &head(method, "/", headers), &visit);
    for (kind, status, word) in [
        (TokenKind::Captcha, StatusCode::METHOD_NOT_ALLOWED, "captcha"),
        (TokenKind::Challenge, StatusCode::ACCEPTED, "challenge"),
    ] {
        let html = [("accept", "text/html,*/*;q=0.8"), ("accept-language", "ja")];
        let page = ask(kind, Method::GET, &html);
        assert_eq!((page.status(), page.headers()["x-amzn-waf-action"].to_str().unwrap()), (status, word));
        assert_eq!(page.headers()["cache-control"], "no-store");
        assert!(page.headers().get("access-control-allow-origin").is_none());
        let text = content(page);
        assert!(
            text.contains("<html lang=\"ja\">") && text.contains("data-method=\"GET\"") && text.contains(visit.name())
        );
        assert!(content(ask(kind, Method::POST, &html)).contains("data-method=\"POST\""));
        for (method, accept) in [(Method::GET, "application/json"), (Method::HEAD, "text/html")] {
            let bare = ask(kind, method, &[("accept", accept)]);
            assert_eq!((bare.status(), bare.headers().get(CONTENT_TYPE)), (status, None));
            assert!(content(bare).is_empty());
        }
    }
}

#[test]
fn new_puzzles_are_given_in_pictures_and_words() {
    let tokens = tokens();
    for (uri, member) in [(ENDPOINT.to_owned(), "picture"), (format!("{ENDPOINT}?kind=words"), "ja")] {
        let head = head(Method::GET, &uri, &[]);
        let client = "192.0.2.7".parse().unwrap();
        let delivery = Delivery {
            head: &head,
            body: Some(b""),
            client,
            secure: false,
            now: NOW,
            domains: &[],
            metrics: &METRICS.edge,
        };
        let puzzle: Value = serde_json::from_str(&content(tokens.answer(&delivery))).unwrap();
        let task = Task::open(puzzle["task"].as_str().unwrap(), "shop.example", &keys()).unwrap();
        assert!(puzzle[member].is_string() && task.kind.is_puzzle() && task.bits == BITS);
    }
    let head = head(Method::PUT, ENDPOINT, &[]);
    let client = "192.0.2.7".parse().unwrap();
    let delivery =
        Delivery { head: &head, body: None, client, secure: false, now: NOW, domains: &[], metrics: &METRICS.edge };
    assert_eq!(tokens.answer(&delivery).status(), StatusCode::METHOD_NOT_ALLOWED);
}

proptest! {
    #[test]
    fn no_bytes_are_taken_for_a_token_or_a_task(text in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(Token::open(&text, &keys()), None);
        let text = String::from_utf8_lossy(&text);
        prop_assert_eq!(Task::open(&text, "shop.example", &keys()), None);
    }

    #[test]
    fn a_token_is_read_as_it_was_written_and_not_if_a_character_changes(
        id in any::<[u8; 16]>(), captcha in 1_u64.., challenge in 0_u64.., domain in "[a-z.]{1,60}", at in any::<prop::sample::Index>()
    ) {
        let time = |ms: u64| (ms != 0).then(|| Timestamp::from_unix_ms(ms));
        let token = Token { id, captcha: time(captcha), challenge: time(challenge), domain };
        let text = token.seal(&keys());
        prop_assert_eq!(Token::open(text.as_bytes(), &keys()), Some(token));
        let mut bent = text.into_bytes();
        let at = at.index(bent.len());
        bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
        prop_assert_eq!(Token::open(&bent, &keys()), None);
    }
}
