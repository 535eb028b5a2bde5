//! Loading rule files with everything they include and refer to.

use std::num::NonZeroU32;

use sekisho_model::{Diagnostics, SourceFile};
use sekisho_waf::ir::phased::{EngineMode, PhasedPolicy};

use super::files::RuleFiles;
use super::read::Book;
use super::reading::Reading;
use super::{amend, lower, sanitise};

/// Where loading begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A rule file, by its path.
    File(String),
    /// Rules that stand in no file, under the name that diagnostics give them.
    Text(SourceFile),
}

impl Entry {
    /// A rule file, by its path.
    pub fn file(path: impl Into<String>) -> Self {
        Self::File(path.into())
    }

    /// Rules that stand in no file.
    pub fn text(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self::Text(SourceFile::new(name, text))
    }
}

/// What the one who loads rules decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// Instead of what `SecRuleEngine` says.
    pub engine: Option<EngineMode>,
    /// How many steps back an expression may take for a value that no linear engine can match; without this, such expressions
    /// are refused.
    pub backtracking: Option<NonZeroU32>,
}

/// What came of loading.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The policy, unless there are errors.
    pub policy: Option<PhasedPolicy>,
    /// All problems found.
    pub diagnostics: Diagnostics,
    /// The names of all rule files, in the order they were read.
    pub files: Vec<String>,
}

/// Loads rule files in their order, as if one included them all.
///
/// # Errors
///
/// All problems are in [`Loaded::diagnostics`]; with an error among them there is no policy.
///
/// # Limits
///
/// [`super::FILE_BYTES_MAX`] a file, [`super::TOTAL_BYTES_MAX`] and [`super::FILES_MAX`] for all of them,
/// [`super::INCLUDE_DEPTH_MAX`] levels of includes, [`super::RULES_MAX`] rules, [`super::AMENDMENTS_MAX`] updates and removals.
#[must_use]
pub fn load(entries: &[Entry], files: &dyn RuleFiles, options: &LoadOptions) -> Loaded {
    let mut reading = Reading::new(files, options.backtracking.is_some());
    let mut book = Book::default();
    for entry in entries {
        match entry {
            Entry::File(path) => book.entry(path, &mut reading),
            Entry::Text(file) => book.file(file, &mut Vec::new(), &mut reading),
        }
    }
    let Book { mut drafts, amendments, defaults, settings, files, .. } = book;
    let mut settings = settings.finish(&mut reading);
    if let Some(engine) = options.engine {
        settings.engine = engine;
    }
    settings.backtracking_steps_max = options.backtracking;
    let mut report = reading.report;
    amend::apply(amendments, &mut drafts, &mut report);
    amend::tell_unhonoured(&mut drafts, &mut report);
    settings.sanitised = sanitise::parts(&drafts, &defaults, &mut report);
    let items = lower::items(drafts, &defaults, &mut report);
    let policy = (!report.has_errors()).then_some(PhasedPolicy { items, settings });
    Loaded { policy, diagnostics: report.into_diagnostics(), files }
}
