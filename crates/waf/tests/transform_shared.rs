//! Holds the transformations against what others published: the names of the AWS API model, and the vectors that
//! ModSecurity and Coraza test theirs with.
//!
//! Both lie outside the repository, in the shared folder. SecLang's transformations hold all vectors; for those of AWS `DIFFERS` lists the single vectors where AWS defines
//! another result, each with the reason; the test fails if one of them stops differing.

use anyhow::{Context, Result, bail, ensure};
use sekisho_waf::transform::{Outcome, Transform, UnicodeMap};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the vectors lie in the shared folder.
const VECTORS: &str = "data/seclang-vectors/transformations";

/// Vector files by stem, and the transformation of AWS that means the same.
const SHARED: &[(&str, Transform)] = &[
    ("base64Decode", Transform::Base64Decode),
    ("base64DecodeExt", Transform::Base64DecodeExt),
    ("cmdLine", Transform::CmdLine),
    ("compressWhitespace", Transform::CompressWhiteSpace),
    ("cssDecode", Transform::CssDecode),
    ("escapeSeqDecode", Transform::EscapeSeqDecode),
    ("hexDecode", Transform::HexDecode),
    ("htmlEntityDecode", Transform::HtmlEntityDecode),
    ("jsDecode", Transform::JsDecode),
    ("lowercase", Transform::Lowercase),
    ("md5", Transform::Md5),
    ("normalisePath", Transform::NormalizePath),
    ("normalisePathWin", Transform::NormalizePathWin),
    ("removeCommentsChar", Transform::RemoveCommentsChar),
    ("removeNulls", Transform::RemoveNulls),
    ("removeWhitespace", Transform::RemoveWhitespace),
    ("replaceComments", Transform::ReplaceComments),
    ("replaceNulls", Transform::ReplaceNulls),
    ("sqlHexDecode", Transform::SqlHexDecode),
    ("trim", Transform::Trim),
    ("trimLeft", Transform::TrimLeft),
    ("trimRight", Transform::TrimRight),
    ("uppercase", Transform::Uppercase),
    ("urlDecode", Transform::UrlDecode),
    ("urlDecodeUni", Transform::UrlDecodeUni),
    ("utf8toUnicode", Transform::Utf8ToUnicode),
];

/// Vectors (file stem, position from 0) whose result AWS defines otherwise, and how.
const DIFFERS: &[(&str, usize, &str)] = &[
    ("cssDecode", 3, "AWS keeps the low byte of an escape, Coraza gives the character in UTF-8"),
    ("cssDecode", 5, "AWS keeps the low byte of an escape, Coraza gives the character in UTF-8"),
    ("escapeSeqDecode", 5, "AWS leaves an unknown escape whole, ModSecurity drops its backslash"),
    ("escapeSeqDecode", 10, "AWS leaves an unknown escape whole, ModSecurity drops its backslash"),
    ("hexDecode", 3, "Coraza refuses a value with other bytes, ModSecurity and this decode its beginning"),
    ("hexDecode", 4, "Coraza refuses a value of odd length, ModSecurity and this decode its pairs"),
    ("urlDecodeUni", 5, "AWS keeps the low byte, SecUnicodeMapFile gives the best fit"),
    ("urlDecodeUni", 33, "AWS keeps the low byte, SecUnicodeMapFile gives the best fit"),
    ("urlDecodeUni", 34, "AWS keeps the low byte, SecUnicodeMapFile gives the best fit"),
    ("urlDecodeUni", 35, "AWS keeps the low byte, SecUnicodeMapFile gives the best fit"),
];

#[derive(Deserialize)]
struct Vector {
    input: String,
    output: String,
}

/// A place in the shared folder, or nothing where it is missing and may be.
#[expect(clippy::print_stdout, reason = "a test that cannot run says so")]
fn shared(place: &str) -> Result<Option<PathBuf>> {
    #[expect(clippy::disallowed_methods, reason = "where the shared folder lies is the environment's to say")]
    let (shared, ci) = (std::env::var_os("SEKISHO_SHARED"), std::env::var_os("CI"));
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let path = shared.map_or_else(beside, PathBuf::from).join(place);
    if path.exists() {
        return Ok(Some(path));
    }
    if ci.is_some() {
        bail!("{} is missing, and CI needs it", path.display());
    }
    println!("skipped: {} is missing", path.display());
    Ok(None)
}

/// The bytes of a vector's string: `\xHH` and `\uHHHH` left in it by JSON stand for one byte each, as in ModSecurity's
/// own test runner.
fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((&first, _)) = rest.as_bytes().split_first() {
        let escape = [("\\x", 2), ("\\u", 4)].into_iter().find_map(|(mark, length)| {
            let digits = rest.strip_prefix(mark)?.get(..length)?;
            let unit =
                digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16))?;
            Some((unit.ok()?.to_be_bytes()[1], mark.len() + length))
        });
        let (byte, length) = escape.unwrap_or((first, 1));
        bytes.push(byte);
        // A multi-byte character is copied whole, so that `rest` stays a string.
        let end = (length..).find(|&end| rest.is_char_boundary(end)).unwrap_or(rest.len());
        bytes.extend_from_slice(&rest.as_bytes()[length..end]);
        rest = &rest[end..];
    }
    bytes
}

