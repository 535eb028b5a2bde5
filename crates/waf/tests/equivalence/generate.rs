//! Policies and requests out of a small common stock of words, so that rules often match, nearly match and interact.

use std::net::IpAddr;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use sekisho_model::Timestamp;
use sekisho_waf::ir::*;
use sekisho_waf::transform::Transform;
use sekisho_waf::{Body, BodySize, Client, Header, KnownToken, Request, TokenState};

const WORDS: &[&str] = &[
    "admin",
    "Admin",
    "select",
    "union",
    "' or 1=1--",
    "<script>",
    "%3Cscript%3E",
    "etc/passwd",
    "../",
    "%2e%2e%2f",
    "cat",
    "日本",
    "a",
    "=",
    "x-api",
    "1",
    "%27%20or%201=1",
    "&lt;script",
    " ",
    "php",
    "_",
    "é",
];
const PATTERNS: &[&str] = &[
    "(?i)union\\s+select",
    "^/admin",
    "(?:cat|dog)s?",
    "[0-9]+",
    "a{2,3}",
    "日",
    "(?i)<script[^>]*>",
    "\\.\\./",
    "select|union",
    "^$",
    "(?i)(?:e|t)c/passwd",
    "x*",
    "a.c",
    "\\bor\\b",
    "(?:ab|a)?dmin",
];
const NAMES: &[&str] = &["host", "User-Agent", "X-Forwarded-For", "cookie", "x-a", "content-type"];

fn word() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![8 => select(WORDS).prop_map(|word| word.as_bytes().to_vec()), 1 => prop::collection::vec(any::<u8>(), 1..4)]
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(word(), 0..4).prop_map(|words| words.concat())
}

fn pre_parse() -> impl Strategy<Value = Vec<PreParse>> {
    use PreParse::*;
    let step = select(&[UrlDecode, UrlDecodeUni, CombineDuplicates, SemicolonsToAmpersands][..]);
    prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(step, 1..4)]
}

fn json_match() -> impl Strategy<Value = JsonMatch> {
    let pointer = select(&["/a", "/b", "/b/2", "/b/0", "/c/d", "/c", "/", "/1"][..])
        .prop_map(|text| JsonPointer::parse(text).expect("a pointer"));
    let pattern = prop_oneof![
        Just(JsonPattern::All),
        prop::collection::vec(pointer, 1..4).prop_map(|pointers| JsonPattern::Included(JsonPointers::new(pointers))),
    ];
    let scope = select(&[MapScope::Key, MapScope::Value, MapScope::All][..]);
    use OnInvalidJson::*;
    let on_invalid = select(&[InspectParsed, InspectAsText, Match, NoMatch][..]);
    (pattern, scope, on_invalid).prop_map(|(pattern, scope, on_invalid)| JsonMatch { pattern, scope, on_invalid })
}

fn field() -> impl Strategy<Value = Field> {
    let map = || {
        let names = prop::collection::vec(select(&["x-a", "host", "a", "id"][..]).prop_map(str::to_owned), 1..3);
        let pattern = prop_oneof![
            Just(MapPattern::All),
            names.clone().prop_map(MapPattern::Included),
            names.prop_map(MapPattern::Excluded)
        ];
        let scope = select(&[MapScope::Key, MapScope::Value, MapScope::All][..]);
        (pattern, scope).prop_map(|(pattern, scope)| MapMatch { pattern, scope })
    };
    prop_oneof![
        Just(Field::Method),
        Just(Field::UriPath),
        Just(Field::QueryString),
        Just(Field::UriFragment),
        select(&["host", "user-agent", "x-a", "absent"][..]).prop_map(|name| Field::SingleHeader(name.to_owned())),
        (select(&["a", "id", "absent"][..]), pre_parse())
            .prop_map(|(name, pre_parse)| Field::SingleQueryArgument { name: name.to_owned(), pre_parse }),
        pre_parse().prop_map(|pre_parse| Field::AllQueryArguments { pre_parse }),
        json_match().prop_map(Field::JsonBody),
        map().prop_map(Field::Headers),
        map().prop_map(Field::Cookies),
        Just(Field::Body),
        Just(Field::BodyValues),
        Just(Field::HeaderOrder),
        Just(Field::Ja3),
    ]
}

