//! Files of rules → a compiled rule set.

mod list;
pub(crate) mod seclang;

use std::sync::Arc;

use sekisho_content::Lists;
use sekisho_model::{Diagnostic, Diagnostics, SourceFile};
use sekisho_waf::ir::Logging;
use sekisho_waf::transaction::PhasedRules;
use sekisho_waf::{Limits, RuleSet};
use sekisho_waf_lang::aws::{self, CAPACITY_MAX, Capacity, CapacityLimits, LoadOptions, ManagedCatalogue};

use crate::config::{Broken, RulesConfig};
use crate::geo::Places;
use crate::read;

use seclang::Looked;

/// Whoever puts rules to work hears of capacity where AWS would not take them; here they are only slower.
const AS_SERVED: CapacityLimits = CapacityLimits { warn_above: CAPACITY_MAX, error_above: u64::MAX };

/// The web ACL of those who give none but rules in phases: it lets everything through to them.
const NO_ACL: &str = r#"{"Name": "seclang", "DefaultAction": {"Allow": {}}, "Rules": [],
    "ARN": "arn:aws:wafv2:ap-northeast-1:000000000000:regional/webacl/seclang/00000000-0000-4000-8000-000000000003",
    "VisibilityConfig":
        {"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "seclang"}}"#;

/// Rules ready for use, and what is doubtful in them.
#[derive(Debug)]
pub(crate) struct LoadedRules {
    pub(crate) rule_set: Arc<RuleSet>,
    /// What sees the requests that the web ACL lets through.
    pub(crate) phased: Option<Arc<PhasedRules>>,
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

/// As [`load`]; the files and folders that rules in phases come from, included ones too, go to `looked`.
///
/// # Errors
///
/// As [`load`].
pub(crate) fn load_following(config: &RulesConfig, looked: &mut Looked) -> Result<LoadedRules, Diagnostics> {
    load_all(config, &LoadOptions::default(), as_served, looked)
}

/// As [`load`], as if in front of a certain kind of AWS resource.
pub(crate) fn load_for(config: &RulesConfig, options: &LoadOptions) -> Result<LoadedRules, Diagnostics> {
    load_judged(config, options, as_served)
}

/// As [`load_for`], with the caller's own judgement of the web ACL's capacity.
pub(crate) fn load_judged(
    config: &RulesConfig,
    options: &LoadOptions,
    judge: impl Fn(&Capacity) -> Diagnostics,
) -> Result<LoadedRules, Diagnostics> {
    load_all(config, options, judge, &mut Looked::new())
}

fn load_all(
    config: &RulesConfig,
    options: &LoadOptions,
    judge: impl Fn(&Capacity) -> Diagnostics,
    looked: &mut Looked,
) -> Result<LoadedRules, Diagnostics> {
    let mut problems = Diagnostics::new();
    let read = seclang::read(&config.seclang, looked).map_err(|errors| problems.extend(errors)).ok().flatten();
    let places = keep(Some(Places::open(config.country_db.as_deref(), config.asn_db.as_deref())), &mut problems);
    let (texts, mut catalogue) = texts(config, &mut problems)?;
    match &read {
        Some(read) if config.seclang.crs.is_some() => catalogue.set_core_rule_set(Arc::clone(&read.policy)),
        None if config.seclang.crs.is_some() => catalogue.set_core_rule_set_unread(),
        _ => {}
    }
    let Some(texts) = texts else { return Err(problems) };
    let Compiled { rule_set, logging, mut warnings, .. } =
        compile_judged(&texts, &catalogue, options, judge, problems)?;
    drop(catalogue);
    // Within the web ACL, or behind it: not twice.
    let (read, within) = match read {
        Some(read) if rule_set.holds_phases() => (None, Some(read.warnings)),
        read => (read, None),
    };
    if within.is_some() && config.seclang.outbound_threshold.is_some() {
        let message = "the threshold for responses has no effect: a rule group of a web ACL sees requests";
        let help = "the rules on responses run where the Core Rule Set stands behind the web ACL, not in it";
        warnings.push(Diagnostic::warning("no-effect", message).help(help));
    }
    warnings.extend(within.unwrap_or_default());
    let phased = match read.map(seclang::compile).transpose() {
        Ok(compiled) => compiled,
        Err(found) => {
            warnings.extend(found);
            return Err(warnings);
        }
    };
    let phased = phased.map(|loaded| {
        warnings.extend(loaded.warnings);
        loaded.rules
    });
    Ok(LoadedRules { rule_set, phased, places: Arc::new(places), logging, warnings })
}

/// What the web ACL that a configuration names takes of AWS's capacity, if the price of each rule is known; whatever is
/// wrong with it is added to the problems.
///
/// # Errors
///
/// If the rules that ship are broken.
pub(crate) fn capacity(config: &RulesConfig, problems: &mut Diagnostics) -> Result<Option<Capacity>, Diagnostics> {
    let (texts, mut catalogue) = texts(config, problems)?;
    let Some(texts) = texts else { return Ok(None) };
    // Its price does not depend on its rules.
    catalogue.set_core_rule_set_unread();
    let loaded = aws::load(&texts.acl, &texts.resources, &catalogue, &LoadOptions::default());
    problems.extend(loaded.diagnostics);
    Ok(loaded.capacity)
}

fn as_served(capacity: &Capacity) -> Diagnostics {
    capacity.beyond(AS_SERVED).into_iter().collect()
}

/// Reads the files a configuration names. No texts, if the web ACL cannot be read.
fn texts(config: &RulesConfig, problems: &mut Diagnostics) -> Result<(Option<Texts>, ManagedCatalogue), Diagnostics> {
    let lists = Lists {
        allow: keep(config.allow_list.as_deref().map(list::read), problems),
        reputation: keep(config.reputation_list.as_deref().map(list::read), problems),
        reconnaissance: keep(config.reconnaissance_list.as_deref().map(list::read), problems),
        ddos: keep(config.ddos_list.as_deref().map(list::read), problems),
    };
    let mut resources: Vec<SourceFile> = keep(config.resources.as_deref().map(read::resource_folder), problems);
    let acl = match &config.acl {
        Some(path) => read::text(path).map_err(|errors| problems.extend(errors)).ok(),
        // Whoever names other rules wants those, and no more.
        None if !config.seclang.is_empty() => Some(SourceFile::new("<no web ACL>", NO_ACL)),
        None => {
            let starter = sekisho_content::starter(&lists);
            resources.extend(starter.resources);
            Some(starter.acl)
        }
    };
    let logging = config.logging.as_deref().map(read::text);
    let logging = logging.and_then(|text| text.map_err(|errors| problems.extend(errors)).ok());
    let catalogue = sekisho_content::catalogue(&lists)?;
    Ok((acl.map(|acl| Texts { acl, resources, logging }), catalogue))
}

/// The texts of a web ACL, of what it refers to, and of its logging configuration.
#[derive(Debug)]
pub(crate) struct Texts {
    pub(crate) acl: SourceFile,
    pub(crate) resources: Vec<SourceFile>,
    pub(crate) logging: Option<SourceFile>,
}

/// What texts of rules mean.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) rule_set: Arc<RuleSet>,
    /// What is recorded: everything, if there is no logging configuration.
    pub(crate) logging: Logging,
    /// What the web ACL takes of AWS's capacity, in WCU, if the price of each rule is known.
    pub(crate) capacity: Option<u64>,
    pub(crate) warnings: Diagnostics,
}

/// Loads and compiles texts of rules, after `problems` of reading them.
///
/// # Errors
///
/// Everything that makes the rules unusable, at once.
pub(crate) fn compile(
    texts: &Texts,
    catalogue: &ManagedCatalogue,
    options: &LoadOptions,
    problems: Diagnostics,
) -> Result<Compiled, Diagnostics> {
    compile_judged(texts, catalogue, options, as_served, problems)
}

fn compile_judged(
    texts: &Texts,
    catalogue: &ManagedCatalogue,
    options: &LoadOptions,
    judge: impl Fn(&Capacity) -> Diagnostics,
    mut problems: Diagnostics,
) -> Result<Compiled, Diagnostics> {
    let loaded = aws::load(&texts.acl, &texts.resources, catalogue, options);
    problems.extend(loaded.diagnostics);
    problems.extend(loaded.capacity.as_ref().map(judge).unwrap_or_default());
    let capacity = loaded.capacity.as_ref().map(|capacity| capacity.total);
    let policy = match loaded.policy {
        Some(policy) if !problems.has_errors() => policy,
        _ => return Err(problems),
    };
    // The one that stands beside the web ACL, unless another is given.
    let mut logging = loaded.logging.unwrap_or_default();
    if let Some(text) = &texts.logging {
        let (read, found) = aws::load_logging(text, &policy.id);
        problems.extend(found);
        logging = read.unwrap_or_default();
    }
    if problems.has_errors() {
        return Err(problems);
    }
    match RuleSet::compile(policy, Limits::default()) {
        Ok(rule_set) => Ok(Compiled { rule_set: Arc::new(rule_set), logging, capacity, warnings: problems }),
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
