//! The shape of Rust files: not too long, opened by a `//!`, and sign-post files (`lib.rs`) without logic.

use super::finding::Finding;
use super::rust_source::RustSource;
use super::tree::{Tree, line_at};
use super::use_paths::used_paths;

/// Most lines in a Rust file; at 400 a file asks to be split, here it must be.
const FILE_LINES_MAX: usize = 600;

pub(super) fn check_length(tree: &Tree) -> Vec<Finding> {
    tree.rust()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|&(_, lines)| lines > FILE_LINES_MAX)
        .map(|(path, lines)| {
            let message = format!("{lines} lines; at most {FILE_LINES_MAX}");
            Finding::new(path, FILE_LINES_MAX + 1, message, "one idea a file: split it by its nouns")
        })
        .collect()
}

pub(super) fn broken_length() -> Tree {
    Tree::sample(&[("a.rs", &"// a line\n".repeat(FILE_LINES_MAX + 1))])
}

pub(super) fn check_opening(tree: &Tree) -> Vec<Finding> {
    tree.rust()
        .filter(|(_, text)| !text.lines().next().is_some_and(is_opening))
        .map(|(path, _)| {
            let help = "say what the module is for, where it stands in the flow and what it must not do";
            Finding::new(path, 1, "does not open with `//!`", help)
        })
        .collect()
}

fn is_opening(line: &str) -> bool {
    line.strip_prefix("//! ").is_some_and(|rest| !rest.trim().is_empty())
}

pub(super) fn broken_opening() -> Tree {
    Tree::sample(&[("a.rs", "use std::fmt;\n//! Late.\n"), ("b.rs", "//!\n"), ("c.rs", "")])
}

pub(super) fn check_signposts(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.rust() {
        if path.ends_with("/mod.rs") {
            findings.push(Finding::new(path, 1, "a `mod.rs`", "name the file after its module: foo.rs and foo/bar.rs"));
        }
        if !path.ends_with("/lib.rs") {
            continue;
        }
        let code = RustSource::new(text).code_without_tests();
        let logic = used_paths(&code).into_iter().find(|path| matches!(path.segments[0].as_str(), "fn" | "impl"));
        if let Some(logic) = logic {
            let help = "lib.rs only declares and exports: move it to a module named for what it is";
            findings.push(Finding::new(path, line_at(&code, logic.offset), "logic in a lib.rs", help));
        }
    }
    findings
}

pub(super) fn broken_signposts() -> Tree {
    Tree::sample(&[("a/src/lib.rs", "//! A.\nmod b;\npub fn c() {}\n"), ("a/src/b/mod.rs", "//! B.\n")])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_greatest_length_passes() {
        let tree = Tree::sample(&[("a.rs", &"// a line\n".repeat(FILE_LINES_MAX))]);
        assert_eq!(check_length(&tree), []);
    }

    #[test]
    fn each_bad_opening_is_found() {
        assert_eq!(check_opening(&broken_opening()).len(), 3);
        assert_eq!(check_opening(&Tree::sample(&[("a.rs", "//! A.\n#![no_main]\n")])), []);
    }

    #[test]
    fn signposts_may_declare_and_export() {
        let found = check_signposts(&broken_signposts());
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [1, 3]);
        let lib = "//! A fn.\nmod b;\npub use b::Impl;\n#[cfg(test)]\nmod tests { fn c() {} }\n";
        assert_eq!(check_signposts(&Tree::sample(&[("a/src/lib.rs", lib), ("a/src/b.rs", "fn c() {}")])), []);
    }
}