fn operator() -> impl Strategy<Value = Operator> {
    use Position::*;
    let position = select(&[Exactly, StartsWith, EndsWith, Contains, ContainsWord][..]);
    let comparison =
        select(&[Comparison::Eq, Comparison::Ne, Comparison::Le, Comparison::Lt, Comparison::Ge, Comparison::Gt][..]);
    let regex = select(PATTERNS).prop_map(|pattern| RegexSource(pattern.to_owned()));
    prop_oneof![
        4 => (word(), position).prop_map(|(literal, position)| Operator::Bytes { literal, position }),
        4 => prop::collection::vec(regex, 1..4).prop_map(Operator::Regex),
        1 => (comparison, 0_u64..40).prop_map(|(comparison, bytes)| Operator::Size { comparison, bytes }),
        1 => select(&[SqliSensitivity::Low, SqliSensitivity::High][..]).prop_map(Operator::Sqli),
        1 => Just(Operator::Xss),
    ]
}

fn test() -> impl Strategy<Value = Test> {
    let transforms = prop::collection::vec(select(Transform::ALL), 0..4);
    let oversize = select(&[Oversize::Continue, Oversize::Match, Oversize::NoMatch][..]);
    let on_missing = select(&[OnMissing::NoMatch, OnMissing::NoMatch, OnMissing::Match][..]);
    (field(), transforms, operator(), oversize, on_missing).prop_map(
        |(field, transforms, operator, oversize, on_missing)| Test {
            field,
            transforms,
            operator,
            oversize,
            on_missing,
        },
    )
}

fn source() -> impl Strategy<Value = AddressSource> {
    let position = select(&[ForwardedPosition::First, ForwardedPosition::Last, ForwardedPosition::Any][..]);
    prop_oneof![
        Just(AddressSource::Client),
        (position, any::<bool>()).prop_map(|(position, invalid_matches)| AddressSource::Forwarded {
            header: "x-forwarded-for".to_owned(),
            position,
            invalid_matches
        }),
    ]
}

fn condition() -> impl Strategy<Value = Condition> {
    let ranges = prop::collection::vec(select(&["10.0.0.0/8", "192.0.2.0/24", "2001:db8::/32", "0.0.0.0/1"][..]), 0..3)
        .prop_map(|ranges| ranges.iter().map(|range| range.parse::<ipnet::IpNet>().expect("a range")).collect());
    let label = (select(&[LabelScope::Label, LabelScope::Namespace][..]), select(LABELS), any::<bool>());
    let leaf = prop_oneof![
        8 => test().prop_map(Condition::Test),
        1 => (source(), ranges).prop_map(|(source, ranges)| Condition::Ip {
            source,
            set: Arc::new(IpSet { id: "set".to_owned(), addresses: ranges })
        }),
        1 => (source(), any::<bool>()).prop_map(|(source, one)| Condition::Geo {
            source,
            countries: if one { vec!["JP".to_owned()] } else { vec!["US".to_owned(), "XX".to_owned()] }
        }),
        1 => source().prop_map(|source| Condition::Asn { source, asns: vec![64500, 1] }),
        1 => label.prop_map(|(scope, key, qualified)| Condition::Label(LabelTest {
            scope,
            key: if qualified { format!("ns:{key}") } else { key.to_owned() },
            context: (!qualified).then(|| "ns:".to_owned()),
        })),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Condition::And),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Condition::Or),
            inner.prop_map(|part| Condition::Not(Box::new(part))),
        ]
    })
}

const LABELS: &[&str] = &["one", "two", "a:one", "awswaf:clientip:geo:country:JP"];

fn action() -> impl Strategy<Value = Action> {
    let asked =
        || select(&[0, 60, 300, 1_000][..]).prop_map(|immunity_s| TokenAction { insert: Vec::new(), immunity_s });
    prop_oneof![
        2 => Just(Action::ALLOW),
        2 => Just(Action::block()),
        8 => Just(Action::COUNT),
        1 => asked().prop_map(Action::Captcha),
        1 => asked().prop_map(Action::Challenge),
    ]
}

