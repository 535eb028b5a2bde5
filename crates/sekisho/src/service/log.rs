//! The program's log about itself, on standard error.

use tracing_subscriber::EnvFilter;

use crate::config::{LogConfig, LogFormat};
use crate::terminal;

/// Starts logging.
///
/// # Errors
///
/// If the level is neither a level nor a filter.
pub(super) fn init(config: &LogConfig) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.level)
        .map_err(|error| anyhow::anyhow!("`{}` is no log level or filter: {error}", config.level))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.format {
        LogFormat::Human => log.with_ansi(terminal::color_err()).with_target(false).init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}
