//! What of a JSON body is inspected, sentence by sentence of the guide, and what hostile bodies cost.

use std::collections::BTreeSet;
use std::time::Instant;

use proptest::prelude::*;
use serde_json::Value;

use super::{Memory, Read, Wanted, visit};
use crate::Limits;
use crate::ir::{JsonPattern, JsonPointer, JsonPointers, MapScope};

fn at(pointers: &[&str]) -> JsonPattern {
    let pointers = pointers.iter().map(|text| JsonPointer::parse(text).unwrap()).collect();
    JsonPattern::Included(JsonPointers::new(pointers))
}

fn read(body: impl AsRef<[u8]>, pattern: &JsonPattern, scope: MapScope) -> (Vec<String>, Read) {
    let mut found = Vec::new();
    let wanted = Wanted { pattern, scope };
    let read = visit(body.as_ref(), wanted, &Limits::default(), &mut Memory::default(), |_, text| {
        found.push(String::from_utf8_lossy(text).into_owned());
    });
    (found, read)
}

fn all(body: impl AsRef<[u8]>) -> (Vec<String>, Read) {
    read(body, &JsonPattern::All, MapScope::All)
}

fn whole(found: &[&str]) -> (Vec<String>, Read) {
    (found.iter().map(|text| (*text).to_owned()).collect(), Read::Whole)
}

fn cut(found: &[&str]) -> (Vec<String>, Read) {
    (whole(found).0, Read::Cut)
}

/// "AWS WAF parses the following invalid JSON without error": as two keys and two values.
#[test]
fn separators_may_be_missing_or_too_many() {
    for body in [
        r#"{"key1":"value1","key2":"value2"}"#,
        r#"{"key1":"value1""key2":"value2"}"#,
        r#"{"key1":"value1","key2""value2"}"#,
        r#"{"key1"::"value1","key2""value2"}"#,
        r#"{,"key1","value1":"key2" : : "value2",,}"#,
    ] {
        assert_eq!(all(body), whole(&["key1", "value1", "key2", "value2"]), "{body}");
        assert_eq!(read(body, &at(&["/key2"]), MapScope::All), whole(&["value2"]), "{body}");
    }
    assert_eq!(all("[1 2,,3]"), whole(&["1", "2", "3"]));
}

/// The guide's example of an included path: its own key is not evaluated.
#[test]
fn included_elements_are_what_stands_below_the_path() {
    let body = r#"{ "a":{ "c":"d", "b":{ "e":{ "f":"g" } } } }"#;
    let pattern = at(&["/a/b"]);
    assert_eq!(read(body, &pattern, MapScope::All), whole(&["e", "f", "g"]));
    assert_eq!(read(body, &pattern, MapScope::Key), whole(&["e", "f"]));
    assert_eq!(read(body, &pattern, MapScope::Value), whole(&["g"]));
}

#[test]
fn paths_go_by_index_through_arrays() {
    let body = r#"{"dogs":[{"name":"Rex","age":3},{"name":"Ada"},{"name":"Bo"}],"cats":[["x"],[true]]}"#;
    assert_eq!(read(body, &at(&["/dogs/0/name", "/dogs/1/name"]), MapScope::Value), whole(&["Rex", "Ada"]));
    assert_eq!(read(body, &at(&["/dogs/0"]), MapScope::All), whole(&["name", "Rex", "age", "3"]));
    assert_eq!(read(body, &at(&["/cats/1/0", "/cats/0"]), MapScope::All), whole(&["x", "true"]));
    for nowhere in ["/dogs/00/name", "/dogs/-", "/dogs/3", "/dog", "/dogs/name", "/", "/dogs/0/name/0"] {
        assert_eq!(read(body, &at(&[nowhere]), MapScope::All), whole(&[]), "{nowhere}");
    }
}

#[test]
fn paths_name_keys_as_they_read_decoded() {
    let body = r#"{"a/b":1,"m~n":2,"":3,"\u0061":{"0":4}}"#;
    for (pointer, value) in [("/a~1b", "1"), ("/m~0n", "2"), ("/", "3"), ("/a/0", "4")] {
        assert_eq!(read(body, &at(&[pointer]), MapScope::Value), whole(&[value]), "{pointer}");
    }
    assert_eq!(read(body, &at(&["/a/0", "/a", "/"]), MapScope::All), whole(&["3", "0", "4"]));
}

