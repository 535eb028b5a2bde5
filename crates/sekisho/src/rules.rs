//! Files of rules → a compiled rule set.

mod list;

use std::sync::Arc;

use sekisho_content::Lists;
use sekisho_model::{Diagnostic, Diagnostics, SourceFile};
use sekisho_waf::{Limits, RuleSet};
use sekisho_waf_lang::aws::{self, LoadOptions};

use crate::config::{Broken, RulesConfig};
use crate::geo::Places;
use crate::read;

/// Rules ready for use, and what is doubtful in them.
#[derive(Debug)]
pub(crate) struct LoadedRules {
    pub(crate) rule_set: Arc<RuleSet>,
    pub(crate) places: Arc<Places>,
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
    let mut problems = Diagnostics::new();
    let lists = Lists {
        allow: keep(config.allow_list.as_deref().map(list::read), &mut problems),
        reputation: keep(config.reputation_list.as_deref().map(list::read), &mut problems),
        reconnaissance: keep(config.reconnaissance_list.as_deref().map(list::read), &mut problems),
        ddos: keep(config.ddos_list.as_deref().map(list::read), &mut problems),
    };
    let places = keep(Some(Places::open(config.country_db.as_deref(), config.asn_db.as_deref())), &mut problems);
    let mut resources: Vec<SourceFile> = keep(config.resources.as_deref().map(read::json_folder), &mut problems);
    let acl = match &config.acl {
        Some(path) => read::text(path).map_err(|errors| problems.extend(errors)).ok(),
        None => {
            let starter = sekisho_content::starter(&lists);
            resources.extend(starter.resources);
            Some(starter.acl)
        }
    };
    let catalogue = sekisho_content::catalogue(&lists)?;
    let Some(acl) = acl else { return Err(problems) };
    let loaded = aws::load(&acl, &resources, &catalogue, options);
    problems.extend(loaded.diagnostics);
    let policy = match loaded.policy {
        Some(policy) if !problems.has_errors() => policy,
        _ => return Err(problems),
    };
    match RuleSet::compile(policy, Limits::default()) {
        Ok(rule_set) => Ok(LoadedRules { rule_set: Arc::new(rule_set), places: Arc::new(places), warnings: problems }),
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
