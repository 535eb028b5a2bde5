//! Rule files of ModSecurity → compiled rules in phases.

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sekisho_edge::audit::Plan;
use sekisho_model::{Diagnostic, Diagnostics, Timestamp};
use sekisho_waf::ir::phased::{AuditEngine, EngineMode, Item, PhasedPolicy};
use sekisho_waf::transaction::{PhasedContext, PhasedRules, Transaction};
use sekisho_waf::{Body, Client, Header, Limits, Request};
use sekisho_waf_lang::seclang::{self, Entry, LoadOptions, RuleFiles, crs};

use crate::config::SecLangConfig;
use crate::rule_files::{Disk, check_folder};

/// How tags of the Core Rule Set name the paranoia level of a rule.
const LEVEL_TAG: &str = "paranoia-level/";

/// Rules in phases ready for use.
#[derive(Debug)]
pub(crate) struct LoadedSecLang {
    pub(crate) rules: Arc<PhasedRules>,
    /// What is doubtful in them.
    pub(crate) warnings: Diagnostics,
    /// The rule files, in the order they were read.
    pub(crate) files: Vec<String>,
}

/// Files and folders that were looked at, to be watched.
pub(crate) type Looked = Vec<PathBuf>;

/// Rules in phases as they were read.
#[derive(Debug)]
pub(crate) struct ReadSecLang {
    pub(crate) policy: Arc<PhasedPolicy>,
    /// What is doubtful in them.
    pub(crate) warnings: Diagnostics,
    /// The rule files, in the order they were read.
    pub(crate) files: Vec<String>,
}

/// Loads and compiles the rule files that a configuration names; none if it names none. What was looked at goes to `looked`,
/// also when loading fails.
///
/// # Errors
///
/// Everything that makes them unusable, at once.
pub(crate) fn load(config: &SecLangConfig, looked: &mut Looked) -> Result<Option<LoadedSecLang>, Diagnostics> {
    read(config, looked)?.map(compile).transpose()
}

/// As [`load`], without compiling them.
///
/// # Errors
///
/// As [`load`].
pub(crate) fn read(config: &SecLangConfig, looked: &mut Looked) -> Result<Option<ReadSecLang>, Diagnostics> {
    if config.is_empty() {
        return Ok(None);
    }
    let files = Followed::default();
    let loaded = entries(config, &files).map(|entries| {
        let options = LoadOptions { engine: config.engine(), backtracking: config.backtracking };
        seclang::load(&entries, &files, &options)
    });
    looked.append(&mut files.looked.into_inner());
    let loaded = loaded?;
    let mut problems = loaded.diagnostics;
    let Some(policy) = loaded.policy.filter(|_| !problems.has_errors()) else { return Err(problems) };
    if let Err(error) = Plan::new(&policy.settings.audit) {
        problems.push(Diagnostic::error("audit-log", error.to_string()));
        return Err(problems);
    }
    Ok(Some(ReadSecLang { policy: Arc::new(policy), warnings: problems, files: loaded.files }))
}

/// Compiles what was read.
///
/// # Errors
///
/// What is wrong with an operator, and what was doubtful before.
pub(crate) fn compile(read: ReadSecLang) -> Result<LoadedSecLang, Diagnostics> {
    let ReadSecLang { policy, warnings: mut problems, files } = read;
    match PhasedRules::compile(Arc::unwrap_or_clone(policy), Limits::default()) {
        Ok(rules) => Ok(LoadedSecLang { rules: Arc::new(rules), warnings: problems, files }),
        Err(error) => {
            problems.push(Diagnostic::error("compile", format!("the rules do not compile: {}", chain(&error))));
            Err(problems)
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}

/// Where loading begins. With the Core Rule Set, files of the user's own follow its setup and come before its rules.
fn entries(config: &SecLangConfig, files: &Followed) -> Result<Vec<Entry>, Diagnostics> {
    let own = config.files.iter().map(|path| Entry::file(path.display().to_string()));
    let Some(folder) = &config.crs else { return Ok(own.collect()) };
    files.looked.borrow_mut().push(folder.clone());
    check_folder(folder)?;
    let options = crs::CrsOptions {
        paranoia: config.paranoia,
        inbound_threshold: config.inbound_threshold,
        outbound_threshold: config.outbound_threshold,
        after_setup: own.collect(),
    };
    crs::entries(&folder.display().to_string(), files, &options)
}

/// Files on disk, and which of them were asked for.
#[derive(Debug, Default)]
struct Followed {
    disk: Disk,
    looked: RefCell<Looked>,
}

impl RuleFiles for Followed {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.looked.borrow_mut().push(path.into());
        self.disk.read(path)
    }

    fn expand(&self, pattern: &str) -> Result<Vec<String>, String> {
        // A file that comes into a folder is a change like any other.
        self.looked.borrow_mut().extend(Path::new(pattern).parent().map(Path::to_owned));
        self.disk.expand(pattern)
    }
}

/// What rules in phases say of themselves when they begin to work.
pub(crate) fn summary(rules: &Arc<PhasedRules>) -> String {
    let count = rules.policy().items.iter().filter(|item| matches!(item, Item::Rule(_))).count();
    let engine = match rules.settings().engine {
        EngineMode::On => "blocking",
        EngineMode::DetectionOnly => "counting only",
        EngineMode::Off => "switched off",
    };
    match level(rules) {
        Some(level) => {
            let (all, active) = (at_most(rules, i64::MAX), at_most(rules, level));
            format!(
                "{count} SecLang rules, {engine}; paranoia level {level} has {active} of the {all} that belong to a level"
            )
        }
        None => format!("{count} SecLang rules, {engine}"),
    }
}

/// The file that transactions are written to as ModSecurity writes them, or its index; none if rules want no such log.
pub(crate) fn audit_log(rules: &PhasedRules) -> Option<&str> {
    let audit = &rules.settings().audit;
    audit.log.as_deref().filter(|_| audit.engine != AuditEngine::Off)
}

/// The paranoia level that the rules themselves settle on, as they would for a request; none if they know of none.
fn level(rules: &Arc<PhasedRules>) -> Option<i64> {
    let mut transaction = Transaction::new();
    let headers = [Header { name: b"host", value: b"localhost" }];
    let client = Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), country: None, asn: None, ja3: None, ja4: None };
    let request = Request {
        method: b"GET",
        path: b"/",
        query: b"",
        fragment: None,
        version: b"HTTP/1.1",
        scheme: "http",
        headers: &headers,
        body: Body::EMPTY,
        client,
    };
    let context = PhasedContext::at(Timestamp::default());
    transaction.begin(rules, &request, &context);
    let _stopped = transaction.request_headers(&context);
    transaction.tx_number("blocking_paranoia_level")
}

/// How many rules belong to a paranoia level up to this one.
fn at_most(rules: &PhasedRules, level: i64) -> usize {
    let tagged = |item: &&Item| {
        let Item::Rule(rule) = item else { return false };
        let mut levels = rule.metadata.tags.iter().filter_map(|tag| tag.as_literal()?.strip_prefix(LEVEL_TAG));
        levels.any(|own| own.parse::<i64>().is_ok_and(|own| own <= level))
    };
    rules.policy().items.iter().filter(tagged).count()
}
