//! One request and its response held against rules that run in phases.
//!
//! What the rules look at is copied once into a [`Store`], so that a transaction can outlive the buffers of its connection.

mod body;
mod candidates;
mod clock_variables;
mod collection;
mod context;
mod error_log;
mod intervention;
mod life;
mod limits;
mod listed;
mod loaded;
mod matched;
mod matched_values;
mod number;
mod operator;
mod plan;
mod report;
mod rules;
mod run;
mod state;
mod store;
mod transformed;
mod tx;
pub mod variables;
mod view;

pub use collection::{
    ChangeKind, CollectionChange, CollectionKey, CollectionSource, KeptCollection, KeptVariable, LocalCollections,
    NoCollections,
};
pub use context::{Judging, PhasedContext};
pub use intervention::{Intervention, InterventionKind};
pub use life::{BodyWanted, InspectedBody, ResponseHead, Transaction};
pub use limits::TransactionLimits;
pub use matched::Matched;
pub use operator::{
    Captured, Captures, CompiledOperator, OperatorCompiler, OperatorError, OperatorMemory, Pattern, Tested,
};
pub use rules::{PhasedCompileError, PhasedRules};
pub use store::{Entry, List, Part, Source, Span, Store, ValueId};
