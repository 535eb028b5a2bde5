//! One request and its response held against rules that run in phases.
//!
//! What the rules look at is copied once into a [`Store`], so that a transaction can outlive the buffers of its connection.

mod operator;
mod store;

pub use operator::{
    Captured, Captures, CompiledOperator, OperatorCompiler, OperatorError, OperatorMemory, Pattern, Tested,
};
pub use store::{Entry, List, Part, Source, Span, Store, ValueId};
