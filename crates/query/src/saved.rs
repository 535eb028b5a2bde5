//! Saved queries: a file a query, `queries/<name>.sql`.

use std::fs;
use std::io;
use std::path::PathBuf;

use crate::error::QueryError;
use crate::history::replace;

/// Longest name, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// The saved queries of a lake.
#[derive(Debug)]
pub struct Saved {
    folder: PathBuf,
}

impl Saved {
    /// In the folder `queries` of a lake.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Keeps a query under a name; an older one of that name goes.
    ///
    /// # Errors
    ///
    /// The name is none, or the file cannot be written.
    pub fn save(&self, name: &str, sql: &str) -> Result<(), QueryError> {
        let path = self.path(name)?;
        let written = fs::create_dir_all(&self.folder).and_then(|()| replace(&path, sql.as_bytes()));
        written.map_err(QueryError::write(path.display().to_string()))
    }

    /// The query of a name.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn load(&self, name: &str) -> Result<String, QueryError> {
        let path = self.path(name)?;
        fs::read_to_string(path).map_err(|error| self.missing(name, &error))
    }

    /// Forgets a query.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn remove(&self, name: &str) -> Result<(), QueryError> {
        fs::remove_file(self.path(name)?).map_err(|error| self.missing(name, &error))
    }

    /// All names, sorted.
    ///
    /// # Errors
    ///
    /// If the folder is there and cannot be read.
    pub fn names(&self) -> Result<Vec<String>, QueryError> {
        let unread = || QueryError::write(self.folder.display().to_string());
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(unread())?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let file = entry.map_err(unread())?.file_name();
            let name = file.to_str().and_then(|file| file.strip_suffix(".sql"));
            names.extend(name.filter(|name| is_name(name)).map(str::to_owned));
        }
        names.sort();
        Ok(names)
    }

    fn path(&self, name: &str) -> Result<PathBuf, QueryError> {
        if is_name(name) {
            return Ok(self.folder.join(format!("{name}.sql")));
        }
        Err(QueryError::Saved(format!(
            "{name:?} is no name for a query: up to {NAME_BYTES_MAX} letters a to z, digits, - and _"
        )))
    }

    fn missing(&self, name: &str, error: &io::Error) -> QueryError {
        if error.kind() != io::ErrorKind::NotFound {
            return QueryError::Saved(format!("the saved query {name} cannot be read: {error}"));
        }
        let known = self.names().unwrap_or_default();
        let known =
            if known.is_empty() { "none is saved".to_owned() } else { format!("saved are {}", known.join(", ")) };
        QueryError::Saved(format!("no query is saved as {name}: {known}"))
    }
}

fn is_name(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_saved_by_name_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let saved = Saved::new(folder.path().join("queries"));
        assert!(saved.names().unwrap().is_empty());
        saved.save("blocked-today", "SELECT 1").unwrap();
        saved.save("blocked-today", "SELECT 2").unwrap();
        assert_eq!(
            (saved.load("blocked-today").unwrap(), saved.names().unwrap()),
            ("SELECT 2".to_owned(), vec!["blocked-today".to_owned()])
        );
        for wrong in ["", "../x", "A", "a/b", "a.b", &"a".repeat(65)] {
            assert!(saved.save(wrong, "SELECT 1").is_err(), "{wrong}");
        }
        let error = saved.load("other").unwrap_err().to_string();
        assert!(error.contains("saved are blocked-today"), "{error}");
        saved.remove("blocked-today").unwrap();
        assert!(saved.load("blocked-today").is_err());
    }
}
