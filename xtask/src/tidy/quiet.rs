//! The quiet rooms: crates that do no I/O, spawn nothing and read no clock. Tests in them may.
//!
//! What they use of other crates is held by the table of [`super::rooms`]; this is about the standard library.

use std::collections::BTreeSet;

use super::finding::Finding;
use super::rust_source::RustSource;
use super::tree::{Tree, line_at};
use super::use_paths::used_paths;

const QUIET: &[&str] = &["crates/model/src/", "crates/waf/src/", "crates/waf-lang/src/", "crates/detect/src/"];

/// What a quiet room must not name, as neighbouring segments of a path.
const NOISE: &[&[&str]] = &[
    &["std", "fs"],
    &["std", "env"],
    &["std", "process"],
    &["std", "thread"],
    &["thread", "spawn"],
    &["io", "stdin"],
    &["io", "stdout"],
    &["io", "stderr"],
    &["net", "*"],
    &["std", "*"],
    &["TcpStream"],
    &["TcpListener"],
    &["UdpSocket"],
    &["UnixStream"],
    &["UnixListener"],
    &["UnixDatagram"],
    &["ToSocketAddrs"],
    &["SystemTime"],
    &["Instant", "now"],
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for room in QUIET {
        for (path, text) in tree.under(room, ".rs") {
            if is_test_only(tree, path) {
                continue;
            }
            let code = RustSource::new(text).code_without_tests();
            let mut seen = BTreeSet::new();
            for used in used_paths(&code) {
                for noise in NOISE.iter().filter(|noise| used.names(noise)) {
                    seen.insert((line_at(&code, used.offset), noise.join("::")));
                }
            }
            findings.extend(seen.into_iter().map(|(line, noise)| finding(path, line, &noise)));
        }
    }
    findings
}

/// Whether the module of this file, or one it stands in, is declared under `#[cfg(test)]`.
fn is_test_only(tree: &Tree, path: &str) -> bool {
    let Some((folder, name)) = path.trim_end_matches(".rs").rsplit_once('/') else { return false };
    let Some((above, parent)) = [format!("{folder}.rs"), format!("{folder}/lib.rs"), format!("{folder}/main.rs")]
        .into_iter()
        .filter(|parent| parent != path)
        .find_map(|parent| Some((tree.text(&parent)?, parent)))
    else {
        return false;
    };
    let source = RustSource::new(above);
    let declares = |code: &str| {
        let paths = used_paths(code);
        paths.windows(2).any(|pair| pair[0].names(&["mod"]) && pair[1].names(&[name]))
    };
    (declares(&source.code) && !declares(&source.code_without_tests())) || is_test_only(tree, &parent)
}

fn finding(path: &str, line: usize, noise: &str) -> Finding {
    Finding::new(
        path,
        line,
        format!("`{noise}` in a crate that does no I/O, spawns nothing and reads no clock"),
        "let the caller do it: bytes come in as slices, time through sekisho_model::Clock",
    )
}

pub(super) fn broken() -> Tree {
    Tree::sample(&[("crates/waf/src/a.rs", "//! A.\nuse std::{fs, time};\nfn a() { time::Instant::now(); }\n")])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn lines(path: &str, text: &str, expect: &[usize]) {
        let found: Vec<_> = check(&Tree::sample(&[(path, text)])).into_iter().map(|finding| finding.line).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn each_noise_is_found_in_its_line() {
        let found = check(&broken());
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [2, 3]);
        assert!(found[0].message.contains("`std::fs`"), "{}", found[0].message);
        lines("crates/model/src/a.rs", "use std::net::{\n    IpAddr,\n    TcpStream,\n};", &[1]);
        lines("crates/waf-lang/src/a.rs", "fn a() { std::thread::sleep(b) }", &[1]);
        lines("crates/waf/src/a.rs", "fn a(at: std::time::SystemTime) {}", &[1]);
    }

    #[test]
    fn tests_strings_comments_and_other_rooms_may() {
        lines("crates/waf/src/a.rs", "#[cfg(test)]\nmod tests { use std::fs; }", &[]);
        lines("crates/waf/src/a.rs", "//! std::fs\nconst A: &str = \"std::fs\";", &[]);
        lines("crates/edge/src/a.rs", "use std::fs;", &[]);
    }

    #[test]
    fn a_module_is_a_test_only_if_it_is_declared_one() {
        let below = |declared: &str| {
            let files = [
                ("crates/waf/src/lib.rs", "mod a;"),
                ("crates/waf/src/a.rs", declared),
                ("crates/waf/src/a/tests.rs", "mod deeper;"),
                ("crates/waf/src/a/tests/deeper.rs", "use std::fs;"),
            ];
            check(&Tree::sample(&files)).len()
        };
        assert_eq!(below("#[cfg(test)]\nmod tests;"), 0);
        assert_eq!(below("mod tests;"), 1);
        assert_eq!(below("#[cfg(test)]\nmod other;\npub mod tests;"), 1);
    }

    #[test]
    fn addresses_and_instants_handed_in_are_quiet() {
        lines("crates/waf/src/a.rs", "use std::net::IpAddr;\nuse std::time::{Duration, Instant};", &[]);
    }
}
