//! Where rule files come from: the room with I/O reads them.

/// Reads the files that rules stand in and refer to.
///
/// Paths are those of the entry files, and relative ones that rule files give, joined to the folder of the rule file.
pub trait RuleFiles {
    /// The bytes of one file.
    ///
    /// # Errors
    ///
    /// Why it cannot be read, as a fragment that reads after `cannot read FILE:`.
    fn read(&self, path: &str) -> Result<Vec<u8>, String>;

    /// The files whose paths match a pattern with `*`, `?` and `[…]`, in the order of their names; none if nothing
    /// matches.
    ///
    /// # Errors
    ///
    /// Why the pattern cannot be used, as a fragment.
    fn expand(&self, pattern: &str) -> Result<Vec<String>, String>;
}

/// A place that files are read from which holds none: for rules that stand alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFiles;

impl RuleFiles for NoFiles {
    fn read(&self, _path: &str) -> Result<Vec<u8>, String> {
        Err("rules here may not refer to files".to_owned())
    }

    fn expand(&self, _pattern: &str) -> Result<Vec<String>, String> {
        Err("rules here may not refer to files".to_owned())
    }
}

/// Files in memory, by path: for tests and for rules that are kept elsewhere than in a folder.
impl RuleFiles for std::collections::BTreeMap<String, Vec<u8>> {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.get(path).cloned().ok_or_else(|| "there is no such file".to_owned())
    }

    fn expand(&self, pattern: &str) -> Result<Vec<String>, String> {
        Ok(self.keys().filter(|path| super::glob::matches(pattern, path)).cloned().collect())
    }
}
