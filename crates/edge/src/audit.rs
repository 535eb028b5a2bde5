//! The audit log of rules in phases: transactions worth keeping, in the forms ModSecurity writes them in.
//!
//! A [`Plan`] says which transactions, what of them, and where to; it comes with the rules. A worker composes the entry of a
//! transaction when it ends, in memory, and leaves it in a bounded queue; a thread writes. Nothing here decides about a
//! request or makes one wait: an entry that finds no room, or that the disk refuses, is lost, counted, and told of in the
//! program's own log.
//!
//! What a client sent stands in an entry on one line, escaped, and under the same veil and masks as in the records: no
//! content can pass for another section or another message.
//!
//! Source: ModSecurity Reference Manual (v3.x), `SecAudit…`; ModSecurity wiki, "ModSecurity 2 Data Formats"; the forms as
//! libmodsecurity 3.0.9 writes them.

mod entry;
mod index;
mod json;
mod log;
mod native;
mod plan;
mod queue;
mod writer;

pub use plan::{Plan, PlanError, relevant_statuses};

pub(crate) use entry::{Composer, Ended};
pub(crate) use log::AuditLog;
