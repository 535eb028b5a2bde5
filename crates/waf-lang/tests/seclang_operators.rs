//! Holds the operators to the vectors that ModSecurity and Coraza test theirs with.
//!
//! They lie outside the repository, in the shared folder. `REFUSED` lists the files of operators that are refused when rules
//! are loaded, each with the reason; the test fails if one of them is not.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use sekisho_waf::ir::Comparison;
use sekisho_waf::ir::phased::{Item, PhasedOperator, Text, TextTest};
use sekisho_waf::transaction::{Captures, OperatorCompiler, OperatorMemory, Tested};
use sekisho_waf::{Limits, NoPlaces};
use sekisho_waf_lang::seclang::{Entry, LoadOptions, load};
use serde_json::Value;

/// Vector files of operators that are refused, the operator, and why.
const REFUSED: &[(&str, &str, &str)] = &[
    ("nids", "validateNid", "Coraza's own; it has no place in ModSecurity's language"),
    ("validateSchema", "validateSchema", "schemas lie in files that rules would have to bring, and name others"),
];

/// Vectors (file stem, position from 0) that rules cannot ask for, and why.
const NOT_ASKED: &[(&str, usize, &str)] = &[
    ("ipMatch", 16, "`10.0.0.0/100` is no range, and refused when it is loaded"),
    ("validateByteRange", 1, "a range without bytes is refused when it is loaded: every value would match"),
];

struct Vector {
    param: String,
    input: Vec<u8>,
    holds: bool,
    groups: Option<Vec<Vec<u8>>>,
}

/// Where the vectors lie; `None`, said aloud, where they are not there and may be missing.
#[expect(clippy::print_stdout, reason = "a test that cannot run says so")]
fn folder() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "where the shared folder lies is the environment's to say")]
    let (shared, ci) = (std::env::var_os("SEKISHO_SHARED"), std::env::var_os("CI"));
    let shared = shared.map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = shared.join("data/seclang-vectors/operators");
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(ci.is_none(), "{} is missing", folder.display());
    println!("skipped: {} is missing", folder.display());
    None
}

