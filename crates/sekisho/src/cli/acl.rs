//! `sekisho acl`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use sekisho_waf_lang::aws::{CAPACITY_MAX, CapacityLimits, LoadOptions};

use super::Outcome;
use crate::config::RulesConfig;
use crate::{rules, terminal};

/// Work with web ACLs.
#[derive(Debug, Subcommand)]
pub(super) enum AclCommand {
    /// Say everything that is wrong or doubtful in a web ACL, with its place; exit status 2 if it is unusable
    Lint {
        /// Web ACL: the output of `aws wafv2 get-web-acl`
        #[arg(value_name = "FILE")]
        acl: PathBuf,
        /// Folder of the IP sets, pattern sets and rule groups it refers to
        #[arg(long, value_name = "DIR")]
        resources: Option<PathBuf>,
        /// Capacity units above which the web ACL is unusable
        #[arg(long, value_name = "N", default_value_t = CAPACITY_MAX)]
        capacity_max: u64,
    },
}

pub(super) fn acl(command: &AclCommand) -> Outcome {
    let AclCommand::Lint { acl, resources, capacity_max } = command;
    let config = RulesConfig { acl: Some(acl.clone()), resources: resources.clone(), ..RulesConfig::default() };
    let limits = CapacityLimits { error_above: *capacity_max, ..CapacityLimits::default() };
    let loaded = rules::load_judged(&config, &LoadOptions::default(), |capacity| {
        capacity.beyond(limits).into_iter().chain(capacity.differences()).collect()
    })?;
    terminal::print_diagnostics(&loaded.warnings);
    let rules = loaded.rule_set.policy().rules.len();
    terminal::print(&format!("{}: {rules} rules, usable\n", acl.display()))?;
    Ok(ExitCode::SUCCESS)
}
