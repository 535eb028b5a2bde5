//! The paths a piece of Rust code names: in `use` trees, flattened, and in place.

use super::rust_source::is_word;

/// One path, such as `std::fs::read`, and the byte where it (or its `use`) starts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UsedPath {
    pub(super) offset: usize,
    pub(super) segments: Vec<String>,
}

impl UsedPath {
    /// Whether `segments` stand in this path, one after the other.
    pub(super) fn names(&self, segments: &[&str]) -> bool {
        self.segments.windows(segments.len()).any(|window| window.iter().zip(segments).all(|(a, b)| a == b))
    }
}

/// Every path in `code` (of which comments and literals were blanked).
pub(super) fn used_paths(code: &str) -> Vec<UsedPath> {
    let mut paths = Vec::new();
    let mut at = 0;
    while at < code.len() {
        let len = path_len(&code.as_bytes()[at..]);
        if len == 0 {
            at += 1;
            continue;
        }
        let text = &code[at..at + len];
        if text == "use" {
            let end = code[at..].find(';').map_or(code.len(), |end| at + end);
            flatten(&code[at + len..end], &[], at, &mut paths);
            at = end;
        } else {
            push(text, &[], at, &mut paths);
            at += len;
        }
    }
    paths
}

fn path_len(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|&&byte| is_word(byte) || byte == b':').count()
}

/// Adds the paths of one `use` tree to `paths`.
fn flatten(tree: &str, prefix: &[String], offset: usize, paths: &mut Vec<UsedPath>) {
    let tree = tree.trim();
    let Some(open) = tree.find('{') else {
        let path = tree.split_whitespace().next().unwrap_or_default();
        return push(path, prefix, offset, paths);
    };
    let mut prefix = prefix.to_vec();
    prefix.extend(segments(&tree[..open]));
    let inner = tree[open + 1..].strip_suffix('}').unwrap_or(&tree[open + 1..]);
    let (mut depth, mut start) = (0_usize, 0);
    for (at, character) in inner.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                flatten(&inner[start..at], &prefix, offset, paths);
                start = at + 1;
            }
            _ => {}
        }
    }
    flatten(&inner[start..], &prefix, offset, paths);
}

fn push(path: &str, prefix: &[String], offset: usize, paths: &mut Vec<UsedPath>) {
    let own: Vec<String> = segments(path).collect();
    if !own.is_empty() {
        paths.push(UsedPath { offset, segments: [prefix, &own].concat() });
    }
}

fn segments(path: &str) -> impl Iterator<Item = String> {
    path.split(':').map(str::trim).filter(|segment| !segment.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: &str, expect: &[&str]) {
        let paths: Vec<_> = used_paths(code).into_iter().map(|path| path.segments.join("::")).collect();
        assert_eq!(paths, expect);
    }

    #[test]
    fn use_trees_are_flattened() {
        check(
            "use std::{fs, io::{self, Write as _}, net::*};",
            &["std::fs", "std::io::self", "std::io::Write", "std::net::*"],
        );
        check("pub use a::b;\nuse ::c;", &["pub", "a::b", "c"]);
    }

    #[test]
    fn paths_in_place_are_whole() {
        check("x(std::fs::read(y))", &["x", "std::fs::read", "y"]);
        check("Vec::<u8>::new()", &["Vec", "u8", "new"]);
    }

    #[test]
    fn names_asks_for_neighbours() {
        let path = &used_paths("std::time::Instant::now()")[0];
        assert!(path.names(&["Instant", "now"]) && path.names(&["std", "time"]));
        assert!(!path.names(&["std", "Instant"]) && !path.names(&["nowhere"]));
    }
}
