//! Classes and attributes are those of the OCSF schema.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]
#![expect(clippy::disallowed_methods, reason = "tests find the shared folder by the environment")]
#![expect(clippy::print_stderr, reason = "a test that is skipped says why")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sekisho_event::{Class, Column, Table};
use serde_json::Value;

/// The schema, if it is there. Under CI it must be.
fn schema() -> Option<PathBuf> {
    let shared = std::env::var_os("SEKISHO_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = shared.join("data/ocsf");
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is missing", folder.display());
    eprintln!("skipped: {} is missing", folder.display());
    None
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Attributes of an object or event with those it inherits and includes.
fn attributes(root: &Path, folder: &str, name: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut next = Some(name.to_owned());
    while let Some(name) = next {
        let file = find(&root.join(folder), &name).unwrap_or_else(|| panic!("{folder} has no {name}"));
        let object = json(&file);
        for (name, value) in object["attributes"].as_object().unwrap() {
            if name == "$include" {
                for included in value.as_array().unwrap() {
                    let included = json(&root.join(included.as_str().unwrap()));
                    names.extend(included["attributes"].as_object().unwrap().keys().cloned());
                }
            } else {
                names.insert(name.clone());
            }
        }
        let profiles = object["profiles"].as_array().into_iter().flatten();
        for profile in profiles.filter_map(Value::as_str) {
            let file = root.join("profiles").join(format!("{profile}.json"));
            if file.is_file() {
                names.extend(json(&file)["attributes"].as_object().unwrap().keys().cloned());
            }
        }
        next = object["extends"].as_str().map(str::to_owned);
    }
    names
}

fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let direct = folder.join(format!("{name}.json"));
    if direct.is_file() {
        return Some(direct);
    }
    let below = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    below.map(|folder| folder.join(format!("{name}.json"))).find(|path| path.is_file())
}

/// Whether a path of attributes begins among `known` and goes on in the objects they are.
fn resolves(root: &Path, dictionary: &Value, known: &BTreeSet<String>, path: &str) -> bool {
    let mut known = known.clone();
    path.split('.').all(|attribute| {
        if !known.contains(attribute) {
            return false;
        }
        let kind = dictionary["attributes"][attribute]["type"].as_str().unwrap();
        known = if kind.ends_with("_t") { BTreeSet::new() } else { attributes(root, "objects", kind) };
        true
    })
}

/// A table may have a column that its classes lack, as the address a finding is about; where OCSF has it, it is the attribute said.
#[test]
fn columns_are_attributes_of_a_class_that_has_them() {
    let Some(root) = schema() else { return };
    let dictionary = json(&root.join("dictionary.json"));
    let known: Vec<(Table, BTreeSet<String>)> = Table::ALL
        .iter()
        .map(|table| {
            let classes = Class::ALL.iter().filter(|class| class.table() == *table);
            (*table, classes.flat_map(|class| attributes(&root, "events", class.name())).collect())
        })
        .collect();
    let columns = Column::ALL.iter().filter(|column| !column.ocsf().is_empty());
    let unknown: Vec<_> = columns
        .filter(|column| {
            let tables = known.iter().filter(|(table, _)| table.columns().contains(column));
            !tables.into_iter().any(|(_, known)| resolves(&root, &dictionary, known, column.ocsf()))
        })
        .map(|column| format!("{}: {}", column.name(), column.ocsf()))
        .collect();
    assert!(unknown.is_empty(), "not in OCSF:\n{}", unknown.join("\n"));
}

#[test]
fn classes_have_the_numbers_of_the_schema() {
    let Some(root) = schema() else { return };
    let categories = json(&root.join("categories.json"));
    for class in Class::ALL {
        let event = json(&find(&root.join("events"), class.name()).unwrap());
        let mut category = event["category"].as_str().map(str::to_owned);
        let mut above = event["extends"].as_str().map(str::to_owned);
        while let (None, Some(name)) = (&category, &above) {
            let event = json(&find(&root.join("events"), name).unwrap());
            category = event["category"].as_str().map(str::to_owned);
            above = event["extends"].as_str().map(str::to_owned);
        }
        let category = category.and_then(|name| categories["attributes"][name]["uid"].as_i64()).unwrap_or(0);
        assert_eq!(class.uid(), category * 1000 + event["uid"].as_i64().unwrap_or(0), "{}", class.name());
    }
    assert!(Column::ALL.len() > 100);
}
