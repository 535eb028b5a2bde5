//! One request and its response held against rules that run in phases.
//!
//! What the rules look at is copied once into a [`Store`], so that a transaction can outlive the buffers of its connection.

mod body;
mod collection;
mod context;
mod intervention;
mod life;
mod limits;
mod matched;
mod number;
mod operator;
mod rules;
mod store;
pub mod variables;

pub use collection::{
    ChangeKind, CollectionChange, CollectionKey, CollectionSource, KeptCollection, KeptVariable, LocalCollections,
    NoCollections,
};
pub use context::{Judging, PhasedContext};
pub use intervention::{Intervention, InterventionKind};
pub use life::{BodyWanted, InspectedBody, ResponseHead, Transaction};
pub use limits::TransactionLimits;
pub use matched::{Matched, Tags};
pub use operator::{
    Captured, Captures, CompiledOperator, OperatorCompiler, OperatorError, OperatorMemory, Pattern, Tested,
};
pub use rules::{PhasedCompileError, PhasedRules};
pub use store::{Entry, List, Part, Source, Span, Store, ValueId};
