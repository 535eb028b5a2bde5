//! The files under `content/waf`, as they were at build time.

use include_dir::{Dir, File, include_dir};
use sekisho_model::SourceFile;

/// Everything below `content/waf`.
pub(crate) static WAF: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/waf");

/// A file by its path below `content/waf`.
pub(crate) fn file(path: &str) -> SourceFile {
    source(WAF.get_file(path).expect("the path names a file that is embedded"))
}

/// The files right in a folder, by name.
pub(crate) fn files_in(folder: &str) -> Vec<SourceFile> {
    let folder = WAF.get_dir(folder).expect("the path names a folder that is embedded");
    let mut files: Vec<_> = folder.files().map(source).collect();
    files.sort_by(|left, right| left.name().cmp(right.name()));
    files
}

fn source(file: &File<'_>) -> SourceFile {
    let text = file.contents_utf8().expect("rule files are UTF-8: a test reads them all");
    SourceFile::new(format!("content/waf/{}", file.path().display()), text)
}
