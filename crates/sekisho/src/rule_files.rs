//! Rule files of ModSecurity on disk.

use std::fs;
use std::path::Path;

use sekisho_model::{Diagnostic, Diagnostics};
use sekisho_waf_lang::seclang::{FILE_BYTES_MAX, RuleFiles, is_pattern, matches};

/// How many files one pattern may name. More are no rules.
const EXPANDED_MAX: usize = 10_000;

/// Reads rule files, and files they refer to, by their paths.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Disk;

/// Says what is wrong with a path that is to be the folder of the Core Rule Set, if it is none at all.
///
/// # Errors
///
/// If there is no such folder.
pub(crate) fn check_folder(folder: &Path) -> Result<(), Diagnostics> {
    let shown = folder.display();
    let message = match fs::metadata(folder) {
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(_) => format!("`{shown}` is a file; the Core Rule Set is a folder"),
        Err(error) => format!("cannot read the folder `{shown}`: {error}"),
    };
    let found = Diagnostic::error("no-folder", message);
    Err(found.help("name the folder that the Core Rule Set was unpacked to").into())
}

impl RuleFiles for Disk {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let size = fs::metadata(path).map_err(|error| error.to_string())?.len();
        if usize::try_from(size).map_or(true, |size| size > FILE_BYTES_MAX) {
            return Err(format!("it has {size} bytes, more than {FILE_BYTES_MAX}"));
        }
        fs::read(path).map_err(|error| error.to_string())
    }

    fn expand(&self, pattern: &str) -> Result<Vec<String>, String> {
        let mut found = vec![if pattern.starts_with('/') { "/".to_owned() } else { String::new() }];
        for piece in pattern.split('/').filter(|piece| !piece.is_empty()) {
            let mut next = Vec::new();
            for folder in found {
                next.extend(if is_pattern(piece) { children(&folder, piece)? } else { vec![joined(&folder, piece)] });
                if next.len() > EXPANDED_MAX {
                    return Err(format!("it names more than {EXPANDED_MAX} files"));
                }
            }
            found = next;
        }
        found.retain(|path| Path::new(path).exists());
        found.sort();
        Ok(found)
    }
}

/// What in a folder has a name that matches; nothing if there is no such folder.
fn children(folder: &str, pattern: &str) -> Result<Vec<String>, String> {
    let listing = match fs::read_dir(if folder.is_empty() { "." } else { folder }) {
        Ok(listing) => listing,
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error.to_string()),
    };
    let mut found = Vec::new();
    for entry in listing {
        let name = entry.map_err(|error| error.to_string())?.file_name();
        // As a shell has it: a name that begins with a dot is named by a pattern that does.
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.') || pattern.starts_with('.')) else {
            continue;
        };
        if matches(pattern, name) {
            found.push(joined(folder, name));
        }
    }
    Ok(found)
}

fn joined(folder: &str, name: &str) -> String {
    if folder.is_empty() || folder.ends_with('/') { format!("{folder}{name}") } else { format!("{folder}/{name}") }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use sekisho_waf_lang::seclang::RuleFiles;

    use super::Disk;

    #[test]
    fn expands_patterns_in_any_part_of_a_path_in_the_order_of_names() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b/1.conf", "a/2.conf", "a/1.conf", "a/1.data", "a/.hidden.conf"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        let root = folder.path().to_str().unwrap();
        let expand = |pattern: &str| {
            let found = Disk.expand(&format!("{root}/{pattern}")).unwrap();
            found.iter().map(|path| path[root.len() + 1..].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(expand("*/*.conf"), ["a/1.conf", "a/2.conf", "b/1.conf"]);
        assert_eq!(expand("a/1.*"), ["a/1.conf", "a/1.data"]);
        assert_eq!(expand("*/2.conf"), ["a/2.conf"]);
        assert!(expand("c/*.conf").is_empty());
        assert_eq!(Disk.read(&format!("{root}/a/1.conf")).unwrap(), b"a/1.conf");
        assert!(Disk.read(&format!("{root}/a/3.conf")).is_err());
    }
}
