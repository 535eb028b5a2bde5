//! `sekisho config`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use super::Outcome;
use crate::config::Config;
use crate::{rules, terminal};

/// Work with configuration files.
#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Say everything that is wrong in a configuration file and in the rules it names; exit status 2 if anything is
    Check {
        /// The configuration file
        #[arg(value_name = "FILE", default_value = "sekisho.toml")]
        file: PathBuf,
        /// The configuration file, as `sekisho run` takes it
        #[arg(short, long, value_name = "FILE", conflicts_with = "file")]
        config: Option<PathBuf>,
    },
    /// Print the JSON schema of the configuration file
    Schema,
}

pub(super) fn config(command: &ConfigCommand) -> Outcome {
    match command {
        ConfigCommand::Check { file, config } => {
            let path = config.as_ref().unwrap_or(file);
            let config = Config::load(path)?;
            let loaded = rules::load(&config.rules)?;
            terminal::print_diagnostics(&loaded.warnings);
            terminal::print(&format!("{} is valid\n", path.display()))?;
        }
        ConfigCommand::Schema => {
            let text = serde_json::to_string_pretty(&crate::config::schema()).map_err(anyhow::Error::from)?;
            terminal::print(&format!("{text}\n"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
