//! What a durable log asks of a disk.
//!
//! Files only grow at their end, are cut, or are replaced whole. That is all the lake's own files need, and little enough
//! that a [simulated disk](simulated) can say exactly what a crash leaves behind.

mod disk;
mod file_system;
#[cfg(feature = "simulated")]
pub mod simulated;

pub use disk::{Disk, DiskFile, replace};
pub use file_system::FileSystem;
