//! The operators that are more than a comparison: detection of injection in a value.
//!
//! Each reads bytes, allocates nothing on the benign path, and takes time linear in its input.

pub mod sqli;
pub mod xss;

#[cfg(test)]
mod conformance;
