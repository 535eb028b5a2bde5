//! The nouns every room shares: diagnostics about rule and configuration files, and the clock.
//!
//! Absent on purpose: I/O, async, any rule language, any log format.

mod clock;
mod diagnostic;
mod suggest;

pub use clock::{Clock, ManualClock, Timestamp};
pub use diagnostic::{Diagnostic, Diagnostics, Severity, SourceFile, Span};
pub use suggest::closest;
