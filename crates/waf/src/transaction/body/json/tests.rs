//! JSON bodies, well formed and not.

use proptest::prelude::*;

use super::*;
use crate::ir::phased::{BodyProcessor, PhasedSettings, Variable};
use crate::transaction::variables::tests::Filled;

fn filled(body: &[u8]) -> Filled {
    let mut settings = PhasedSettings::default();
    settings.request_body.json_depth_max = 16;
    settings.request_body.arguments_max = 50;
    let mut filled = Filled::head("POST /", "", settings);
    filled.body(Some(BodyProcessor::Json), body);
    filled
}

/// The arguments of a body, and why it was not read to its end.
#[track_caller]
fn check(body: &str, expect: &[&str], error: Option<JsonError>) {
    let filled = filled(body.as_bytes());
    filled.has(Variable::ArgsPost, expect);
    let message = error.map_or(String::new(), |error| format!("JSON parsing error: {error}"));
    let flag = if error.is_some() { "1" } else { "0" };
    filled
        .has(Variable::ReqbodyErrorMsg, &[&message])
        .has(Variable::ReqbodyProcessorErrorMsg, &[&message])
        .has(Variable::ReqbodyError, &[flag])
        .has(Variable::ReqbodyProcessorError, &[flag]);
}

#[test]
fn arguments_are_named_by_the_way_to_them() {
    check(
        r#"{"a":[1,"x",{"b":null,"c":[true,[2.50]]},[]],"":{"":5},"a":"dup","e":{},"n":1e5,"u":"\u00e9\u0000"}"#,
        &[
            "json.a.array_0=1",
            "json.a.array_1=x",
            "json.a.array_2.b=",
            "json.a.array_2.c.array_0=true",
            "json.a.array_2.c.array_1.array_0=2.50",
            "json.empty-key.empty-key=5",
            "json.a=dup",
            "json.n=1e5",
            r"json.u=\xc3\xa9\x00",
        ],
        None,
    );
    check("[[1,2],[3]]", &["json.array_0.array_0=1", "json.array_0.array_1=2", "json.array_1.array_0=3"], None);
    check(r#"[{"a":1},{"a":2}]"#, &["json.array_0.a=1", "json.array_1.a=2"], None);
    check(r#"{"a.b":{"\"":false}}"#, &[r#"json.a.b.\"=false"#], None);
}

#[test]
fn a_body_may_be_one_value() {
    check("5", &["json=5"], None);
    check(" \"x\"\n", &["json=x"], None);
    check("null", &["json="], None);
    check("[]", &[], None);
    check("", &[], None);
    check(
        r#"{"a":-0,"b":1.50E+3,"c":"\ud83d\ude00","d":"\/\b"}"#,
        &["json.a=-0", "json.b=1.50E+3", r"json.c=\xf0\x9f\x98\x80", r"json.d=/\x08"],
        None,
    );
}

#[test]
fn what_is_no_json_is_an_error_and_what_came_before_counts() {
    use JsonError as E;
    check(" ", &[], Some(E::Ended));
    check(r#"{"a":1"#, &["json.a=1"], Some(E::Ended));
    check(r#"{"a":"x"#, &[], Some(E::Ended));
    check(r#"{"a":"x\"#, &[], Some(E::Ended));
    check(r#"{"a""#, &[], Some(E::Ended));
    check(r#"{"a":1,}"#, &["json.a=1"], Some(E::NoKey));
    check("{a:1}", &[], Some(E::NoKey));
    check("[1,]", &["json.array_0=1"], Some(E::NoValue));
    check("[1 2]", &["json.array_0=1"], Some(E::NoComma));
    check("[1}", &["json.array_0=1"], Some(E::NoComma));
    check(r#"{"a" 1}"#, &[], Some(E::NoColon));
    check(r#"{"a":01}"#, &["json.a=0"], Some(E::NoComma));
    check(r#"{"a":tru}"#, &[], Some(E::NoValue));
    check(r#"{"a":1.}"#, &[], Some(E::NoValue));
    check(r#"{"a":1e}"#, &[], Some(E::NoValue));
    check("-", &[], Some(E::Ended));
    check(r#"{"a":[1e"#, &[], Some(E::Ended));
    check(r#"{"a":tr"#, &[], Some(E::Ended));
    check("NaN", &[], Some(E::NoValue));
    check("/* c */1", &[], Some(E::NoValue));
    check("\u{feff}1", &[], Some(E::NoValue));
    check(r#"{"a":"\q"}"#, &[], Some(E::InvalidString));
    check("{\"a\":\"\x01\"}", &[], Some(E::InvalidString));
    check(r#"{"\u12":1}"#, &[], Some(E::InvalidString));
    check("{} x", &[], Some(E::Trailing));
    check(r#"{"a":1}{"b":2}"#, &["json.a=1"], Some(E::Trailing));
    check("1]", &["json=1"], Some(E::Trailing));
    filled(b"\"\xff\"").has(Variable::ReqbodyError, &["1"]).has(Variable::Args, &[]);
    filled("[1]".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>().as_slice())
        .has(Variable::ReqbodyError, &["1"]);
}

#[test]
fn limits_hold() {
    check(&("[".repeat(16) + &"]".repeat(16)), &[], None);
    check(&("[".repeat(17) + &"]".repeat(17)), &[], Some(JsonError::TooDeep));
    let many = |count: usize| format!("[{}]", vec!["1"; count].join(","));
    assert_eq!(filled(many(50).as_bytes()).all(Variable::ReqbodyError), ["0"]);
    let over = filled(many(51).as_bytes());
    assert_eq!(over.all(Variable::Args).len(), 50);
    over.has(Variable::ReqbodyErrorMsg, &[&format!("JSON parsing error: {}", JsonError::TooManyArguments)]);

    let long = format!("{{\"{}\":{}}}", "k".repeat(20_000), many(50));
    let long = filled(long.as_bytes());
    long.has(Variable::ReqbodyErrorMsg, &[&format!("JSON parsing error: {}", JsonError::NamesTooLong)]);
    assert_eq!(long.all(Variable::Args).len(), names_bytes_max(50) / 20_013);
}

/// A value and how it is named.
fn flatten(name: &str, value: &serde_json::Value, out: &mut Vec<(String, String)>) {
    match value {
        serde_json::Value::Object(entries) => {
            for (key, value) in entries {
                let key = if key.is_empty() { "empty-key" } else { key };
                flatten(&format!("{name}.{key}"), value, out);
            }
        }
        serde_json::Value::Array(elements) => {
            for (index, value) in elements.iter().enumerate() {
                flatten(&format!("{name}.array_{index}"), value, out);
            }
        }
        serde_json::Value::Null => out.push((name.to_owned(), String::new())),
        serde_json::Value::String(text) => out.push((name.to_owned(), text.clone())),
        value => out.push((name.to_owned(), value.to_string())),
    }
}

fn values() -> impl Strategy<Value = serde_json::Value> {
    let scalar = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        ".{0,6}".prop_map(Into::into),
    ];
    scalar.prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map(".{0,3}", inner, 0..4)
                .prop_map(|entries| entries.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

proptest! {
    #[test]
    fn what_another_writer_writes_is_read(value in values()) {
        let mut expect = Vec::new();
        flatten("json", &value, &mut expect);
        prop_assume!(expect.len() <= 50);
        let filled = filled(value.to_string().as_bytes());
        let store = &filled.store;
        let entries = store.list(List::ArgsPost).map(|entry| store.entry(entry));
        let found: Vec<_> = entries
            .map(|entry| [entry.name, entry.value].map(|span| String::from_utf8(store.slice(span).to_vec()).unwrap()))
            .map(|[name, value]| (name, value))
            .collect();
        prop_assert_eq!(found, expect);
        prop_assert_eq!(store.scalar(List::ReqbodyError), b"0");
    }

    #[test]
    fn whether_text_is_json_another_reader_agrees(text in "[\\[\\]{},:\" \\\\u0-2eE.+-]{0,12}|[\\[\\]{},:\"a1]{0,8}") {
        let is_json = text.is_empty() || serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        let found = filled(text.as_bytes());
        prop_assert_eq!(found.store.scalar(List::ReqbodyError) == b"0", is_json);
    }
}
