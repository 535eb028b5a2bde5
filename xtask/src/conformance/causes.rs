//! Why the two engines may differ: the causes that are known, each with its section in `docs/conformance.md`.
//!
//! A cause looks at the request and at both outcomes; it must be so narrow that a fault of ours does not fit.

use super::compare::Difference;

/// A known cause.
#[derive(Debug)]
pub(super) struct Cause {
    /// As `docs/conformance.md` calls it.
    pub(super) name: &'static str,
    applies: fn(&Difference<'_>) -> bool,
}

/// Asked in this order.
static CAUSES: &[Cause] = &[];

/// The first cause that explains a difference.
pub(super) fn cause_of(difference: &Difference<'_>) -> Option<&'static Cause> {
    CAUSES.iter().find(|cause| (cause.applies)(difference))
}
