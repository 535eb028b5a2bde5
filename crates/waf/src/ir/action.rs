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
    /// Goes on for a client that solved a puzzle lately, as Count does; ends evaluation for others.
    Captcha(TokenAction),
    /// Goes on for a client that met a silent challenge lately, as Count does; ends evaluation for others.
    Challenge(TokenAction),
}

impl Action {
    /// Whether evaluation ends with this action; for one that asks for a token, whether it can.
    #[must_use]
    pub fn terminates(&self) -> bool {
        !matches!(self, Self::Count { .. })
    }

    /// What the action asks of the client's token, if it does.
    #[must_use]
    pub fn asks(&self) -> Option<(TokenKind, &TokenAction)> {
        match self {
            Self::Captcha(asked) => Some((TokenKind::Captcha, asked)),
            Self::Challenge(asked) => Some((TokenKind::Challenge, asked)),
            Self::Allow { .. } | Self::Block(_) | Self::Count { .. } => None,
        }
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

/// What a token proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// That a puzzle was solved.
    Captcha,
    /// That a silent challenge was met.
    Challenge,
}

/// What a rule asks of a client's token, and what it does where the token is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenAction {
    /// Headers added to the request where the token is good, should it be allowed in the end.
    pub insert: Vec<HeaderInsert>,
    /// How long after the solution the token is good, in seconds: the rule's own time, or the policy's.
    pub immunity_s: u64,
}

/// How long a solution is good where a policy says nothing, in seconds.
///
/// Source: AWS WAF Developer Guide, "Setting timestamp expiration and token immunity times in AWS WAF".
pub const IMMUNITY_S_DEFAULT: u64 = 300;

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