fn rate_key() -> impl Strategy<Value = RateKey> {
    let first = || {
        source().prop_map(|source| match source {
            AddressSource::Forwarded { header, invalid_matches, .. } => {
                AddressSource::Forwarded { header, position: ForwardedPosition::First, invalid_matches }
            }
            AddressSource::Client => source,
        })
    };
    let transforms = || prop::collection::vec(select(Transform::ALL), 0..3);
    let name = |names: &'static [&'static str]| select(names).prop_map(str::to_owned);
    let part = prop_oneof![
        (name(&["host", "x-a", "absent"]), transforms())
            .prop_map(|(name, transforms)| RateKeyPart::Header { name, transforms }),
        (name(&["a", "id", "A"]), transforms()).prop_map(|(name, transforms)| RateKeyPart::Cookie { name, transforms }),
        (name(&["a", "id"]), transforms())
            .prop_map(|(name, transforms)| RateKeyPart::QueryArgument { name, transforms }),
        transforms().prop_map(|transforms| RateKeyPart::QueryString { transforms }),
        transforms().prop_map(|transforms| RateKeyPart::UriPath { transforms }),
        Just(RateKeyPart::Method),
        first().prop_map(RateKeyPart::Address),
        first().prop_map(RateKeyPart::Asn),
        any::<bool>().prop_map(|missing_counts| RateKeyPart::Ja3 { missing_counts }),
        any::<bool>().prop_map(|missing_counts| RateKeyPart::Ja4 { missing_counts }),
        any::<bool>().prop_map(|qualified| RateKeyPart::LabelNamespace(LabelTest {
            scope: LabelScope::Namespace,
            key: if qualified { "ns:a:".to_owned() } else { "a:".to_owned() },
            context: (!qualified).then(|| "ns:".to_owned()),
        })),
    ];
    prop_oneof![
        2 => first().prop_map(RateKey::Address),
        1 => Just(RateKey::Constant),
        4 => prop::collection::vec(part, 1..6).prop_map(RateKey::Custom),
    ]
}

fn plain_rule() -> impl Strategy<Value = Rule> {
    let labels = prop::collection::vec(select(LABELS).prop_map(|label| format!("ns:{label}")), 0..3);
    let kind = prop_oneof![
        4 => (condition(), action()).prop_map(|(when, action)| RuleKind::Match { when, action: action.into() }),
        1 => (60_u64..400, rate_key(), prop::option::of(condition()), action()).prop_map(|(limit, key, scope_down, action)| {
            RuleKind::Rate { limit, window_s: 60, key, scope_down, action: action.into() }
        }),
    ];
    (labels, kind).prop_map(|(labels, kind)| Rule { name: "r".to_owned(), visibility: "r".into(), labels, kind })
}

fn rule() -> impl Strategy<Value = Rule> {
    let members = prop::collection::vec(plain_rule(), 0..4);
    let group =
        (members, prop::option::of(condition()), any::<bool>()).prop_map(|(rules, scope_down, count_only)| Rule {
            name: "g".to_owned(),
            visibility: "g".into(),
            labels: Vec::new(),
            kind: RuleKind::Group {
                group: Group {
                    id: "id".to_owned(),
                    name: "g".to_owned(),
                    managed: false,
                    visibility: "g".into(),
                    excluded: Vec::new(),
                    rules,
                },
                scope_down,
                count_only,
            },
        });
    prop_oneof![3 => plain_rule(), 1 => group]
}

/// A policy of a few rules.
pub(crate) fn policy() -> impl Strategy<Value = Policy> {
    (prop::collection::vec(rule(), 0..6), any::<bool>()).prop_map(|(rules, blocks)| Policy {
        name: "p".to_owned(),
        id: "p".to_owned(),
        default_action: if blocks { Action::block() } else { Action::ALLOW },
        rules,
        body_inspected_bytes_max: None,
        token_domains: Vec::new(),
        visibility: "acl".into(),
        protection: Default::default(),
    })
}

