//! What Ballista tells of its work, in our log.
//!
//! Warnings and errors only, and of these no more than what happened: what follows may hold plans or rows, and with them what nobody else should read.

use log::{Level, LevelFilter, Log, Metadata, Record};

/// Where a message may begin to quote what it is about.
const QUOTES: &[char] = &[':', '{', '[', '(', '"', '\'', '`', '\n'];
/// Bytes of a message that are kept.
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

/// What a message says before it quotes.
fn short(message: &str) -> String {
    let line: String =
        message.split(QUOTES).next().unwrap_or_default().chars().filter(|letter| !letter.is_control()).collect();
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
    fn messages_are_cut_before_they_quote() {
        let told = "Task 1 of job 2 failed: CastError(\"Cannot cast string 'secret' to value of Int32 type\")";
        assert_eq!(short(told), "Task 1 of job 2 failed");
        assert_eq!(
            short("ACTIVE executor e heartbeat timed out after 10s"),
            "ACTIVE executor e heartbeat timed out after 10s"
        );
        assert_eq!(short("one\x1bc\ntwo"), "onec");
        assert_eq!(short(""), "");
        let long = short(&"\u{6771}".repeat(200));
        assert!(long.len() <= MESSAGE_BYTES_MAX && long.len() > MESSAGE_BYTES_MAX - 4);
    }
}
