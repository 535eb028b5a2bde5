//! The files of the repository as the rules see them: names and text, read once.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process::capture;

/// Every file git tracks or would add, by its path relative to the repository.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// Text of each file; none if it is not UTF-8.
    files: BTreeMap<String, Option<String>>,
    /// Folders of this machine that must appear nowhere, such as the repository's own.
    machine_folders: Vec<String>,
}

impl Tree {
    /// Reads the repository at `root`.
    ///
    /// # Errors
    ///
    /// If git cannot list the files, or one cannot be read.
    pub(super) fn of_repository(root: &Path) -> Result<Self> {
        let mut git = Command::new("git");
        git.current_dir(root).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]);
        let names = capture(&mut git).context("list the files of the repository")?;
        let mut tree = Self { files: BTreeMap::new(), machine_folders: vec![format!("{}/", root.display())] };
        for name in names.split('\0').filter(|name| !name.is_empty()) {
            let file = root.join(name);
            // A file deleted but not yet committed is still listed.
            if !file.is_file() {
                continue;
            }
            let bytes = std::fs::read(&file).with_context(|| format!("read {name}"))?;
            tree.files.insert(name.to_owned(), String::from_utf8(bytes).ok());
        }
        Ok(tree)
    }

    /// A tree of the given files, for the samples that break rules.
    pub(super) fn sample(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|&(path, text)| (path.to_owned(), Some(text.to_owned()))).collect();
        Self { files, machine_folders: vec!["/srv/build/house/".to_owned()] }
    }

    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    pub(super) fn machine_folders(&self) -> &[String] {
        &self.machine_folders
    }

    /// Whether a file or a folder of this path exists.
    pub(super) fn has(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        self.files.contains_key(path)
            || self.files.range(folder.clone()..).next().is_some_and(|(name, _)| name.starts_with(&folder))
    }

    /// The text of a file, if it exists and is UTF-8.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.as_deref()
    }

    /// The paths of all files, sorted.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Path and text of the files under `folder` (empty: all) whose name ends in `suffix`.
    pub(super) fn under<'a>(&'a self, folder: &'a str, suffix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.files
            .iter()
            .filter(move |(path, _)| path.starts_with(folder) && path.ends_with(suffix))
            .filter_map(|(path, text)| Some((path.as_str(), text.as_deref()?)))
    }

    /// Path and text of every Rust file.
    pub(super) fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.under("", ".rs")
    }
}

/// The file name without folder and extension: `lowercase` of `a/lowercase.rs`.
pub(super) fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split_once('.').map_or(name, |(stem, _)| stem)
}

/// The line, from 1, of the byte at `offset`.
pub(super) fn line_at(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset].iter().filter(|&&byte| byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_exist_through_their_files() {
        let tree = Tree::sample(&[("docs/adr/001-x.md", "")]);
        assert!(tree.has("docs/adr") && tree.has("docs/adr/") && tree.has("docs/adr/001-x.md"));
        assert!(!tree.has("docs/ad") && !tree.has("doc"));
    }

    #[test]
    fn lines_count_from_one() {
        assert_eq!((line_at("a\nb", 0), line_at("a\nb", 2)), (1, 2));
    }

    #[test]
    fn an_uncommitted_file_is_seen_and_an_ignored_one_is_not() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let git = Command::new("git").current_dir(folder.path()).args(["init", "--quiet"]).status()?;
        assert!(git.success());
        std::fs::write(folder.path().join(".gitignore"), "/target\n")?;
        std::fs::write(folder.path().join("seen.rs"), "")?;
        std::fs::write(folder.path().join("target"), "")?;
        std::fs::write(folder.path().join("bytes.bin"), [0xff, 0xfe])?;
        let tree = Tree::of_repository(folder.path())?;
        assert_eq!(tree.paths().collect::<Vec<_>>(), [".gitignore", "bytes.bin", "seen.rs"]);
        assert_eq!(tree.text("bytes.bin"), None);
        Ok(())
    }
}
