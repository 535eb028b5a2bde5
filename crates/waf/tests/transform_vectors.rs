//! Runs every transformation through its vector file; `vectors/transform/README.md` tells the notation.

use anyhow::{Context, Result, bail, ensure};
use sekisho_waf::transform::{Outcome, Transform};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Vectors a file must hold at least.
const VECTORS_MIN: usize = 8;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    input: String,
    output: String,
    #[serde(default)]
    note: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/transform")
}

/// The bytes that a string of a vector file stands for.
fn bytes(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((plain, raw)) = rest.split_once('⟨') {
        bytes.extend_from_slice(plain.as_bytes());
        let (digits, after) = raw.split_once('⟩').with_context(|| format!("⟨ without ⟩ in {text:?}"))?;
        let digits: String = digits.split_whitespace().collect();
        ensure!(
            !digits.is_empty() && digits.is_ascii() && digits.len().is_multiple_of(2),
            "no pairs of digits in {text:?}"
        );
        for pair in 0..digits.len() / 2 {
            bytes.push(u8::from_str_radix(&digits[pair * 2..pair * 2 + 2], 16)?);
        }
        rest = after;
    }
    bytes.extend_from_slice(rest.as_bytes());
    Ok(bytes)
}

fn check(transform: Transform, input: &[u8], expected: &[u8]) -> Result<()> {
    let mut out = b"held".to_vec();
    let outcome = transform.apply(input, &mut out);
    let output = match outcome {
        Outcome::Unchanged => {
            ensure!(out == b"held", "unchanged, yet something was appended");
            input
        }
        Outcome::Changed => out.strip_prefix(b"held").context("what the buffer held is gone")?,
    };
    ensure!(output == expected, "gave \"{}\", not \"{}\"", output.escape_ascii(), expected.escape_ascii());
    ensure!((outcome == Outcome::Unchanged) == (input == expected), "reported as {outcome:?}");
    Ok(())
}

fn check_file(transform: Transform) -> Result<()> {
    let path = folder().join(transform.file_stem()).with_extension("json");
    let text = fs::read_to_string(&path).context("it has no vector file")?;
    let vectors: Vec<Vector> = serde_json::from_str(&text)?;
    ensure!(vectors.len() >= VECTORS_MIN, "only {} vectors", vectors.len());
    let mut kinds = (false, false);
    for Vector { input, output, note } in &vectors {
        let (input_bytes, expected) = (bytes(input)?, bytes(output)?);
        kinds.0 |= input_bytes.is_empty();
        kinds.1 |= std::str::from_utf8(&input_bytes).is_err();
        check(transform, &input_bytes, &expected).with_context(|| format!("{input:?} ({note})"))?;
    }
    ensure!(kinds == (true, true), "no empty input or none that is not UTF-8");
    Ok(())
}

#[test]
fn every_transformation_gives_what_its_vectors_say() -> Result<()> {
    let failures: Vec<String> = Transform::ALL
        .iter()
        .filter_map(|&transform| check_file(transform).err().map(|error| format!("{}: {error:#}", transform.name())))
        .collect();
    if !failures.is_empty() {
        bail!("{}", failures.join("\n"));
    }
    Ok(())
}

#[test]
fn every_vector_file_belongs_to_a_transformation() -> Result<()> {
    let known: BTreeSet<String> =
        Transform::ALL.iter().map(|transform| format!("{}.json", transform.file_stem())).collect();
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name != "README.md" {
            found.insert(name);
        }
    }
    assert_eq!(found, known);
    Ok(())
}
