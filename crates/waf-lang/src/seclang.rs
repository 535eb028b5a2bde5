//! SecLang, the language of ModSecurity's rules, lowered into the engine's rules in phases.
//!
//! [`load`] reads rule files through [`RuleFiles`] and gives a policy or diagnostics; [`crs`] says which files of the
//! OWASP Core Rule Set are loaded, in which order. A directive, variable, operator, action or transformation is honoured,
//! accepted because nothing comes of it here, or refused by name: `docs/seclang.md` has the tables.
//!
//! The way of a file: [`statement`] takes it apart into words, [`read`] makes drafts of rules, [`amend`] changes those
//! that other directives update or remove, [`lower`] merges defaults.

mod action;
mod addresses;
mod amend;
mod choice;
pub mod crs;
mod directive;
mod draft;
mod expression;
mod files;
mod glob;
mod ids;
mod load;
mod lower;
mod macros;
mod operator;
mod phrases;
mod read;
mod reading;
mod refused;
mod sanitise;
mod setting;
mod statement;
mod target;
mod transformation;
mod unicode_map;
mod word;
mod xpath;

pub use files::{NoFiles, RuleFiles};
pub use glob::{is_pattern, matches};
pub use load::{Entry, LoadOptions, Loaded, load};
pub use read::{AMENDMENTS_MAX, INCLUDE_DEPTH_MAX, RULES_MAX};
pub use reading::{FILE_BYTES_MAX, FILES_MAX, TOTAL_BYTES_MAX};

#[cfg(test)]
mod catalogue;