#[test]
fn strings_are_decoded_and_other_values_as_written() {
    let body =
        br#"{"k\u0065y":"\u003cscript\u003e\n\ud83d\ude00\ud83d","n":-1.50e+3,"t":true,"f":false,"z":null,"e":""}"#;
    let values = ["<script>\n😀\u{fffd}", "-1.50e+3", "true", "false", "null", ""];
    assert_eq!(read(body, &JsonPattern::All, MapScope::Value), whole(&values));
    assert_eq!(read(body, &JsonPattern::All, MapScope::Key), whole(&["key", "n", "t", "f", "z", "e"]));
    assert_eq!(all("\u{feff} [ ] \r\n"), whole(&[]));
}

/// "Examples include invalid characters, duplicate keys, truncation, and content whose root node isn't an object or an
/// array"; without fallback, "AWS WAF evaluates the content only up to the point where it encountered a parsing error".
#[test]
fn reading_stops_at_the_first_error() {
    for (body, found) in [
        // Invalid characters.
        (&br#"{"a":"x",b:"y"}"#[..], &["a", "x"][..]),
        (br#"{"a":"x","b":'y'}"#, &["a", "x", "b"]),
        (br#"{"a":True,"b":1}"#, &["a"]),
        (br#"{"a":"x\y","b":1}"#, &["a", "x"]),
        (br#"{"a":"x\u12g4","b":1}"#, &["a", "x"]),
        (b"{\"a\":\"x\ny\",\"b\":1}", &["a", "x"]),
        (b"{\"a\":\"x\xffy\",\"b\":1}", &["a", "x"]),
        (br#"{"a":+1,"b":1}"#, &["a"]),
        (br#"{"a":1}}"#, &["a", "1"]),
        (br#"{"a":1} x"#, &["a", "1"]),
        (br#"{"a":1}{"b":2}"#, &["a", "1"]),
        (br#"{"a":[1}]"#, &["a", "1"]),
        (br#"{"a"}"#, &["a"]),
        (br#"{"a":1,{"b":2}}"#, &["a", "1"]),
        (br#"{"a":1,2:"b"}"#, &["a", "1"]),
        // Duplicate keys.
        (br#"{"a":"x","b":"y","a":"z","c":"w"}"#, &["a", "x", "b", "y"]),
        (br#"{"a":"x","\u0061":"z"}"#, &["a", "x"]),
        // Truncation.
        (br#"{"a":"x","b":{"c":["d"#, &["a", "x", "b", "c", "d"]),
        (br#"{"a":"x\u00"#, &["a", "x"]),
        (br#"{"a":12"#, &["a", "12"]),
        (br#"{"a":"x""#, &["a", "x"]),
        (br#"{"a":"x","b"#, &["a", "x", "b"]),
        (b"{", &[]),
        // The root.
        (br#""x""#, &[]),
        (b"1", &[]),
        (b"null", &[]),
        (b"a=b", &[]),
        (b" \n", &[]),
        (b"", &[]),
        (b"]", &[]),
        (br#","x""#, &[]),
    ] {
        assert_eq!(all(body), cut(found), "{}", String::from_utf8_lossy(body));
    }
}

#[test]
fn one_key_may_stand_in_several_objects() {
    assert_eq!(all(r#"{"a":{"a":[{"a":1},{"a":2}]},"b":3}"#), whole(&["a", "a", "a", "1", "a", "2", "b", "3"]));
}

#[test]
fn values_are_called_by_the_nearest_key() {
    let mut found = Vec::new();
    let wanted = Wanted { pattern: &JsonPattern::All, scope: MapScope::Value };
    let body = br#"[0,{"a":[1,[2]],"b":{"c":3,"d":[]},"e":4}]"#;
    visit(body, wanted, &Limits::default(), &mut Memory::default(), |key, text| {
        found.push(format!("{}={}", String::from_utf8_lossy(key), String::from_utf8_lossy(text)));
    });
    assert_eq!(found, ["=0", "a=1", "a=2", "c=3", "e=4"]);
}

#[test]
fn deeper_than_the_limit_counts_as_an_error() {
    let limits = Limits { json_depth_max: 3, ..Limits::default() };
    let read = |body: &str| {
        let wanted = Wanted { pattern: &JsonPattern::All, scope: MapScope::All };
        let mut found = Vec::new();
        let read = visit(body.as_bytes(), wanted, &limits, &mut Memory::default(), |_, text| found.push(text.to_vec()));
        (found.concat(), read)
    };
    assert_eq!(read(r#"["a",[["b"]],"c"]"#), (b"abc".to_vec(), Read::Whole));
    assert_eq!(read(r#"["a",[["b",["x"]]],"c"]"#), (b"ab".to_vec(), Read::Cut));
}

/// A megabyte of each; what grew with the square of it would take minutes.
#[test]
fn hostile_bodies_take_linear_time() {
    const BYTES: usize = 1 << 20;
    let keys = |key: &dyn Fn(usize) -> String| {
        let mut body = String::from("{");
        for number in 0.. {
            if body.len() >= BYTES {
                break;
            }
            body.push_str(&format!("\"{}\":1,", key(number)));
        }
        body + "}"
    };
    let limits = Limits { json_depth_max: usize::MAX, ..Limits::default() };
    for (what, body) in [
        ("open brackets", "[".repeat(BYTES)),
        ("open objects", r#"{"a":"#.repeat(BYTES / 5)),
        ("quotes", "\"".repeat(BYTES)),
        ("backslashes", format!("[\"{}", "\\".repeat(BYTES))),
        ("colons", format!("[{}]", ":".repeat(BYTES))),
        ("spaces", format!("[{}]", " ".repeat(BYTES))),
        ("numbers", format!("[{}]", "1 ".repeat(BYTES / 2))),
        ("short keys", keys(&|number| number.to_string())),
        ("long keys alike", keys(&|number| format!("{}{number}", "k".repeat(500)))),
    ] {
        let started = Instant::now();
        let wanted = Wanted { pattern: &at(&["/a/a/a", "/0/0/0", "/7", "/kk"]), scope: MapScope::All };
        visit(body.as_bytes(), wanted, &limits, &mut Memory::default(), |_, _| {});
        assert!(started.elapsed().as_secs() < 5, "{what} took {:?}", started.elapsed());
    }
}

/// The places of a document and what is inspected at each, the obvious way.
fn flatten(value: &Value, keys: &mut Vec<String>, values: &mut Vec<String>) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                keys.push(key.clone());
                flatten(value, keys, values);
            }
        }
        Value::Array(elements) => elements.iter().for_each(|value| flatten(value, keys, values)),
        Value::String(text) => values.push(text.clone()),
        other => values.push(other.to_string()),
    }
}

fn json() -> impl Strategy<Value = Value> {
    let key = prop_oneof!["[a-c0-2]{0,2}", "\\PC{0,3}", Just("a/b~".to_owned())];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        prop::collection::vec(any::<char>(), 0..6).prop_map(|text| Value::from(text.into_iter().collect::<String>())),
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts
}

proptest! {
    /// Valid JSON is read whole, and a pointer finds what another implementation of RFC 6901 finds.
    #[test]
    fn valid_json_is_read_as_others_read_it(document in json(), pretty in any::<bool>(), pointers in
        prop::collection::vec("(/([a-c0-2]{0,2}|a~1b~0)){1,3}", 1..4)) {
        let body = if pretty { serde_json::to_string_pretty(&document) } else { serde_json::to_string(&document) }.unwrap();
        let root_fits = document.is_object() || document.is_array();
        let expected_read = if root_fits { Read::Whole } else { Read::Cut };
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        if root_fits {
            flatten(&document, &mut keys, &mut values);
        }
        let (found, read_to) = read(&body, &JsonPattern::All, MapScope::Key);
        prop_assert_eq!((sorted(found), read_to), (sorted(keys), expected_read));
        let (found, read_to) = read(&body, &JsonPattern::All, MapScope::Value);
        prop_assert_eq!((sorted(found), read_to), (sorted(values), expected_read));

        let distinct: BTreeSet<&str> = pointers.iter().map(String::as_str).collect();
        // A place below another is part of that already.
        let outermost = distinct.iter().filter(|pointer| {
            !distinct.iter().any(|other| pointer.strip_prefix(other).is_some_and(|rest| rest.starts_with('/')))
        });
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for found in outermost.filter_map(|pointer| document.pointer(pointer)).filter(|_| root_fits) {
            flatten(found, &mut keys, &mut values);
        }
        let pattern = at(&pointers.iter().map(String::as_str).collect::<Vec<_>>());
        prop_assert_eq!(sorted(read(&body, &pattern, MapScope::Key).0), sorted(keys));
        prop_assert_eq!(sorted(read(&body, &pattern, MapScope::Value).0), sorted(values));
    }

    /// What is cut off is read as far as it goes: a beginning of what the whole gives, but for the last.
    #[test]
    fn a_beginning_gives_a_beginning(document in json(), cut in any::<prop::sample::Index>()) {
        let body = serde_json::to_string(&document).unwrap();
        let (whole, _) = all(&body);
        let end = cut.index(body.len() + 1);
        let (found, read_to) = all(&body.as_bytes()[..end]);
        prop_assert_eq!(read_to == Read::Whole, end == body.len() && (document.is_object() || document.is_array()));
        prop_assert!(found.len() <= whole.len());
        let last = found.len().saturating_sub(1);
        for (index, (one, of_whole)) in found.iter().zip(&whole).enumerate() {
            prop_assert!(one == of_whole || index == last, "{:?} {:?}", one, of_whole);
        }
    }
}
