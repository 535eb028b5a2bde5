//! Events of all sources in one form.
//!
//! What a source tells is an [`Event`] of an OCSF [`Class`]; each class has a [`Table`] with a fixed set of promoted [`Column`]s. What has no
//! column stays in `unmapped`, what came in stays in `raw`: both are text, so that nothing a source sends can be at odds with the schema.
//!
//! Absent on purpose: I/O, any log format, Arrow.

mod class;
mod column;
mod event;
mod table;

pub use class::Class;
pub use column::{Column, Kind};
pub use event::{Event, Value};
pub use table::Table;