/// The bytes of a vector's string: `\xHH`, `\uHHHH` and `\0` left in it by JSON stand for one byte each, as in
/// ModSecurity's own test runner.
fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escape = match rest {
            [b'\\', b'0', ..] => Some((0, 2)),
            [b'\\', b'x', digits @ ..] => hexadecimal(digits, 2).map(|byte| (byte, 4)),
            [b'\\', b'u', digits @ ..] => hexadecimal(digits, 4).map(|byte| (byte, 6)),
            _ => None,
        };
        match escape {
            Some((byte, length)) => {
                bytes.push(byte);
                rest = &rest[length..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    bytes
}

fn hexadecimal(text: &[u8], digits: usize) -> Option<u8> {
    let digits = std::str::from_utf8(text.get(..digits)?).ok()?;
    u16::from_str_radix(digits, 16).ok()?.to_be_bytes().last().copied()
}

fn vectors(file: &Path) -> Vec<Vector> {
    let text = fs::read_to_string(file).expect("a file of vectors can be read");
    let vectors: Vec<Value> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    assert!(!vectors.is_empty(), "{} has no vectors", file.display());
    let string = |vector: &Value, key: &str| vector[key].as_str().unwrap_or_default().to_owned();
    let groups = |vector: &Value| {
        let groups = vector.get("re_groups")?.as_array()?;
        Some(groups.iter().map(|group| bytes(group.as_str().unwrap_or_default())).collect())
    };
    vectors
        .iter()
        .map(|vector| Vector {
            param: string(vector, "param"),
            input: bytes(&string(vector, "input")),
            holds: vector["ret"] == 1,
            groups: groups(vector),
        })
        .collect()
}

/// The operator as rules give it; nothing if they cannot.
fn loaded(name: &str, param: &str, files: &BTreeMap<String, Vec<u8>>) -> Option<PhasedOperator> {
    let rule = format!("SecRule ARGS \"@{name} {}\" \"id:1,phase:2,pass\"\n", param.replace('"', "\\\""));
    let loaded = load(&[Entry::text("vector.conf", &rule)], files, &LoadOptions::default());
    let items = loaded.policy?.items;
    let Some(Item::Rule(rule)) = items.first() else { panic!("{name} {param} gave no rule") };
    Some(rule.links[0].test.as_ref()?.operator.clone())
}

/// Operators whose argument may be anything once macros are expanded: made as a rule would have them then.
fn made(name: &str, param: &str) -> Option<PhasedOperator> {
    let text = |test| PhasedOperator::Text { test, text: Text::literal(param) };
    let number = |comparison| PhasedOperator::Number { comparison, than: Text::literal(param) };
    Some(match name {
        "rx" => PhasedOperator::Regex { pattern: param.to_owned(), global: false },
        "streq" => text(TextTest::Equals),
        "contains" | "strmatch" => text(TextTest::Contains),
        "containsWord" => text(TextTest::ContainsWord),
        "beginsWith" => text(TextTest::BeginsWith),
        "endsWith" => text(TextTest::EndsWith),
        "within" => text(TextTest::Within),
        "eq" => number(Comparison::Eq),
        "ge" => number(Comparison::Ge),
        "gt" => number(Comparison::Gt),
        "le" => number(Comparison::Le),
        "lt" => number(Comparison::Lt),
        _ => return None,
    })
}

/// What is wrong, if anything is.
fn check(operator: &PhasedOperator, vector: &Vector) -> Result<(), String> {
    let mut compiler = OperatorCompiler::new(&Limits::default());
    let compiled = compiler.compile(operator).map_err(|error| error.to_string())?;
    let mut captures = Captures::default();
    let tested = Tested { value: &vector.input, expanded: None, places: &NoPlaces };
    let holds = compiled.holds(tested, &mut OperatorMemory::default(), Some(&mut captures));
    if holds != vector.holds {
        return Err(format!("{:?} on \"{}\" gave {holds}", vector.param, vector.input.escape_ascii()));
    }
    let Some(expected) = &vector.groups else { return Ok(()) };
    let caught = |group| captures.group(group).map_or(&b""[..], |caught| caught.bytes(&vector.input)).to_vec();
    let groups: Vec<_> = (0..).take(expected.len()).map(caught).collect();
    if groups == *expected { Ok(()) } else { Err(format!("{:?} caught {groups:?}", vector.param)) }
}

#[test]
fn operators_hold_every_vector() {
    let Some(folder) = folder() else { return };
    let data = fs::read_dir(folder.join("op")).unwrap().map(|entry| entry.unwrap());
    let files = data.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect();
    let (mut failures, mut refused, mut held) = (Vec::new(), BTreeSet::new(), 0);
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() || REFUSED.iter().any(|(file, ..)| *file == stem) {
            continue;
        }
        for (position, vector) in vectors(&path).iter().enumerate() {
            let operator = made(&stem, &vector.param).or_else(|| loaded(&stem, &vector.param, &files));
            let Some(operator) = operator else {
                refused.insert((stem.clone(), position));
                continue;
            };
            held += 1;
            failures.extend(check(&operator, vector).err().map(|error| format!("{stem} {position}: {error}")));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(held > 3900, "only {held} vectors");
    assert_eq!(refused, NOT_ASKED.iter().map(|&(stem, position, _)| (stem.to_owned(), position)).collect());
}

#[test]
fn operators_without_vectors_to_hold_are_refused_by_name() {
    for (file, operator, reason) in REFUSED {
        let rule = format!("SecRule ARGS \"@{operator} x\" \"id:1,phase:2,pass\"\n");
        let loaded = load(&[Entry::text("vector.conf", &rule)], &BTreeMap::new(), &LoadOptions::default());
        let shown = loaded.diagnostics.render(false);
        assert!(loaded.policy.is_none() && shown.contains(operator), "{file} ({reason}): {shown}");
    }
}
