//! The readable form: YAML for people, who write it by hand and review it in pull requests. Specified in
//! `docs/acl-formats.md`.
//!
//! What is usual is short; everything else is written under its name in the API, which begins with a capital letter, so
//! that nothing is ever out of reach.

mod read;
mod read_rule;
mod read_statement;
mod words;
mod write;
mod write_rule;
mod write_statement;

pub(super) use self::read::read_readable;
pub(super) use self::write::write;
