//! The program's log about itself, on standard error.

use anyhow::Context as _;
use tracing::subscriber::set_global_default;
use tracing_subscriber::EnvFilter;

use crate::config::{LogConfig, LogFormat};
use crate::terminal;

/// Starts logging.
///
/// # Errors
///
/// If the level is neither a level nor a filter.
pub(super) fn init(config: &LogConfig) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter(&config.level))
        .map_err(|error| anyhow::anyhow!("`{}` is no log level or filter: {error}", config.level))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Not `init`, which in a build that has the cluster takes in all that libraries log, and with it what plans and
    // rows hold.
    let started = match config.format {
        LogFormat::Human => set_global_default(log.with_ansi(terminal::color_err()).with_target(false).finish()),
        LogFormat::Json => set_global_default(log.json().finish()),
    };
    started.context("failed to start the log")
}

/// A level is that of this program's own rooms: what libraries tell of their work is told only if a filter names them.
fn filter(level: &str) -> String {
    match level {
        "info" | "debug" | "trace" => format!("warn,sekisho={level}"),
        filter => filter.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::filter;

    #[test]
    fn a_level_is_that_of_this_program_and_a_filter_is_taken_as_it_is() {
        assert_eq!(filter("info"), "warn,sekisho=info");
        assert_eq!(filter("error"), "error");
        assert_eq!(filter("info,hyper=debug"), "info,hyper=debug");
    }
}
