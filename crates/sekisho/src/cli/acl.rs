//! `sekisho acl`.

mod convert;
mod lint;

use clap::Subcommand;

use super::Outcome;

/// Work with web ACLs.
#[derive(Debug, Subcommand)]
pub(super) enum AclCommand {
    /// Say everything that is wrong or doubtful in a web ACL, with its place; exit status 2 if it is unusable
    Lint(lint::LintArgs),
    /// Convert web ACLs and what belongs to them between JSON, Terraform, CloudFormation and a readable form
    Convert(convert::ConvertArgs),
}

pub(super) fn acl(command: &AclCommand) -> Outcome {
    match command {
        AclCommand::Lint(args) => lint::lint(args),
        AclCommand::Convert(args) => convert::convert(args),
    }
}
