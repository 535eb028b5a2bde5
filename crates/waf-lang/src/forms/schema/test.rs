//! Holds the table against the API model: every structure, every member, every kind of value; and against itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Kind, Structure};
use crate::forms::piece::KINDS;

/// The structure, and the member that holds it, that the model does not know.
const OWN: &str = "OWASPCoreRuleSet";

/// The model, or none if it is missing and may be.
///
/// # Panics
///
/// If it is missing where `CI` is set.
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

/// Every structure that can be reached from a resource.
fn structures() -> BTreeMap<&'static str, &'static Structure> {
    let mut found = BTreeMap::new();
    let mut open: Vec<&'static Structure> = KINDS.iter().map(|names| names.structure).collect();
    while let Some(structure) = open.pop() {
        if found.insert(structure.name, structure).is_some() {
            continue;
        }
        for member in structure.members {
            if let Kind::One(inner) | Kind::Many(inner) | Kind::Map(inner) = member.kind {
                open.push(inner);
            }
        }
    }
    found
}

/// What the model says a member is, in the words of [`Kind`].
fn kind_of(model: &Value, shape: &str) -> String {
    let shape_of = |name: &str| model["shapes"][name].clone();
    let found = shape_of(shape);
    let element = |key: &str| found[key]["shape"].as_str().unwrap().to_owned();
    match found["type"].as_str().unwrap() {
        "string" => "Text".to_owned(),
        "integer" | "long" => "Whole".to_owned(),
        "boolean" => "Flag".to_owned(),
        "blob" => "Blob".to_owned(),
        "structure" => format!("One {shape}"),
        "map" => format!("Map {}", element("value")),
        "list" => match shape_of(&element("member"))["type"].as_str().unwrap() {
            "string" => "Texts".to_owned(),
            "integer" | "long" => "Wholes".to_owned(),
            "structure" => format!("Many {}", element("member")),
            other => panic!("{other}"),
        },
        other => panic!("{other}"),
    }
}

fn named(kind: Kind) -> String {
    match kind {
        Kind::Text => "Text".to_owned(),
        Kind::Whole => "Whole".to_owned(),
        Kind::Flag => "Flag".to_owned(),
        Kind::Blob => "Blob".to_owned(),
        Kind::Texts => "Texts".to_owned(),
        Kind::Wholes => "Wholes".to_owned(),
        Kind::One(inner) => format!("One {}", inner.name),
        Kind::Many(inner) => format!("Many {}", inner.name),
        Kind::Map(inner) => format!("Map {}", inner.name),
    }
}

#[test]
fn every_member_of_every_structure_is_in_the_table() {
    let Some(model) = model() else { return };
    for (name, structure) in structures() {
        if name == OWN {
            continue;
        }
        let members = model["shapes"][name]["members"].as_object().unwrap();
        let theirs: BTreeMap<&str, String> = members
            .iter()
            .map(|(member, found)| (member.as_str(), kind_of(&model, found["shape"].as_str().unwrap())))
            .collect();
        let mut ours: BTreeMap<&str, String> =
            structure.members.iter().map(|member| (member.name, named(member.kind))).collect();
        ours.retain(|member, _| *member != OWN);
        assert_eq!(ours, theirs, "{name}");
    }
}

#[test]
fn names_of_terraform_are_distinct_within_a_structure() {
    for (name, structure) in structures() {
        let names: Vec<_> = structure.members.iter().filter_map(|member| member.terraform).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{name}");
        assert!(
            names.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'))
        );
    }
}
