//! `sekisho acl`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

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
    },
}

pub(super) fn acl(command: &AclCommand) -> Outcome {
    let AclCommand::Lint { acl, resources } = command;
    let config = RulesConfig { acl: Some(acl.clone()), resources: resources.clone(), ..RulesConfig::default() };
    let loaded = rules::load(&config)?;
    terminal::print_diagnostics(&loaded.warnings);
    let policy = loaded.rule_set.policy();
    terminal::print(&format!("{}: {} rules, usable\n", acl.display(), policy.rules.len()))?;
    Ok(ExitCode::SUCCESS)
}
