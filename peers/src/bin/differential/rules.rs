//! The expressions of the rules in a folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use sekisho_waf::ir::phased::{Item, PhasedOperator};
use sekisho_waf_lang::seclang::crs::{CrsOptions, entries};
use sekisho_waf_lang::seclang::{LoadOptions, load};

/// All files of the Core Rule Set that rules can name, by path.
fn files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for folder in [folder.to_owned(), folder.join("rules")] {
        for entry in std::fs::read_dir(&folder).with_context(|| format!("list {}", folder.display()))? {
            let path = entry.context("list the rules")?.path();
            if path.is_file() {
                let bytes = std::fs::read(&path).with_context(|| format!("read {}", path.display()))?;
                files.insert(path.to_str().context("a name in UTF-8")?.to_owned(), bytes);
            }
        }
    }
    Ok(files)
}

/// The expressions of `@rx` and its like, each once.
pub fn expressions(folder: &Path) -> Result<BTreeSet<String>> {
    let files = files(folder)?;
    let name = folder.to_str().context("a name in UTF-8")?;
    let entries = entries(name, &files, &CrsOptions::default());
    let entries = entries.map_err(|found| anyhow::anyhow!("{}", found.render(false)))?;
    let loaded = load(&entries, &files, &LoadOptions::default());
    let policy = loaded.policy.with_context(|| format!("load the rules:\n{}", loaded.diagnostics.render(false)))?;
    let rules = policy.items.iter().filter_map(|item| match item {
        Item::Rule(rule) => Some(rule),
        Item::Marker(_) => None,
    });
    let tests = rules.flat_map(|rule| &rule.links).filter_map(|link| link.test.as_ref());
    let expressions: BTreeSet<String> = tests
        .filter_map(|test| match &test.operator {
            PhasedOperator::Regex { pattern, .. } => Some(pattern.to_string()),
            _ => None,
        })
        .collect();
    ensure!(!expressions.is_empty(), "{name} holds no expression");
    Ok(expressions)
}