/// A token at [`NOW_MS`]: none, a bad one, or one solved some time ago.
pub(crate) fn token() -> impl Strategy<Value = KnownToken> {
    let state = || {
        let solved = select(&[0, 59_999, 60_000, 60_001, 299_999, 300_001, 999_999][..]);
        prop_oneof![
            1 => Just(TokenState::Missing),
            1 => Just(TokenState::Invalid),
            1 => Just(TokenState::DomainMismatch),
            1 => Just(TokenState::Exempt),
            4 => solved.prop_map(|ago_ms| TokenState::SolvedAt(Timestamp::from_unix_ms(NOW_MS - ago_ms))),
        ]
    };
    (state(), state()).prop_map(|(captcha, challenge)| KnownToken { captcha, challenge })
}

/// The time of all evaluations.
pub(crate) const NOW_MS: u64 = 1_000_000;

/// A request that owns its bytes.
#[derive(Debug, Clone)]
pub(crate) struct OwnedRequest {
    path: Vec<u8>,
    query: Vec<u8>,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Vec<u8>,
    truncated: bool,
    ip: IpAddr,
    fragment: Option<Vec<u8>>,
}

impl OwnedRequest {
    /// Lends it as the engine wants it.
    pub(crate) fn with<T>(&self, then: impl FnOnce(&Request<'_>) -> T) -> T {
        let headers: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| Header { name: name.as_bytes(), value: value.trim_ascii() })
            .collect();
        then(&Request {
            method: b"POST",
            path: &self.path,
            query: &self.query,
            fragment: self.fragment.as_deref(),
            version: b"HTTP/1.1",
            scheme: "http",
            headers: &headers,
            body: Body { bytes: &self.body, size: BodySize::Exact(self.body.len() as u64), truncated: self.truncated },
            client: Client { ip: self.ip, country: None, asn: None, ja3: None, ja4: None },
        })
    }
}

/// A request built from the same stock as the rules.
pub(crate) fn request() -> impl Strategy<Value = OwnedRequest> {
    let arguments = prop::collection::vec((select(&["a", "id", "ID", "q"][..]), text()), 0..4).prop_map(|arguments| {
        arguments.iter().map(|(name, value)| [name.as_bytes(), b"=", value].concat()).collect::<Vec<_>>().join(&b'&')
    });
    let header = (select(NAMES), text(), any::<Index>()).prop_map(|(name, value, choice)| match name {
        "X-Forwarded-For" => {
            let lists = ["10.1.2.3", "192.0.2.1, 10.0.0.9", "junk, 10.0.0.1", "10.0.0.1, junk", ""];
            (name, choice.get(&lists).as_bytes().to_vec())
        }
        "cookie" => (name, [b"a=", value.as_slice(), b"; id=", &value].concat()),
        "content-type" => {
            let types = [
                "application/json",
                "application/x-www-form-urlencoded",
                "multipart/form-data; boundary=b",
                "text/plain",
            ];
            (name, choice.get(&types).as_bytes().to_vec())
        }
        _ => (name, value),
    });
    let body = prop_oneof![
        text(),
        text().prop_map(|value| [b"{\"a\":\"", value.as_slice(), b"\",\"b\":[1,true,\"x\"]}"].concat()),
        (text(), text()).prop_map(|(key, value)| {
            [b"{\"c\":{\"", key.as_slice(), b"\":[\"", &value, b"\", \"\\u0061dmin\"],\"d\"\"select\"}}"].concat()
        }),
        text().prop_map(|value| [b"a=", value.as_slice(), b"&id=1"].concat()),
        text().prop_map(|value| {
            [b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n", value.as_slice(), b"\r\n--b--\r\n"].concat()
        }),
    ];
    let ip = select(&["10.1.2.3", "192.0.2.200", "2001:db8::7", "203.0.113.9"][..])
        .prop_map(|ip| ip.parse().expect("an address"));
    (
        text().prop_map(|path| [b"/", path.as_slice()].concat()),
        arguments,
        prop::collection::vec(header, 0..9),
        body,
        any::<bool>(),
        ip,
        prop::option::of(text()),
    )
        .prop_map(|(path, query, headers, body, truncated, ip, fragment)| OwnedRequest {
            path,
            query,
            headers,
            body,
            truncated,
            ip,
            fragment,
        })
}
