//! One request and its response held against rules that run in phases.
//!
//! What the rules look at is copied once into a [`Store`], so that a transaction can outlive the buffers of its connection.

mod body;
mod store;
pub mod variables;

pub use store::{Entry, List, Part, Source, Span, Store, ValueId};
