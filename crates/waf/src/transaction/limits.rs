//! How much a transaction takes on. Every limit has a unit and a reason.

/// The limits of a transaction, besides those that rule files set for bodies and arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransactionLimits {
    /// `TX` and `ENV` hold this many variables whose names are known only while rules run; further ones are dropped.
    /// One for each argument of a large form, with room to spare.
    pub variables_max: usize,
    /// A variable's value is cut at this many bytes: more than any rule needs, and less than would let a rule that copies a
    /// value into a value double it without end.
    pub value_bytes_max: usize,
    /// A variable whose name is longer than this, in bytes, is not set.
    pub name_bytes_max: usize,
    /// This many bytes of names and values are kept in `TX` and `ENV` together; further changes are dropped.
    pub variables_bytes_max: usize,
    /// `MATCHED_VARS` holds this many bytes of values that are not the request's own; those are referred to.
    pub matched_bytes_max: usize,
    /// This many matches of rules are kept for logs: several times the rules of a large set.
    pub matches_max: usize,
    /// A message, log data, tag, name or value in a match is cut at this many bytes: a log line stays readable.
    pub log_text_bytes_max: usize,
    /// The texts of all matches take this many bytes; further ones are empty.
    pub log_bytes_max: usize,
    /// A collection keeps this many variables.
    pub collection_variables_max: usize,
    /// A store of collections keeps this many.
    pub collections_max: usize,
    /// Memory beyond this many bytes is given back between transactions, so that one large request does not keep it.
    pub bytes_kept_max: usize,
}

impl Default for TransactionLimits {
    fn default() -> Self {
        Self {
            variables_max: 4_096,
            value_bytes_max: 64 * 1024,
            name_bytes_max: 1_024,
            variables_bytes_max: 4 * 1024 * 1024,
            matched_bytes_max: 4 * 1024 * 1024,
            matches_max: 2_048,
            log_text_bytes_max: 1_024,
            log_bytes_max: 512 * 1024,
            collection_variables_max: 256,
            collections_max: 100_000,
            bytes_kept_max: 256 * 1024,
        }
    }
}
