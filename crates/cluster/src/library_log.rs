//! What Ballista tells of its work, in our log.
//!
//! Warnings and errors only: what it tells beyond holds whole plans, and with them the values that were looked for.

use log::{Level, LevelFilter, Log, Metadata, Record};

/// Bytes of a message that are kept: a warning may quote a plan.
const MESSAGE_BYTES_MAX: usize = 300;

struct OurLog;

impl Log for OurLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Warn && metadata.target().starts_with("ballista")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let told = short(&record.args().to_string());
            match record.level() {
                Level::Error => tracing::error!(target: "sekisho_cluster", "{told}"),
                _ => tracing::warn!(target: "sekisho_cluster", "{told}"),
            }
        }
    }

    fn flush(&self) {}
}

/// The first line, cut.
fn short(message: &str) -> String {
    let line: String = message.lines().next().unwrap_or_default().chars().filter(|letter| !letter.is_control()).collect();
    let end = (0..=MESSAGE_BYTES_MAX.min(line.len())).rev().find(|end| line.is_char_boundary(*end)).unwrap_or(0);
    line[..end].to_owned()
}

/// From now on. A program that has a log for libraries already keeps it.
pub(crate) fn listen() {
    if log::set_logger(&OurLog).is_ok() {
        log::set_max_level(LevelFilter::Warn);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_cut_to_a_line_that_harms_no_terminal() {
        assert_eq!(short("one\x1b[31m\ntwo"), "one[31m");
        assert_eq!(short(""), "");
        let long = short(&"\u{6771}".repeat(200));
        assert!(long.len() <= MESSAGE_BYTES_MAX && long.len() > MESSAGE_BYTES_MAX - 4);
    }
}
