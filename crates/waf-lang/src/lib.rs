//! The rule languages, lowered into the engine.
//!
//! Text goes in with the name a person knows it by; [`sekisho_waf::ir`] comes out, or diagnostics with places: all of
//! them at once. [`document`] reads JSON and YAML into one tree with spans; [`aws`] lowers AWS WAFv2 documents;
//! [`seclang`] lowers rules of ModSecurity.
//!
//! Absent on purpose: I/O, clocks, compiled rules, requests. Any text loads without panicking, within named limits.

pub mod aws;
pub mod document;
pub mod forms;
mod report;
pub mod seclang;
