//! Files of rules → a compiled rule set.

mod list;

use std::path::Path;
use std::sync::Arc;

use sekisho_content::Lists;
use sekisho_model::{Diagnostic, Diagnostics, SourceFile};
use sekisho_waf::ir::{Logging, Policy};
use sekisho_waf::{Limits, RuleSet};
use sekisho_waf_lang::aws::{self, CAPACITY_MAX, Capacity, CapacityLimits, LoadOptions, Loaded};

use crate::config::{Broken, RulesConfig};
use crate::geo::Places;
use crate::read as files;

/// Whoever puts rules to work hears of capacity where AWS would not take them; here they are only slower.
const AS_SERVED: CapacityLimits = CapacityLimits { warn_above: CAPACITY_MAX, error_above: u64::MAX };

/// Rules ready for use, and what is doubtful in them.
#[derive(Debug)]
pub(crate) struct LoadedRules {
    pub(crate) rule_set: Arc<RuleSet>,
    pub(crate) places: Arc<Places>,
    /// What is recorded: everything, if the configuration names no logging configuration.
    pub(crate) logging: Logging,
    pub(crate) warnings: Diagnostics,
}

/// Loads and compiles the rules that a configuration names: the starter ACL if it names no web ACL.
///
/// # Errors
///
/// Everything that makes the rules unusable, at once.
pub(crate) fn load(config: &RulesConfig) -> Result<LoadedRules, Diagnostics> {
    load_for(config, &LoadOptions::default())
}

/// As [`load`], as if in front of a certain kind of AWS resource.
pub(crate) fn load_for(config: &RulesConfig, options: &LoadOptions) -> Result<LoadedRules, Diagnostics> {
    load_judged(config, options, |capacity| capacity.beyond(AS_SERVED).into_iter().collect())
}

/// As [`load_for`], with the caller's own judgement of the web ACL's capacity among the problems.
pub(crate) fn load_judged(
    config: &RulesConfig,
    options: &LoadOptions,
    judge: impl Fn(&Capacity) -> Diagnostics,
) -> Result<LoadedRules, Diagnostics> {
    let mut problems = Diagnostics::new();
    let places = keep(Some(Places::open(config.country_db.as_deref(), config.asn_db.as_deref())), &mut problems);
    let Some(Loaded { policy, capacity, diagnostics }) = read(config, options, &mut problems)? else {
        return Err(problems);
    };
    problems.extend(diagnostics);
    problems.extend(capacity.as_ref().map(judge).unwrap_or_default());
    let policy = match policy {
        Some(policy) if !problems.has_errors() => policy,
        _ => return Err(problems),
    };
    let logging = match &config.logging {
        Some(path) => load_logging(path, &policy, &mut problems),
        None => Logging::default(),
    };
    if problems.has_errors() {
        return Err(problems);
    }
    match RuleSet::compile(policy, Limits::default()) {
        Ok(rule_set) => {
            let (rule_set, places) = (Arc::new(rule_set), Arc::new(places));
            Ok(LoadedRules { rule_set, places, logging, warnings: problems })
        }
        Err(error) => {
            let mut message = format!("the rules do not compile: {error}");
            let mut cause = std::error::Error::source(&error);
            while let Some(inner) = cause {
                message.push_str(&format!(": {inner}"));
                cause = inner.source();
            }
            problems.push(Diagnostic::error("compile", message));
            Err(problems)
        }
    }
}

/// Reads the web ACL that a configuration names with everything it refers to, and compiles nothing. None if the web
/// ACL cannot be read; the reasons are among the problems.
///
/// # Errors
///
/// If the rules that ship are broken.
pub(crate) fn read(
    config: &RulesConfig,
    options: &LoadOptions,
    problems: &mut Diagnostics,
) -> Result<Option<Loaded>, Diagnostics> {
    let lists = Lists {
        allow: keep(config.allow_list.as_deref().map(list::read), problems),
        reputation: keep(config.reputation_list.as_deref().map(list::read), problems),
        reconnaissance: keep(config.reconnaissance_list.as_deref().map(list::read), problems),
        ddos: keep(config.ddos_list.as_deref().map(list::read), problems),
    };
    let mut resources: Vec<SourceFile> = keep(config.resources.as_deref().map(files::resource_folder), problems);
    let acl = match &config.acl {
        Some(path) => files::text(path).map_err(|errors| problems.extend(errors)).ok(),
        None => {
            let starter = sekisho_content::starter(&lists);
            resources.extend(starter.resources);
            Some(starter.acl)
        }
    };
    let catalogue = sekisho_content::catalogue(&lists)?;
    Ok(acl.map(|acl| aws::load(&acl, &resources, &catalogue, options)))
}

/// The logging configuration in a file; its problems are added to the others.
fn load_logging(path: &Path, policy: &Policy, problems: &mut Diagnostics) -> Logging {
    let (logging, found) = match files::text(path) {
        Ok(text) => aws::load_logging(&text, &policy.id),
        Err(errors) => (None, errors),
    };
    problems.extend(found);
    logging.unwrap_or_default()
}

/// Everything that is wrong with a configuration, and with the rules it names.
pub(crate) fn all_problems(broken: Broken) -> Diagnostics {
    let Broken { mut problems, rules } = broken;
    // A file that cannot be read has been told of, and rules are not judged without all of theirs.
    let rules = rules.filter(|rules| rules.files().all(|path| std::fs::File::open(path).is_ok()));
    if let Some(Err(more)) = rules.map(|rules| load(&rules)) {
        problems.extend(more);
    }
    problems
}

/// The value, or its default with the errors kept.
fn keep<T: Default>(result: Option<Result<T, Diagnostics>>, problems: &mut Diagnostics) -> T {
    match result {
        Some(Ok(value)) => value,
        Some(Err(errors)) => {
            problems.extend(errors);
            T::default()
        }
        None => T::default(),
    }
}
