//! What a transaction comes to when a rule stops it.

/// A rule stops the transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intervention {
    /// What becomes of it.
    pub kind: InterventionKind,
    /// The status of the response; for a dropped connection, the one records give.
    pub status: u16,
    /// The rule's number; none if a limit on the body stops it.
    pub rule: Option<u64>,
}

/// What becomes of a transaction that is stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InterventionKind {
    /// It is refused.
    Deny,
    /// Its connection is closed.
    Drop,
    /// The client is sent to this address.
    Redirect(String),
}
