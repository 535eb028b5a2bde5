//! `sekisho capacity`: what a web ACL takes of AWS's capacity.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sekisho_model::{Diagnostic, Diagnostics, Severity};
use sekisho_waf_lang::aws::Capacity;
use serde_json::json;

use super::{Failure, Outcome};
use crate::config::RulesConfig;
use crate::{rules, terminal};

/// Say what a web ACL takes of AWS's capacity, in web ACL capacity units (WCU).
#[derive(Debug, Args)]
pub(super) struct CapacityArgs {
    /// Web ACL: the output of `aws wafv2 get-web-acl`. Default: the starter ACL
    #[arg(long, value_name = "FILE")]
    acl: Option<PathBuf>,
    /// Folder of the IP sets, pattern sets and rule groups it refers to
    #[arg(long, value_name = "DIR")]
    resources: Option<PathBuf>,
    /// Print `{"capacity": N, "rules": {"name": n}}`
    #[arg(long)]
    json: bool,
}

pub(super) fn capacity(args: &CapacityArgs) -> Outcome {
    let config = RulesConfig { acl: args.acl.clone(), resources: args.resources.clone(), ..RulesConfig::default() };
    let mut problems = Diagnostics::new();
    let capacity = rules::capacity(&config, &mut problems)?;
    let Some(capacity) = capacity.filter(|_| !problems.iter().any(is_fault)) else {
        if !problems.has_errors() {
            let message = "the capacity cannot be told: a rule refers to a group whose vendor does not say its price";
            problems.push(Diagnostic::error("capacity-unknown", message));
        }
        return Err(Failure::Unusable(problems));
    };
    problems.extend(capacity.differences());
    terminal::print_diagnostics(&problems);
    terminal::print(&if args.json { as_json(&capacity) } else { as_table(&capacity) })?;
    Ok(ExitCode::SUCCESS)
}

/// Whether a problem is a fault of the web ACL: not something that AWS has, and this place has not.
fn is_fault(problem: &Diagnostic) -> bool {
    let foreign = ["missing-resource", "not-supported", "unknown-group"];
    problem.severity == Severity::Error && !foreign.contains(&problem.code)
}

/// One line; rules of one name, which AWS does not accept, stand as one.
fn as_json(capacity: &Capacity) -> String {
    let mut rules = BTreeMap::new();
    for rule in &capacity.rules {
        *rules.entry(rule.name.as_str()).or_insert(0_u64) += rule.wcu;
    }
    format!("{}\n", json!({"capacity": capacity.total, "rules": rules}))
}

/// A line a rule, what they share, and the sum.
fn as_table(capacity: &Capacity) -> String {
    let sum: u64 = capacity.rules.iter().map(|rule| rule.wcu).sum();
    let width = sum.to_string().len().max("WCU".len());
    let mut table = format!("{:>width$}  rule\n", "WCU");
    for rule in &capacity.rules {
        table.push_str(&format!("{:>width$}  {}\n", rule.wcu, rule.name));
    }
    if sum > capacity.total {
        let shared = format!("-{}", sum - capacity.total);
        table.push_str(&format!("{shared:>width$}  text transformations that rules share\n"));
    }
    table.push_str(&format!("{:>width$}  the web ACL\n", capacity.total));
    if capacity.beyond_aws > 0 {
        table.push_str(&format!("{:>width$}  of it the Core Rule Set, which AWS does not have\n", capacity.beyond_aws));
    }
    table
}
