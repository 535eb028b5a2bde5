//! Which transactions are audited, what of them is written, and where to: the settings of rules, ready for use.

use std::path::PathBuf;
use std::sync::Arc;

use fancy_regex::RegexBuilder;
use sekisho_waf::ir::phased::{AuditEngine, AuditFormat, AuditSettings, AuditStorage};
use sekisho_waf::transaction::Transaction;

/// Statuses have three digits.
const STATUSES: u16 = 1000;
/// Steps back that an expression may take on one status: three characters leave no use for more.
const STEPS_MAX: usize = 10_000;
/// ModSecurity's own default, for entries and for folders.
const FILE_MODE: u32 = 0o640;
const FOLDER_MODE: u32 = 0o750;

/// Which transactions are audited, what of them is written, and where to.
#[derive(Debug)]
pub struct Plan {
    relevant: Option<Box<[bool]>>,
    pub(super) format: AuditFormat,
    pub(super) destination: Arc<Destination>,
}

/// Where entries go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Destination {
    /// The file of entries, or of the index of entries.
    pub(super) log: Option<PathBuf>,
    /// The folder of entries, where each has a file of its own.
    pub(super) folder: Option<PathBuf>,
    pub(super) file_mode: u32,
    pub(super) folder_mode: u32,
}

/// Why settings of an audit log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The expression on the status cannot be used.
    #[error("SecAuditLogRelevantStatus is no expression: {0}")]
    Status(#[from] Box<fancy_regex::Error>),
    /// There is nowhere to write to.
    #[error("SecAuditLogType Concurrent needs SecAuditLogStorageDir")]
    NoFolder,
    /// There is nowhere to write to.
    #[error("SecAuditEngine is on, and there is no SecAuditLog to write to")]
    NoLog,
}

impl Plan {
    /// The plan of these settings; none if nothing is ever audited, as far as they say.
    ///
    /// # Errors
    ///
    /// If a setting is missing or cannot be used.
    pub fn new(settings: &AuditSettings) -> Result<Option<Self>, PlanError> {
        let relevant = settings.relevant_status.as_deref().map(relevant_statuses).transpose()?;
        let concurrent = settings.storage == AuditStorage::Concurrent;
        match (&settings.log, &settings.storage_dir) {
            _ if settings.engine == AuditEngine::Off && settings.log.is_none() => return Ok(None),
            (_, None) if concurrent && settings.engine == AuditEngine::Off => return Ok(None),
            (_, None) if concurrent => return Err(PlanError::NoFolder),
            (None, _) if !concurrent => return Err(PlanError::NoLog),
            _ => {}
        }
        let destination = Destination {
            log: settings.log.as_ref().map(PathBuf::from),
            folder: settings.storage_dir.as_ref().filter(|_| concurrent).map(PathBuf::from),
            file_mode: settings.file_mode.unwrap_or(FILE_MODE),
            folder_mode: settings.dir_mode.unwrap_or(FOLDER_MODE),
        };
        Ok(Some(Self { relevant, format: settings.format, destination: Arc::new(destination) }))
    }

    /// Whether a transaction is audited that ended with this status.
    pub(super) fn wants(&self, transaction: &Transaction, status: u16) -> bool {
        let is_relevant =
            || self.relevant.as_ref().is_some_and(|relevant| relevant.get(usize::from(status)) == Some(&true));
        match transaction.audit_engine() {
            AuditEngine::On => true,
            AuditEngine::Off => false,
            AuditEngine::RelevantOnly => is_relevant() || transaction.matches().any(|matched| matched.audit_log),
        }
    }
}

/// Which statuses an expression matches, by number. Expressions look around here (`4(?!04)`), which those on requests cannot:
/// there are only so many statuses, and each is tried once, when rules are loaded.
///
/// # Errors
///
/// If it is none, or takes too many steps.
pub fn relevant_statuses(expression: &str) -> Result<Box<[bool]>, Box<fancy_regex::Error>> {
    let regex = RegexBuilder::new(expression).backtrack_limit(STEPS_MAX).build()?;
    (0..STATUSES).map(|status| Ok(regex.is_match(&format!("{status:03}"))?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_told_apart_as_the_recommended_expression_says() {
        let relevant = relevant_statuses("^(?:5|4(?!04))").unwrap();
        let of = |status: usize| relevant[status];
        assert!(of(500) && of(403) && of(400) && !of(404) && !of(200) && !of(302));
        assert!(relevant_statuses("^(?:5|4(?!04)").is_err());
    }

    #[test]
    fn what_has_nowhere_to_go_is_refused() {
        let on = AuditSettings { engine: AuditEngine::On, ..AuditSettings::default() };
        assert!(matches!(Plan::new(&on), Err(PlanError::NoLog)));
        let concurrent = AuditSettings { storage: AuditStorage::Concurrent, log: Some("/x".to_owned()), ..on.clone() };
        assert!(matches!(Plan::new(&concurrent), Err(PlanError::NoFolder)));
        let serial = AuditSettings { log: Some("/x".to_owned()), ..on };
        assert!(Plan::new(&serial).unwrap().is_some());
        assert!(Plan::new(&AuditSettings::default()).unwrap().is_none());
    }
}
