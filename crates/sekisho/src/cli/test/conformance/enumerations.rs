//! Every value of every enumeration that a document can hold, or that is printed, is used by a case.
//!
//! Both sides are computed: which enumerations can be reached in the API model from the documents that are read and from
//! the samples that are printed, and which values stand in the suite's documents where the model has an enumeration.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::files;

/// What is read, and what is printed.
const ROOTS: [&str; 6] =
    ["WebACL", "RuleGroup", "IPSet", "RegexPatternSet", "LoggingConfiguration", "SampledHTTPRequest"];

/// Values by enumeration.
type Values = BTreeMap<String, BTreeSet<String>>;

/// The API model; none if it is missing and may be.
#[expect(clippy::disallowed_methods, reason = "tests find the shared folder by the environment")]
fn model() -> Option<Value> {
    let shared = std::env::var_os("SEKISHO_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let file = shared.join("data/aws-waf/wafv2-model.json");
    let Ok(text) = std::fs::read(&file) else {
        assert!(std::env::var_os("CI").is_none(), "{} is missing", file.display());
        eprintln!("skipped: {} is missing", file.display());
        return None;
    };
    Some(serde_json::from_slice(&text).unwrap())
}

/// The enumerations that can be reached from a shape, with all their values.
fn reach(shapes: &Value, shape: &str, seen: &mut BTreeSet<String>, found: &mut Values) {
    if !seen.insert(shape.to_owned()) {
        return;
    }
    let described = &shapes[shape];
    if let Some(values) = described["enum"].as_array() {
        let values = values.iter().map(|value| value.as_str().unwrap().to_owned());
        found.insert(shape.to_owned(), values.collect());
    }
    let members = described["members"].as_object().into_iter().flat_map(|members| members.values());
    let inner = ["member", "key", "value"].into_iter().filter_map(|part| described.get(part));
    for below in members.chain(inner) {
        reach(shapes, below["shape"].as_str().unwrap(), seen, found);
    }
}

/// Gathers what stands in a document where the model has an enumeration.
fn gather(shapes: &Value, shape: &str, document: &Value, found: &mut Values) {
    let described = &shapes[shape];
    let below = |part: &str| described[part]["shape"].as_str().unwrap();
    match document {
        Value::String(text) if described.get("enum").is_some() => {
            found.entry(shape.to_owned()).or_default().insert(text.clone());
        }
        Value::Array(items) if described["type"] == "list" => {
            items.iter().for_each(|item| gather(shapes, below("member"), item, found));
        }
        Value::Object(entries) if described["type"] == "map" => {
            for (key, value) in entries {
                gather(shapes, below("key"), &Value::from(key.as_str()), found);
                gather(shapes, below("value"), value, found);
            }
        }
        Value::Object(entries) => {
            for (name, value) in entries {
                if let Some(member) = described["members"].get(name) {
                    gather(shapes, member["shape"].as_str().unwrap(), value, found);
                }
            }
        }
        _ => {}
    }
}

/// The values that the suite's documents and expectations hold.
fn used(shapes: &Value) -> Values {
    let mut found = Values::new();
    for (_, file) in files() {
        for case in &file.cases {
            for document in case.documents() {
                let document: Value = serde_json::from_str(document.text()).unwrap();
                let whole = ROOTS.iter().find_map(|root| Some((*root, document.get(root)?)));
                let (root, value) = whole.unwrap_or(("LoggingConfiguration", &document));
                gather(shapes, root, value, &mut found);
            }
            let outcomes = case.steps.iter().flat_map(|step| step.expected.proof.iter().flatten());
            for (_, outcome) in outcomes.filter(|(_, outcome)| outcome != "VALID") {
                found.entry("FailureReason".to_owned()).or_default().insert(outcome.clone());
            }
        }
    }
    found
}

#[test]
fn every_value_of_every_enumeration_is_used_by_a_case() {
    let Some(model) = model() else { return };
    let shapes = &model["shapes"];
    let (mut seen, mut there) = (BTreeSet::new(), Values::new());
    ROOTS.iter().for_each(|root| reach(shapes, root, &mut seen, &mut there));
    assert!(there.len() >= 30 && there.contains_key("CountryCode"), "{:?}", there.keys());
    let used = used(shapes);
    let mut missing = Vec::new();
    for (shape, values) in &there {
        let known = used.get(shape).cloned().unwrap_or_default();
        missing.extend(values.difference(&known).map(|value| format!("{shape} {value}")));
    }
    assert!(missing.is_empty(), "no case uses {}", missing.join(", "));
}

#[test]
fn pages_of_the_api_reference_are_those_of_the_model() {
    let Some(model) = model() else { return };
    for (path, file) in files() {
        for case in &file.cases {
            let page = case.source.as_deref().and_then(|source| source.strip_prefix("AWS WAFV2 API Reference, "));
            let Some(page) = page else { continue };
            let known = model["shapes"].get(page).is_some() || model["operations"].get(page).is_some();
            assert!(known, "{}:{}: there is no page {page:?}", path.display(), case.line);
        }
    }
}

#[test]
fn a_value_is_only_found_where_the_model_has_its_enumeration() {
    let Some(model) = model() else { return };
    let document = serde_json::json!({
        "Name": "HASH",
        "AssociationConfig": {"RequestBody": {"CLOUDFRONT": {"DefaultSizeInspectionLimit": "KB_16"}}},
        "Rules": [{"Name": "JP", "Statement": {"GeoMatchStatement": {"CountryCodes": ["DE"]}}}],
    });
    let mut found = Values::new();
    gather(&model["shapes"], "WebACL", &document, &mut found);
    let shown: Vec<_> = found.iter().map(|(shape, values)| format!("{shape}: {values:?}")).collect();
    assert_eq!(
        shown,
        [r#"AssociatedResourceType: {"CLOUDFRONT"}"#, r#"CountryCode: {"DE"}"#, r#"SizeInspectionLimit: {"KB_16"}"#]
    );
}
