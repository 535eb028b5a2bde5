//! The rules of the house that neither the compiler nor clippy knows, held against every file git would commit.
//!
//! A rule is a pure function from the tree to findings, with a sample tree that breaks it. Adding one touches its file
//! and the table [`RULES`].

mod addresses;
mod finding;
mod layout;
mod links;
mod markers;
mod quiet;
mod records;
mod rooms;
mod rust_source;
mod tested;
mod tree;
mod use_paths;

use std::path::Path;

use anyhow::{Result, bail};

use self::finding::Finding;
use self::tree::Tree;
use crate::process::say;

/// One rule of the house.
struct Rule {
    /// Its name, as findings show it.
    name: &'static str,
    /// What it finds.
    check: fn(&Tree) -> Vec<Finding>,
    /// A small tree that breaks it: a rule that cannot fail is a defect.
    #[cfg_attr(not(test), expect(dead_code, reason = "only the tests break the rules"))]
    broken: fn() -> Tree,
}

const RULES: &[Rule] = &[
    Rule { name: "rooms", check: rooms::check, broken: rooms::broken },
    Rule { name: "quiet", check: quiet::check, broken: quiet::broken },
    Rule { name: "length", check: layout::check_length, broken: layout::broken_length },
    Rule { name: "opening", check: layout::check_opening, broken: layout::broken_opening },
    Rule { name: "signpost", check: layout::check_signposts, broken: layout::broken_signposts },
    Rule { name: "markers", check: markers::check, broken: markers::broken },
    Rule { name: "transforms", check: tested::check_transforms, broken: tested::broken_transforms },
    Rule { name: "rules", check: tested::check_rules, broken: tested::broken_rules },
    Rule { name: "fuzz", check: tested::check_fuzz, broken: tested::broken_fuzz },
    Rule { name: "decisions", check: records::check_decisions, broken: records::broken_decisions },
    Rule { name: "papers", check: records::check_papers, broken: records::broken_papers },
    Rule { name: "links", check: links::check, broken: links::broken },
    Rule { name: "addresses", check: addresses::check, broken: addresses::broken },
    Rule { name: "lock", check: addresses::check_locks, broken: addresses::broken_locks },
];

/// Checks every rule against the files of the repository.
///
/// # Errors
///
/// If a rule is broken, after printing every finding.
pub(crate) fn run(root: &Path) -> Result<()> {
    let tree = Tree::of_repository(root)?;
    let mut count = 0_usize;
    for rule in RULES {
        for finding in (rule.check)(&tree) {
            say(finding.shown(rule.name))?;
            count += 1;
        }
    }
    if count > 0 {
        bail!("the house is not tidy: {count} finding(s)");
    }
    say(format!("tidy: {} rules hold in {} files", RULES.len(), tree.len()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_rule_fails_on_its_broken_sample_and_says_what_to_do() {
        for rule in RULES {
            let findings = (rule.check)(&(rule.broken)());
            assert!(!findings.is_empty(), "{} finds nothing in its broken sample", rule.name);
            for finding in findings {
                let shown = finding.shown(rule.name);
                let help = shown.split_once("\n  help: ").map(|(_, help)| help);
                assert!(help.is_some_and(|help| help.len() > 10), "{shown}");
            }
        }
    }

    #[test]
    fn rule_names_are_unique() {
        let names: BTreeSet<_> = RULES.iter().map(|rule| rule.name).collect();
        assert_eq!(names.len(), RULES.len());
    }
}
