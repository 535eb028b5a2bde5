//! `sekisho acl lint`: everything that is wrong or doubtful in a web ACL, for people or as JSON.

use std::cell::Cell;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sekisho_waf_lang::aws::{CAPACITY_MAX, CapacityLimits, LoadOptions};
use serde_json::json;

use super::super::{Failure, Outcome, SecLangArgs, problems};
use crate::config::RulesConfig;
use crate::{rules, terminal};

/// Say everything that is wrong or doubtful in a web ACL, with its place; exit status 2 if it is unusable.
#[derive(Debug, Args)]
pub(in crate::cli) struct LintArgs {
    /// Web ACL in any form: JSON of the API, Terraform, CloudFormation, readable
    #[arg(value_name = "FILE")]
    acl: PathBuf,
    /// Folder of the IP sets, pattern sets and rule groups it refers to, in any form
    #[arg(long, value_name = "DIR")]
    resources: Option<PathBuf>,
    #[command(flatten)]
    seclang: SecLangArgs,
    /// Capacity units above which the web ACL is unusable
    #[arg(long, value_name = "N", default_value_t = CAPACITY_MAX)]
    capacity_max: u64,
    /// Print one line of JSON: `{"file", "usable", "rules", "capacity", "problems": [{"severity", "code", "message", …}]}`
    #[arg(long)]
    json: bool,
}

pub(super) fn lint(args: &LintArgs) -> Outcome {
    let config = RulesConfig {
        acl: Some(args.acl.clone()),
        resources: args.resources.clone(),
        seclang: args.seclang.clone().into_config(),
        ..RulesConfig::default()
    };
    let limits = CapacityLimits { error_above: args.capacity_max, ..CapacityLimits::default() };
    let capacity = Cell::new(None);
    let loaded = rules::load_judged(&config, &LoadOptions::default(), |found| {
        capacity.set(Some(found.total));
        found.beyond(limits).into_iter().chain(found.differences()).collect()
    });
    let (rules, problems) = match loaded {
        Ok(loaded) => (Some(loaded.rule_set.policy().rules.len()), loaded.warnings),
        Err(problems) => (None, problems),
    };
    let file = args.acl.display();
    if args.json {
        let problems = problems::as_json(problems);
        let found = json!({
            "file": file.to_string(), "usable": rules.is_some(), "rules": rules, "capacity": capacity.get(),
            "problems": problems,
        });
        terminal::print(&format!("{found}\n"))?;
        return Ok(if rules.is_some() { ExitCode::SUCCESS } else { ExitCode::from(problems::UNUSABLE) });
    }
    let Some(rules) = rules else { return Err(Failure::Unusable(problems)) };
    terminal::print_diagnostics(&problems);
    terminal::print(&format!("{file}: {rules} rule{}, usable\n", if rules == 1 { "" } else { "s" }))?;
    Ok(ExitCode::SUCCESS)
}
