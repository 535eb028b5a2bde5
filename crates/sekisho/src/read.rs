//! Reads files, turning what goes wrong into diagnostics.

use std::fs;
use std::path::{Path, PathBuf};

use sekisho_model::{Diagnostic, Diagnostics, SourceFile};

/// A file of rules or configuration larger than this (bytes) is refused: none is that large, so it is a mistake.
const TEXT_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Reads a text file.
pub(crate) fn text(path: &Path) -> Result<SourceFile, Diagnostics> {
    let name = path.display().to_string();
    let failed = |why: String| Diagnostic::error("unreadable-file", format!("cannot read {name}: {why}"));
    let size = fs::metadata(path).map_err(|error| Diagnostics::from(failed(error.to_string())))?.len();
    if size > TEXT_BYTES_MAX {
        return Err(failed(format!("it has {size} bytes, more than {TEXT_BYTES_MAX}")).into());
    }
    let bytes = fs::read(path).map_err(|error| Diagnostics::from(failed(error.to_string())))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(SourceFile::new(name, text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let valid = String::from_utf8_lossy(&error.as_bytes()[..at]).into_owned();
            let source = SourceFile::new(name, valid);
            let diagnostic = Diagnostic::error("not-utf-8", "the file is not UTF-8 text").at(&source, at..at);
            Err(diagnostic.help("save it as UTF-8").into())
        }
    }
}

/// The names that files of sets and rule groups end in, whatever their form.
const RESOURCE_EXTENSIONS: [&str; 5] = ["json", "tf", "yaml", "yml", "template"];

/// Reads all files directly in a folder that may hold sets and rule groups, in the order of their names.
pub(crate) fn resource_folder(path: &Path) -> Result<Vec<SourceFile>, Diagnostics> {
    let failed = |error: std::io::Error| {
        Diagnostic::error("unreadable-folder", format!("cannot read {}: {error}", path.display()))
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(path).map_err(|error| Diagnostics::from(failed(error)))? {
        let name: PathBuf = entry.map_err(|error| Diagnostics::from(failed(error)))?.path();
        if name.extension().is_some_and(|found| RESOURCE_EXTENSIONS.iter().any(|known| found == *known)) {
            names.push(name);
        }
    }
    names.sort();
    let mut diagnostics = Diagnostics::new();
    let mut files = Vec::new();
    for name in names {
        match text(&name) {
            Ok(file) => files.push(file),
            Err(errors) => diagnostics.extend(errors),
        }
    }
    if diagnostics.is_empty() { Ok(files) } else { Err(diagnostics) }
}
