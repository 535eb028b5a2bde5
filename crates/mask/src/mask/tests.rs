//! What is masked, what is not, and that JSON stays JSON.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::settings::Pattern;

fn mask_of(patterns: &[(&str, &str)]) -> Mask {
    let pattern = |(name, regex): &(&str, &str)| Pattern { name: (*name).to_owned(), regex: (*regex).to_owned() };
    Mask::new(&MaskSettings { patterns: patterns.iter().map(pattern).collect(), ..MaskSettings::default() }).unwrap()
}

fn applied(mask: &Mask, raw: &[u8]) -> (Vec<u8>, Counts) {
    let mut counts = Counts::default();
    let masked = mask.apply(raw, &mut Scratch::default(), &mut counts).to_vec();
    (masked, counts)
}

#[track_caller]
fn masks(raw: &str, expected: &str) {
    let mask = mask_of(&[("access key", "AKIA[A-Z0-9]{16}"), ("pin", r"pin is ([0-9]+)")]);
    let (masked, counts) = applied(&mask, raw.as_bytes());
    assert_eq!(String::from_utf8(masked.clone()).unwrap(), expected, "{raw}");
    assert_eq!(counts.numbers().iter().sum::<u64>() > 0, raw != expected, "{raw}");
    assert_eq!(applied(&mask, &masked), (masked, Counts::default()), "{raw}, twice");
    if let Ok(before) = serde_json::from_str::<Value>(raw) {
        let after: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(before.as_object().map(serde_json::Map::len), after.as_object().map(serde_json::Map::len));
    }
}

