//! Nothing in the repository points at the machine it was made on, or at a package registry.

use super::finding::Finding;
use super::tree::Tree;

/// Folders that only one machine has. The needles are cut in two so that this file does not hold them.
const MACHINE_FOLDERS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/Us", "ers/"),
    concat!(".cargo/", "registry/"),
    concat!(".rustup/", "toolchains/"),
];

/// Hosts that packages come from: which one is a setting of the machine, not of the project.
const REGISTRY_HOSTS: &[&str] = &[
    concat!("static.", "crates.io"),
    concat!("index.", "crates.io"),
    concat!("registry.", "npmjs.org"),
    concat!("files.", "pythonhosted.org"),
    concat!("pypi", ".org"),
    concat!("proxy.", "golang.org"),
    concat!("deb.", "debian.org"),
    concat!("archive.", "ubuntu.com"),
    concat!("jfrog", ".io"),
    concat!("arti", "factory"),
];

/// The one source a lock file may name: Cargo's own name for its default registry, whatever mirror stands behind it.
const LOCK_SOURCE: &str = concat!("registry+https://github.com/rust-lang/", "crates.io-index");

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.under("", "") {
        for (index, line) in text.lines().enumerate() {
            let folders = MACHINE_FOLDERS.iter().copied().chain(tree.machine_folders().iter().map(String::as_str));
            for folder in folders.filter(|folder| stands_alone(line, folder)) {
                let message = format!("`{folder}` exists on one machine only");
                findings.push(Finding::new(path, index + 1, message, "write the path relative to the repository"));
            }
            for host in REGISTRY_HOSTS.iter().filter(|host| line.contains(**host)) {
                let help = "packages come from wherever the machine is set up to get them";
                findings.push(Finding::new(path, index + 1, format!("names the registry `{host}`"), help));
            }
        }
    }
    findings
}

/// Whether the absolute `folder` begins in the line, rather than stand inside a longer relative path.
fn stands_alone(line: &str, folder: &str) -> bool {
    let inside = |character: char| character.is_alphanumeric() || matches!(character, '.' | '_' | '-' | '}');
    line.match_indices(folder).any(|(at, _)| !folder.starts_with('/') || !line[..at].ends_with(inside))
}

pub(super) fn broken() -> Tree {
    let folder = format!("see {}x and /srv/build/house/y\n", MACHINE_FOLDERS[0]);
    Tree::sample(&[("a.md", &folder), ("b.toml", &format!("# fine\nurl = \"https://{}\"\n", REGISTRY_HOSTS[0]))])
}

pub(super) fn check_locks(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.under("", "Cargo.lock") {
        for (index, line) in text.lines().enumerate() {
            let source = line.strip_prefix("source = ").map(|source| source.trim_matches('"'));
            if let Some(source) = source.filter(|source| *source != LOCK_SOURCE) {
                let help = "crates come from the default registry, so that everyone can build and audit them";
                findings.push(Finding::new(path, index + 1, format!("a crate from `{source}`"), help));
            }
        }
    }
    const WORKSPACES: [&str; 3] = ["Cargo.toml", "fuzz/Cargo.toml", "peers/Cargo.toml"];
    for manifest in tree.paths().filter(|path| WORKSPACES.contains(path)) {
        let lock = manifest.replace(".toml", ".lock");
        if !tree.has(&lock) {
            findings.push(Finding::new(lock, 1, "missing", "commit it: builds use --locked"));
        }
    }
    findings
}

pub(super) fn broken_locks() -> Tree {
    let lock = format!("source = \"{LOCK_SOURCE}\"\nsource = \"git+https://example.com/x#1\"\n");
    Tree::sample(&[("Cargo.toml", ""), ("Cargo.lock", &lock), ("fuzz/Cargo.toml", "")])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_folders_and_registries_are_found_in_their_line() {
        let found: Vec<_> = check(&broken()).into_iter().map(|finding| (finding.path, finding.line)).collect();
        assert_eq!(found, [("a.md".to_owned(), 1), ("a.md".to_owned(), 1), ("b.toml".to_owned(), 2)]);
    }

    #[test]
    fn a_relative_path_with_such_a_part_passes() {
        let line = format!("docs{}a and {{root}}{}b\n", MACHINE_FOLDERS[0], MACHINE_FOLDERS[0]);
        assert_eq!(check(&Tree::sample(&[("a.md", &line)])), []);
    }

    #[test]
    fn a_foreign_source_and_a_missing_lock_are_found() {
        let found: Vec<_> =
            check_locks(&broken_locks()).into_iter().map(|finding| (finding.path, finding.line)).collect();
        assert_eq!(found, [("Cargo.lock".to_owned(), 2), ("fuzz/Cargo.lock".to_owned(), 1)]);
    }
}
