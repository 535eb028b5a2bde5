//! Holds both detectors to every test file of libinjection, and to linear time on the worst input.
//!
//! The files are read in place; see `shared_folder`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{sqli, xss};
use crate::ir::SqliSensitivity;

/// Where the test files are, or none if they are missing and may be.
///
/// # Panics
///
/// If they are missing where `CI` is set.
#[expect(clippy::disallowed_methods, reason = "tests find the shared folder by the environment")]
fn test_files() -> Option<Vec<PathBuf>> {
    let shared = std::env::var_os("SEKISHO_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = shared.join("data/libinjection-tests/tests");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        assert!(std::env::var_os("CI").is_none(), "{} is missing", folder.display());
        eprintln!("skipped: {} is missing", folder.display());
        return None;
    };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    Some(files)
}

/// Input and expected lines of a test file.
fn parse(bytes: &[u8]) -> (Vec<u8>, Vec<String>) {
    let (mut input, mut expected, mut section) = (Vec::new(), Vec::new(), 0);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match line.trim_ascii_end() {
            b"--TEST--" => section = 1,
            b"--INPUT--" => section = 2,
            b"--EXPECTED--" => section = 3,
            _ if section == 2 => input.extend_from_slice(line),
            trimmed if section == 3 => expected.push(String::from_utf8_lossy(trimmed).into_owned()),
            _ => {}
        }
    }
    input.truncate(input.trim_ascii_end().len());
    while expected.last().is_some_and(String::is_empty) {
        expected.pop();
    }
    (input, expected)
}

#[test]
fn agrees_with_every_test_file() {
    let Some(files) = test_files() else { return };
    let mut failures = Vec::new();
    for file in &files {
        let (input, expected) = parse(&std::fs::read(file).unwrap());
        let name = file.file_name().unwrap().to_str().unwrap();
        let got = match name.split('-').nth(1) {
            Some("tokens") => sqli::inspection::tokens(&input),
            Some("folding") => sqli::inspection::folded(&input),
            Some("sqli") => sqli::detect(&input, SqliSensitivity::Low)
                .map(|fingerprint| fingerprint.as_str().to_owned())
                .into_iter()
                .collect(),
            Some("html5") => xss::inspection::tokens(&input),
            _ => panic!("{name} is of no known kind"),
        };
        let got: Vec<_> = got.iter().flat_map(|text| text.split('\n')).map(str::trim_end).collect();
        if got != expected {
            failures.push(format!("{name}: expected {expected:?}, got {got:?}"));
        }
    }
    assert!(files.len() >= 480, "only {} files", files.len());
    assert!(failures.is_empty(), "{} of {} files:\n{}", failures.len(), files.len(), failures.join("\n"));
}

#[test]
fn worst_input_takes_linear_time() {
    const PREFIXES: [&str; 9] = ["", "'", "\"", "<a ", "<a x='", "<!--", "q'(", "$a$", "1 /*"];
    const UNITS: &str = "' \" < ( ) $ \\ -- /* # #\n ` a. a` . @ [ { <a <!-- <![CDATA[ $a $a$ q' \\' '\\ 1 'a &# &#x41; <a/ \
        --\n /*! + +( 1, - ! ; in. select. select` <% </ <? = 0x 1e n' e' u&' x' b' nq'[ */ a'b ]]> %> --> <!- or\t in( and\t {a \
        b'1 x'f $aa$b -\0 // == =' onx= href=&#0 ,- or,";
    // An unoptimised build is slower by an order of magnitude; a quadratic step would be by three.
    let limit = Duration::from_millis(if cfg!(debug_assertions) { 2_000 } else { 200 });
    for unit in UNITS.split(' ') {
        for prefix in PREFIXES {
            let value = format!("{prefix}{}", unit.repeat(100_000 / unit.len()));
            let start = Instant::now();
            let _ = sqli::detect(value.as_bytes(), SqliSensitivity::High);
            let _ = xss::detect(value.as_bytes());
            assert!(start.elapsed() < limit, "{prefix:?} then {unit:?} took {:?}", start.elapsed());
        }
    }
}