#[test]
fn members_of_json() {
    masks(r#"{"password":"a\"b","user":"x"}"#, r#"{"password":"REDACTED","user":"x"}"#);
    masks(r#"{"PassWord" : 12345 , "user":1}"#, r#"{"PassWord" : "REDACTED" , "user":1}"#);
    masks(r#"{"cookie":["a=b","c=d\""],"user":1}"#, r#"{"cookie":"REDACTED","user":1}"#);
    masks(r#"{"password":{"a":["}"]},"b":2}"#, r#"{"password":"REDACTED","b":2}"#);
    masks(
        r#"{"password":null,"sessionToken":"","passwords":"x"}"#,
        r#"{"password":null,"sessionToken":"","passwords":"x"}"#,
    );
    masks(
        r#"{"my_password":"x","password_hint":"y","a":"password"}"#,
        r#"{"my_password":"x","password_hint":"y","a":"password"}"#,
    );
    masks(
        r#"{"httpRequest":{"headers":[{"name":"Cookie","value":"a=b"},{"name":"Host","value":"x"}]}}"#,
        r#"{"httpRequest":{"headers":[{"name":"Cookie","value":"REDACTED"},{"name":"Host","value":"x"}]}}"#,
    );
}

#[test]
fn texts_within_texts() {
    masks(r#"{"m":"{\"password\":\"a\\\"b\",\"c\":1}"}"#, r#"{"m":"{\"password\":\"REDACTED\",\"c\":1}"}"#);
    masks(r#"{"m":"{\"password\":12,\"c\":1}"}"#, r#"{"m":"{\"password\":\"REDACTED\",\"c\":1}"}"#);
    masks(r#"{"m":"{\"password\":[\"x\"],\"c\":1}"}"#, r#"{"m":"{\"password\":\"REDACTED\",\"c\":1}"}"#);
    masks(r#"{"m":"{\"password\":\"cut","c":1}"#, r#"{"m":"{\"password\":\"REDACTED","c":1}"#);
    masks(r#"{"m":"{\"password\":[1,","c":1}"#, r#"{"m":"{\"password\":\"REDACTED\"","c":1}"#);
    masks(r#"{"m":"{'password': 'it\"s', 'c': 1}"}"#, r#"{"m":"{'password': 'REDACTED', 'c': 1}"}"#);
    masks(r#"{"m":"\npassword=x\nb"}"#, r#"{"m":"\npassword=REDACTED\nb"}"#);
    masks(r#"{"m":"Authorization: Digest a=\"b\", c=\"d\"","e":1}"#, r#"{"m":"Authorization: REDACTED\"","e":1}"#);
    masks(r#"{"m":"Cookie: a=b\r\nHost: c"}"#, r#"{"m":"Cookie: REDACTED\r\nHost: c"}"#);
}

#[test]
fn arguments_headers_and_words() {
    masks("GET /?a=1&password=p,w;d&b=2 HTTP/1.1", "GET /?a=1&password=REDACTED&b=2 HTTP/1.1");
    masks("q=user[password]=x&user%5Bpassword%5D=y", "q=user[password]=REDACTED&user%5Bpassword%5D=REDACTED");
    masks("?next=%2F%3Fpassword%3Dx%26b%3D1", "?next=%2F%3Fpassword%3DREDACTED%26b%3D1");
    masks(r#"level=info password="a b" user=c"#, r#"level=info password="REDACTED" user=c"#);
    masks("Authorization: Bearer abc.def\nHost: x", "Authorization: REDACTED\nHost: x");
    masks(r#"Authorization: Digest a="b", c="d""#, "Authorization: REDACTED");
    masks(r#""GET /" 200 "Cookie: a=b" "curl""#, r#""GET /" 200 "Cookie: REDACTED" "curl""#);
    masks(r#"{"u":"/?password=x\u0026b=1"}"#, r#"{"u":"/?password=REDACTED\u0026b=1"}"#);
    masks(
        "Failed password for root from 192.0.2.1 port 22 ssh2",
        "Failed password for root from 192.0.2.1 port 22 ssh2",
    );
}

#[test]
fn cards_in_json_and_around() {
    masks(
        r#"{"pan":4111111111111111,"b":[4111111111111111]}"#,
        r#"{"pan":"************1111","b":["************1111"]}"#,
    );
    masks(r#"{"pan": -4111111111111111 }"#, r#"{"pan": "-************1111" }"#);
    masks(r#"{"a":"pan 4111 1111 1111 1111, x"}"#, r#"{"a":"pan **** **** **** 1111, x"}"#);
    masks(r#"{"a":":4111111111111111,"}"#, r#"{"a":":************1111,"}"#);
    masks(r#"app: {"pan":4111111111111111}"#, r#"app: {"pan":"************1111"}"#);
    masks("app: pan 4111111111111111", "app: pan ************1111");
    masks(
        r#"{"a":0.4111111111111111,"b":4111111111111111.5,"c":4111111111111111e+2}"#,
        r#"{"a":0.4111111111111111,"b":4111111111111111.5,"c":4111111111111111e+2}"#,
    );
}

#[test]
fn patterns() {
    masks(r#"{"k":"AKIAABCDEFGHIJKLMNOP"}"#, r#"{"k":"REDACTED"}"#);
    masks("pin is 1234, AKIAABCDEFGHIJKLMNOP", "pin is REDACTED, REDACTED");
    let everything = mask_of(&[("all", "(?s).+")]);
    assert_eq!(
        applied(&everything, br#"{"a":1,"b\n":[true,"c"]}"#).0,
        br#"{"REDACTED":"REDACTED","REDACTED":["REDACTED","REDACTED"]}"#
    );
    let letter = mask_of(&[("n", "n+")]);
    assert_eq!(applied(&letter, br#"{"a":"b\nc"}"#).0, br#"{"a":"bREDACTEDc"}"#);
    assert_eq!(applied(&mask_of(&[("capitals", "[A-Z]{4}")]), b"ABCD x").0, b"REDACTED x");
}

#[test]
fn what_is_masked_is_counted_by_kind() {
    let mask = mask_of(&[("pin", "pin [0-9]+")]);
    let (_, counts) = applied(&mask, br#"{"password":"x","a":"4111111111111111 5555555555554444","b":"pin 1"}"#);
    let counted: Vec<_> = mask
        .kinds()
        .iter()
        .zip(counts.numbers())
        .filter(|(_, number)| **number > 0)
        .map(|(kind, n)| (&kind[..], *n))
        .collect();
    assert_eq!(counted, [("card", 2), ("password", 1), ("pin", 1)]);
}

#[test]
fn settings_that_cannot_be_are_refused() {
    let settings = |name: &str, regex: &str| MaskSettings {
        names: vec![name.to_owned()],
        patterns: vec![Pattern { name: "p".to_owned(), regex: regex.to_owned() }],
        ..MaskSettings::default()
    };
    assert!(matches!(Mask::new(&settings("a b", "x")), Err(MaskError::Name(_))));
    assert!(matches!(Mask::new(&settings("a", "(")), Err(MaskError::Pattern { .. })));
    assert!(matches!(Mask::new(&settings("a", "x*")), Err(MaskError::EmptyPattern(_))));
    assert!(Mask::new(&settings("a", "x")).is_ok());
}

/// JSON with secrets in some places.
fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        any::<String>(),
        Just("4111111111111111".to_owned()),
        Just("password=x&y=\"z\" cookie: a".to_owned()),
        Just(r#"{"password":"a\"b\\","c":[4111111111111111]}"#.to_owned()),
        Just("AKIAABCDEFGHIJKLMNOP\u{1f600}".to_owned()),
    ];
    let leaf = prop_oneof![
        text.prop_map(Value::String),
        any::<f64>().prop_map(|number| json!(number)),
        Just(json!(4_111_111_111_111_111_u64)),
        any::<u64>().prop_map(|number| json!(number)),
        any::<bool>().prop_map(Value::Bool),
        Just(Value::Null),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let name = prop_oneof!["[a-z]{1,6}", Just("password".to_owned()), any::<String>()];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            proptest::collection::btree_map(name, inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// What a parser reads is the same, but for what is masked.
fn same_elsewhere(before: &Value, after: &Value) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            assert_eq!(before.len(), after.len(), "{before:?} {after:?}");
            for (name, value) in before {
                match after.get(name) {
                    Some(masked) if name == "password" && masked == REDACTED => {}
                    Some(masked) => same_elsewhere(value, masked),
                    None => panic!("{name} is gone"),
                }
            }
        }
        (Value::Array(before), Value::Array(after)) => {
            assert_eq!(before.len(), after.len());
            before.iter().zip(after).for_each(|(before, after)| same_elsewhere(before, after));
        }
        (Value::String(_), Value::String(after)) if after.contains('*') || after.contains(REDACTED) => {}
        (Value::Number(_), Value::String(after)) => assert!(after.contains('*')),
        _ => assert_eq!(before, after),
    }
}

proptest! {
    #[test]
    fn json_stays_json(value in any_json(), other in any_json()) {
        let mask = mask_of(&[("access key", "AKIA[A-Z0-9]{16}."), ("quotes", r#"z.."#)]);
        let value = json!({"x": value, "password": other, "end": 1});
        for raw in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let (masked, _) = applied(&mask, raw.as_bytes());
            let text = String::from_utf8(masked).unwrap();
            let after: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {raw} -> {text}"));
            assert_eq!(&after["end"], &json!(1));
        }
        let (masked, _) = applied(&mask_of(&[]), value.to_string().as_bytes());
        // As it is read, not as it was written: the last bits of numbers may differ.
        let value: Value = serde_json::from_str(&value.to_string()).unwrap();
        same_elsewhere(&value, &serde_json::from_slice(&masked).unwrap());
    }

    #[test]
    fn any_bytes_masked_twice_are_masked_once(
        raw in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
            r#"(password|cookie|["':=,&\\{}\[\] ]|value|4111111111111111|[0-9]{1,3}|\n|\\u00e9|x){0,40}"#.prop_map(String::into_bytes),
        ],
    ) {
        let mask = mask_of(&[]);
        let (once, _) = applied(&mask, &raw);
        prop_assert_eq!(applied(&mask, &once).0, once.clone(), "{}", String::from_utf8_lossy(&once));
    }
}
