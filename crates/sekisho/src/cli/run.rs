//! `sekisho run`.

use std::path::PathBuf;

use clap::Args;

use super::Outcome;
use crate::config::Config;
use crate::service;

/// Run the full service from a configuration file.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// The configuration file
    #[arg(short, long, value_name = "FILE", default_value = "sekisho.toml")]
    config: PathBuf,
}

pub(super) fn run(args: &RunArgs) -> Outcome {
    service::serve(Config::load(&args.config)?, Some(&args.config))
}
