//! The written records: decisions are numbered and have their parts; the papers every visitor looks for are there.

use std::collections::BTreeMap;

use super::finding::Finding;
use super::tree::Tree;

const DECISIONS: &str = "docs/adr/";
const TEMPLATE: &str = "docs/adr/template.md";
const PARTS: &[&str] = &["## Decision", "## Consequences"];

/// Files that must exist, each with a text it must hold.
const PAPERS: &[(&str, &str)] = &[
    ("README.md", "cargo xtask demo"),
    ("CHANGELOG.md", "## [Unreleased]"),
    ("CONTRIBUTING.md", "cargo xtask ci"),
    ("SECURITY.md", "Report"),
    ("LICENSE", "Apache License"),
    ("deny.toml", "[licenses]"),
    ("rust-toolchain.toml", "channel"),
    ("docs/ARCHITECTURE.md", "# "),
    (".ci/run", "cargo xtask ci"),
];

pub(super) fn check_decisions(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut numbers: BTreeMap<&str, &str> = BTreeMap::new();
    for (path, text) in tree.under(DECISIONS, ".md").filter(|(path, _)| *path != TEMPLATE) {
        let name = path.strip_prefix(DECISIONS).unwrap_or(path);
        let Some(number) = number_of(name) else {
            findings.push(Finding::new(path, 1, "a decision without a number", "call it NNN-title.md, from 001"));
            continue;
        };
        if let Some(other) = numbers.insert(number, path) {
            let message = format!("decision {number} twice: see also {other}");
            findings.push(Finding::new(path, 1, message, "give it the next free number"));
        }
        if !text.starts_with(&format!("# {number}: ")) {
            let help = format!("its first line is `# {number}: Title`");
            findings.push(Finding::new(path, 1, "the heading does not carry the number", help));
        }
        if !text.contains("Status: ") {
            findings.push(Finding::new(path, 1, "no status", format!("see {TEMPLATE}")));
        }
        for part in PARTS.iter().filter(|part| !text.lines().any(|line| line == **part)) {
            findings.push(Finding::new(path, 1, format!("no `{part}`"), format!("see {TEMPLATE}")));
        }
    }
    findings
}

/// `001` of `001-title.md`.
fn number_of(name: &str) -> Option<&str> {
    let (number, title) = name.split_once('-')?;
    let is_number = number.len() == 3 && number != "000" && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && title.len() > ".md".len()).then_some(number)
}

pub(super) fn broken_decisions() -> Tree {
    let whole = "# 001: A\nDate: 2026-11-21. Status: accepted.\n## Decision\n## Consequences\n";
    Tree::sample(&[
        ("docs/adr/001-a.md", whole),
        ("docs/adr/001-b.md", whole),
        ("docs/adr/1-c.md", whole),
        ("docs/adr/002-d.md", whole),
        ("docs/adr/003-e.md", "# 003: E\nStatus: accepted.\n## Decision\n"),
    ])
}

pub(super) fn check_papers(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, part) in PAPERS {
        match tree.text(path) {
            None => findings.push(Finding::new(*path, 1, "missing", format!("write it; it says `{part}`"))),
            Some(text) if !text.contains(part) => {
                findings.push(Finding::new(*path, 1, format!("does not say `{part}`"), "put it back"));
            }
            Some(_) => {}
        }
    }
    findings
}

pub(super) fn broken_papers() -> Tree {
    Tree::sample(&[("CHANGELOG.md", "# Changes\n")])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_of_a_decision_is_found() {
        let found = check_decisions(&broken_decisions());
        let shown: Vec<_> = found.iter().map(|finding| finding.path.trim_start_matches(DECISIONS)).collect();
        assert_eq!(shown, ["001-b.md", "002-d.md", "003-e.md", "1-c.md"]);
    }

    #[test]
    fn the_template_needs_no_number() {
        assert_eq!(check_decisions(&Tree::sample(&[(TEMPLATE, "# NNN: Title\n")])), []);
    }

    #[test]
    fn missing_and_empty_papers_are_found() {
        let found = check_papers(&broken_papers());
        assert_eq!(found.len(), PAPERS.len());
        let changelog = found.iter().find(|finding| finding.path == "CHANGELOG.md");
        assert!(changelog.is_some_and(|finding| finding.message.contains("[Unreleased]")));
    }
}