fn differs(stem: &str, position: usize) -> bool {
    DIFFERS.iter().any(|&(file, at, _)| file == stem && at == position)
}

fn check(transform: Transform, vector: &Vector, map: &UnicodeMap) -> Result<()> {
    let (input, expected) = (bytes(&vector.input), bytes(&vector.output));
    let mut out = Vec::new();
    let output = match transform.apply_with(&input, &mut out, map) {
        Outcome::Unchanged => &input,
        Outcome::Changed => &out,
    };
    ensure!(
        *output == expected,
        "\"{}\" gave \"{}\", not \"{}\"",
        input.escape_ascii(),
        output.escape_ascii(),
        expected.escape_ascii()
    );
    Ok(())
}

#[test]
fn shared_transformations_agree_with_modsecurity() -> Result<()> {
    let Some(folder) = shared(VECTORS)? else { return Ok(()) };
    let mut failures = Vec::new();
    for &(stem, transform) in SHARED {
        let vectors = vectors(&folder.join(stem).with_extension("json"))?;
        for (position, vector) in vectors.iter().enumerate() {
            match (check(transform, vector, &UnicodeMap::default()), differs(stem, position)) {
                (Ok(()), false) | (Err(_), true) => {}
                (Err(error), false) => failures.push(format!("{stem} {position}: {error:#}")),
                (Ok(()), true) => failures.push(format!("{stem} {position}: is listed as differing, but agrees")),
            }
        }
        let beyond = DIFFERS.iter().filter(|&&(file, at, _)| file == stem && at >= vectors.len());
        failures.extend(beyond.map(|(_, at, _)| format!("{stem} {at}: is listed as differing, but does not exist")));
    }
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

fn vectors(file: &Path) -> Result<Vec<Vector>> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let vectors: Vec<Vector> = serde_json::from_str(&text).with_context(|| file.display().to_string())?;
    ensure!(!vectors.is_empty(), "{} has no vectors", file.display());
    Ok(vectors)
}

/// The map of US-ASCII, code page 20127, which the vectors of `urlDecodeUni` are for.
fn unicode_map(file: &Path) -> Result<UnicodeMap> {
    let text = fs::read(file)?;
    let text = String::from_utf8_lossy(&text);
    let mut lines = text.lines().skip_while(|line| !line.starts_with("20127 "));
    let pairs = lines.nth(1).context("the map has no code page 20127")?.split_whitespace();
    let pair = |pair: &str| -> Result<(u32, u8)> {
        let (code_point, byte) = pair.split_once(':').context("a pair has a colon")?;
        Ok((u32::from_str_radix(code_point, 16)?, u8::from_str_radix(byte, 16)?))
    };
    Ok(UnicodeMap::new(&pairs.map(pair).collect::<Result<Vec<_>>>()?))
}

#[test]
fn the_transformations_of_seclang_hold_every_vector() -> Result<()> {
    let Some(folder) = shared(VECTORS)? else { return Ok(()) };
    let Some(map) = shared("data/crs/unicode.mapping")? else { return Ok(()) };
    let map = unicode_map(&map)?;
    let (mut failures, mut held) = (Vec::new(), BTreeSet::new());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let stem = path.file_stem().context("a file without a name")?.to_string_lossy().into_owned();
        let transform = Transform::from_seclang_name(&stem).flatten().with_context(|| format!("{stem} is unknown"))?;
        for (position, vector) in vectors(&path)?.iter().enumerate() {
            if let Err(error) = check(transform, vector, &map) {
                failures.push(format!("{stem} {position}: {error:#}"));
            }
        }
        held.insert(transform);
    }
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    let known = Transform::ALL.iter().filter(|transform| !transform.seclang_names().is_empty());
    assert_eq!(held, known.copied().collect(), "each has its vectors");
    Ok(())
}

#[test]
fn every_name_of_the_aws_model_is_known_and_no_other() -> Result<()> {
    let Some(path) = shared("data/aws-waf/wafv2-model.json")? else { return Ok(()) };
    let model: serde_json::Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    let names = model["shapes"]["TextTransformationType"]["enum"].as_array().context("the model lists no names")?;
    let names: BTreeSet<&str> = names.iter().filter_map(serde_json::Value::as_str).collect();
    let known: BTreeSet<&str> =
        Transform::ALL.iter().filter_map(|transform| transform.aws_name()).chain(["NONE"]).collect();
    assert_eq!(known, names);
    assert!(names.iter().all(|name| Transform::from_aws_name(name).is_some()));
    Ok(())
}
