//! Which parts of a request must not be kept as they came.

/// The parts of requests that are protected wherever requests are kept: in records and in samples. Evaluation is not
/// affected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Protection {
    /// What every hash begins with: for AWS, the account of the web ACL.
    pub hash_prefix: String,
    /// The parts. Several may concern the same one: substitution is the stricter.
    pub parts: Vec<ProtectedPart>,
}

/// One protected part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtectedPart {
    /// Which.
    pub part: RequestPart,
    /// How.
    pub method: ProtectionMethod,
    /// Whether the details of a rule's match show it all the same.
    pub shown_in_match_details: bool,
    /// Whether the keys of rate-based rules show it all the same.
    pub shown_in_rate_details: bool,
}

/// A part that can be protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestPart {
    /// The values of one header; the name is lowercase.
    Header(String),
    /// The values of one cookie; the name is exact.
    Cookie(String),
    /// The values of one query argument; the name is lowercase and compared in any case.
    QueryArgument(String),
    /// Names and values of all query arguments.
    QueryString,
    /// The body.
    Body,
}

/// How a part is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProtectionMethod {
    /// Replaced by a hash, so that equal values stay recognizable.
    Hash,
    /// Replaced by a fixed word.
    Substitute,
}
