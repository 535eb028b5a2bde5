//! What happens to a request.

/// What a rule that matches, or the default, does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Ends evaluation; the request goes on to the service.
    Allow {
        /// Headers added to the request.
        insert: Vec<HeaderInsert>,
    },
    /// Ends evaluation; the client gets this response.
    Block(BlockResponse),
    /// Counts the match and goes on.
    Count {
        /// Headers added to the request, should it be allowed in the end.
        insert: Vec<HeaderInsert>,
    },
}

impl Action {
    /// Whether evaluation ends with this action.
    #[must_use]
    pub fn terminates(&self) -> bool {
        !matches!(self, Self::Count { .. })
    }

    /// Plain Allow.
    pub const ALLOW: Self = Self::Allow { insert: Vec::new() };
    /// Plain Count.
    pub const COUNT: Self = Self::Count { insert: Vec::new() };

    /// Block with 403 and no body.
    #[must_use]
    pub fn block() -> Self {
        Self::Block(BlockResponse::default())
    }
}

/// A header added to a request or a response; the name is complete, prefix included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderInsert {
    /// The header name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// The response to a blocked request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockResponse {
    /// HTTP status code.
    pub status: u16,
    /// Headers of the response.
    pub headers: Vec<HeaderInsert>,
    /// Its body, if the policy gives one.
    pub body: Option<ResponseBody>,
}

impl Default for BlockResponse {
    fn default() -> Self {
        Self { status: 403, headers: Vec::new(), body: None }
    }
}

/// The body of a custom response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseBody {
    /// Value of Content-Type.
    pub content_type: String,
    /// The bytes.
    pub content: String,
}
