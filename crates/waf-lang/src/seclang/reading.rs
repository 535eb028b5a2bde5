//! What reading rules needs at hand: the files, the problems found so far, what is spent.

use sekisho_model::SourceFile;

use super::files::RuleFiles;
use super::word::Part;
use crate::report::{Report, quoted};

/// A file that rules stand in or refer to that is larger (bytes) is refused: none is that large, so it is a mistake.
pub const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How many times files are read for one load, so that rules which read each other come to an end.
pub const FILES_MAX: usize = 10_000;

/// What all files of one load may come to, in bytes.
pub const TOTAL_BYTES_MAX: usize = 256 * 1024 * 1024;

pub(super) struct Reading<'a> {
    pub(super) files: &'a dyn RuleFiles,
    pub(super) report: Report,
    /// The folder of the rule file that is read, with a slash at its end; empty if there is none.
    pub(super) folder: String,
    /// Whether expressions may run that no linear engine can match.
    pub(super) backtracks: bool,
    /// What prefixes stand for in the rule that is read.
    pub(super) namespaces: Vec<(String, String)>,
    read_files: usize,
    read_bytes: usize,
}

impl<'a> Reading<'a> {
    pub(super) fn new(files: &'a dyn RuleFiles, backtracks: bool) -> Self {
        let (report, folder, namespaces) = (Report::new(), String::new(), Vec::new());
        Self { files, report, folder, backtracks, namespaces, read_files: 0, read_bytes: 0 }
    }

    /// A path as a rule file gives it, from where entry files are named.
    pub(super) fn resolve(&self, path: &str) -> String {
        let is_absolute = path.starts_with('/') || path.starts_with('\\') || path.as_bytes().get(1) == Some(&b':');
        if is_absolute { path.to_owned() } else { format!("{}{}", self.folder, path.trim_start_matches("./")) }
    }

    /// Reads a file that a word of a rule names.
    pub(super) fn bytes(&mut self, path: &str, named: Part<'_>) -> Option<Vec<u8>> {
        match self.within_limits(path) {
            Ok(bytes) => Some(bytes),
            Err(why) => {
                let message = format!("cannot read {}: {why}", quoted(path));
                let help = "relative paths begin in the folder of the rule file";
                self.report.push(named.error("unreadable-file", message).help(help));
                None
            }
        }
    }

    /// Reads the files that a list of words names: each word, its path and what it holds. None if one cannot be read.
    pub(super) fn each_file<'p>(&mut self, names: Part<'p>) -> Option<Vec<(Part<'p>, String, Vec<u8>)>> {
        let mut found = Vec::new();
        let mut sound = true;
        for name in names.split_white_space() {
            let path = self.resolve(name.text());
            match self.bytes(&path, name) {
                Some(bytes) => found.push((name, path, bytes)),
                None => sound = false,
            }
        }
        sound.then_some(found)
    }

    /// Reads a file.
    pub(super) fn within_limits(&mut self, path: &str) -> Result<Vec<u8>, String> {
        self.read_files += 1;
        if self.read_files > FILES_MAX {
            return Err(format!("these rules read more than {FILES_MAX} files"));
        }
        let bytes = self.files.read(path)?;
        self.read_bytes = self.read_bytes.saturating_add(bytes.len());
        if bytes.len() > FILE_BYTES_MAX {
            return Err(format!("it has {} bytes, more than {FILE_BYTES_MAX}", bytes.len()));
        }
        if self.read_bytes > TOTAL_BYTES_MAX {
            return Err(format!("these rules read more than {TOTAL_BYTES_MAX} bytes"));
        }
        Ok(bytes)
    }

    /// The text of a rule file. Comments may be in any encoding.
    pub(super) fn source(&mut self, path: &str, bytes: Vec<u8>) -> SourceFile {
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => self.with_foreign_comments(path, error.as_bytes()),
        };
        SourceFile::new(path, text)
    }

    fn with_foreign_comments(&mut self, path: &str, bytes: &[u8]) -> String {
        let mut text = String::with_capacity(bytes.len());
        let mut bad = Vec::new();
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            let is_comment = line.trim_ascii_start().starts_with(b"#");
            if !is_comment && let Err(error) = std::str::from_utf8(line) {
                bad.push(text.len() + error.valid_up_to());
            }
            text.push_str(&String::from_utf8_lossy(line));
        }
        let file = SourceFile::new(path, text.clone());
        for at in bad {
            let message = "the rule is not UTF-8 text";
            let problem = sekisho_model::Diagnostic::error("not-utf-8", message).at(&file, at..at + 3);
            self.report.push(problem.help("save the file as UTF-8; bytes in expressions are written as `\\xHH`"));
        }
        text
    }
}
