//! `sekisho seclang`.

mod lint;

use clap::Subcommand;

use super::Outcome;

/// Work with rule files of ModSecurity.
#[derive(Debug, Subcommand)]
pub(super) enum SecLangCommand {
    /// Say everything that is wrong or doubtful in rule files, with its place; exit status 2 if they are unusable
    Lint(lint::LintArgs),
}

pub(super) fn seclang(command: &SecLangCommand) -> Outcome {
    match command {
        SecLangCommand::Lint(args) => lint::lint(args),
    }
}
