//! sqlmap against one URL: level 2, risk 1, trying to dump the table `customers`.
//!
//! Never contacts anything but the target: checked with `strace` on Debian's 1.7.2.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use sekisho_shop::CUSTOMERS;

use crate::environment::find_program;
use crate::program::{Finished, Program};

/// A run that takes longer is killed and counts as a failed test.
const RUN_MS_MAX: u64 = 120_000;

/// A run to be made.
#[derive(Debug)]
pub struct Sqlmap {
    program: Program,
}

/// What a run found.
#[derive(Debug)]
pub struct SqlmapReport {
    /// How the program ended.
    pub finished: Finished,
    /// The dumped tables, as one text; empty when nothing was dumped.
    pub dumped: String,
}

impl Sqlmap {
    /// A run against `url`, whose arguments are all tried; `None` where sqlmap is missing (see [`find_program`]).
    ///
    /// # Errors
    ///
    /// When no temporary folder can be made.
    pub fn new(url: &str) -> anyhow::Result<Option<Self>> {
        let Some(path) = find_program("sqlmap") else { return Ok(None) };
        let program = Program::new(path)?;
        let output = program.folder().join("sqlmap");
        let program = program
            .args(["--batch", "--disable-coloring", "--ignore-proxy", "--flush-session"])
            .args(["--level", "2", "--risk", "1", "--threads", "4"])
            // The shop's answer to a wrong password.
            .args(["--ignore-code", "401"])
            .args(["--dump", "-T", "customers", "-u", url, "--output-dir"])
            .arg(output);
        Ok(Some(Self { program }))
    }

    /// Claims to be that browser instead of sqlmap.
    #[must_use]
    pub fn as_browser(self, user_agent: &str) -> Self {
        Self { program: self.program.args(["--user-agent", user_agent]) }
    }

    /// Sends that form by POST instead of a GET.
    #[must_use]
    pub fn form(self, body: &str) -> Self {
        Self { program: self.program.args(["--data", body]) }
    }

    /// Runs it.
    ///
    /// # Errors
    ///
    /// When it cannot be run, or runs over its time.
    pub fn run(self) -> anyhow::Result<SqlmapReport> {
        let finished = self.program.run(RUN_MS_MAX)?;
        anyhow::ensure!(finished.status.is_some(), "sqlmap ran over {RUN_MS_MAX} ms:\n{}", finished.output);
        let mut dumped = String::new();
        for file in dump_files(&finished.folder.path().join("sqlmap"))? {
            dumped.push_str(&fs::read_to_string(&file).with_context(|| format!("failed to read {}", file.display()))?);
        }
        Ok(SqlmapReport { finished, dumped })
    }
}

impl SqlmapReport {
    /// Whether sqlmap says it found a way in.
    #[must_use]
    pub fn found_injection(&self) -> bool {
        let output = &self.finished.output;
        output.contains("sqlmap identified the following injection point") || output.contains("is vulnerable")
    }

    /// Whether sqlmap reached the target, tried everything and gave up.
    #[must_use]
    pub fn gave_up(&self) -> bool {
        self.finished.output.contains("all tested parameters do not appear to be injectable")
    }

    /// Whether the target answered 403 at least once.
    #[must_use]
    pub fn was_forbidden(&self) -> bool {
        self.finished.output.contains("403 (Forbidden)")
    }

    /// The secrets of [`CUSTOMERS`] that appear in the dump or anywhere in the output.
    #[must_use]
    pub fn secrets(&self) -> Vec<&'static str> {
        let secrets = CUSTOMERS.iter().flat_map(|customer| [customer.password, customer.card_token]);
        secrets.filter(|secret| self.dumped.contains(secret) || self.finished.output.contains(secret)).collect()
    }
}

/// Every file below a folder named `dump`, at any depth.
fn dump_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("failed to read {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.components().any(|part| part.as_os_str() == "dump") {
                files.push(path);
            }
        }
    }
    Ok(files)
}
