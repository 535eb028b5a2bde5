//! Which files of a folder are tests.

use std::fs;
use std::path::{Path, PathBuf};

use sekisho_model::{Diagnostic, Diagnostics};

/// Folders within folders beyond this many levels are refused: it guards against links in a circle.
const DEPTH_MAX: usize = 16;

/// The files named, and all files of the folders named that end in `.yaml` or `.yml`, in the order of their names.
pub(super) fn test_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Diagnostics> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() { collect(path, 0, &mut files)? } else { files.push(path.clone()) }
    }
    Ok(files)
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Diagnostics> {
    let failed = |why: String| {
        Diagnostics::from(Diagnostic::error("unreadable-folder", format!("cannot read {}: {why}", folder.display())))
    };
    if depth == DEPTH_MAX {
        return Err(failed(format!("it lies more than {DEPTH_MAX} folders deep")));
    }
    let entries = fs::read_dir(folder).map_err(|error| failed(error.to_string()))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    let mut paths = paths.map_err(|error| failed(error.to_string()))?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, depth + 1, files)?;
        } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            files.push(path);
        }
    }
    Ok(())
}
