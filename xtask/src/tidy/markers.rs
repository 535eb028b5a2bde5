//! Marks of unfinished or silenced code.

use super::finding::Finding;
use super::rust_source::RustSource;
use super::tree::{Tree, line_at};

/// What must not stand in code, and what to do instead.
const IN_CODE: &[(&str, &str)] = &[
    ("todo!", "finish it, or refuse the input by name"),
    ("unimplemented!", "finish it, or refuse the input by name"),
    ("dbg!", "remove it"),
    ("#[allow", "fix it, or write #[expect(lint, reason = \"…\")]"),
    ("#![allow", "fix it, or write #[expect(lint, reason = \"…\")] on the item"),
    ("#[ignore", "a test that does not run proves nothing: make it run or delete it"),
];

/// What must not stand in comments, and what to do instead.
const IN_COMMENTS: &[(&str, &str)] =
    &[("TODO", "do it, or open an issue"), ("FIXME", "fix it, or open an issue"), ("XXX:", "fix it, or open an issue")];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.rust() {
        let source = RustSource::new(text);
        for (view, marks) in [(&source.code, IN_CODE), (&source.comments, IN_COMMENTS)] {
            for (mark, help) in marks {
                for offset in occurrences(view, mark) {
                    findings.push(Finding::new(path, line_at(view, offset), format!("`{mark}`"), *help));
                }
            }
        }
    }
    findings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    findings
}

/// Where `mark` stands as a word of its own.
fn occurrences(text: &str, mark: &str) -> Vec<usize> {
    let is_word = |character: Option<char>| character.is_some_and(|one| one.is_alphanumeric() || one == '_');
    let ends_in_word = is_word(mark.chars().next_back());
    let alone = |&(at, _): &(usize, &str)| {
        let goes_on = ends_in_word && is_word(text[at + mark.len()..].chars().next());
        !goes_on && !is_word(text[..at].chars().next_back())
    };
    text.match_indices(mark).filter(alone).map(|(at, _)| at).collect()
}

pub(super) fn broken() -> Tree {
    Tree::sample(&[(
        "a.rs",
        "//! A.\n#![allow(dead_code)]\nfn a() { todo!() } // TODO\n#[allow(dead_code)]\n#[ignore]\nfn b() {}\n",
    )])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mark_is_found_in_its_line() {
        let found: Vec<_> = check(&broken()).into_iter().map(|finding| (finding.line, finding.message)).collect();
        let expect = [(2, "`#![allow`"), (3, "`todo!`"), (3, "`TODO`"), (4, "`#[allow`"), (5, "`#[ignore`")];
        assert_eq!(found, expect.map(|(line, mark)| (line, mark.to_owned())));
    }

    #[test]
    fn strings_other_words_and_expectations_pass() {
        let text = "//! TODOS.\n#[expect(dead_code, reason = \"todo!\")]\nfn ignore_dbg() { my_todo!(\"#[allow\") }\n";
        assert_eq!(check(&Tree::sample(&[("a.rs", text)])), []);
    }
}
