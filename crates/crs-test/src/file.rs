//! A test file: the tests of one rule.
//!
//! Source: the schema of `ftw-tests-schema`, versions 2.x, as the files of the Core Rule Set use it.

use sekisho_model::{Diagnostics, SourceFile};
use sekisho_waf_lang::document::Document;

use crate::case::Test;
use crate::reading::Reading;

/// What a file says of itself. Means nothing to a run; one file of the Core Rule Set has it a level further out.
const ABOUT: &[&str] = &["author", "description", "enabled", "name", "tags", "version"];

/// The tests of a file.
#[derive(Debug, Clone)]
pub struct TestFile {
    /// The file.
    pub source: SourceFile,
    /// Its tests, in order.
    pub tests: Vec<Test>,
}

impl TestFile {
    /// Reads a test file. One that holds nothing but comments has no tests.
    ///
    /// # Errors
    ///
    /// Everything in it that is not understood, at once.
    ///
    /// # Limits
    ///
    /// Those of [`Document`], and those of [`crate::Input`].
    pub fn read(source: &SourceFile) -> Result<Self, Diagnostics> {
        let mut file = Self { source: source.clone(), tests: Vec::new() };
        let is_content = |line: &str| !line.is_empty() && !line.starts_with('#') && line != "---";
        if !source.text().lines().any(|line| is_content(line.trim())) {
            return Ok(file);
        }
        let (document, found) = Document::from_yaml(source);
        let Some(document) = document.filter(|_| !found.has_errors()) else { return Err(found) };
        let mut reading = Reading::default();
        let root = document.root();
        reading.fields(root, &[&["meta", "rule_id", "tests"], ABOUT].concat());
        if let Some(meta) = root.get("meta").filter(|meta| meta.describe() != "null") {
            reading.fields(meta, ABOUT);
        }
        let rule = reading.required(root, "rule_id").and_then(|node| reading.number(node)).unwrap_or_default();
        if let Some(tests) = reading.required(root, "tests") {
            for (index, node) in reading.items(tests).into_iter().enumerate() {
                file.tests.extend(Test::read(node, rule, index, &mut reading));
            }
        }
        if reading.found.is_empty() { Ok(file) } else { Err(reading.found) }
    }
}

#[cfg(test)]
mod tests;
