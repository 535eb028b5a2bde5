//! A client's token held against what a rule asks of it.
//!
//! Source: AWS WAF Developer Guide, "CAPTCHA and Challenge action behavior", "Setting timestamp expiration and token immunity
//! times in AWS WAF".

use sekisho_model::Timestamp;

use crate::TokenState;
use crate::ir::TokenAction;

/// What came of asking for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenResult {
    /// When the client solved what it was asked last, if it ever did.
    pub solved_at: Option<Timestamp>,
    /// Why the token is not good; none if it is.
    pub failure: Option<TokenFailure>,
}

/// Why a token is not good. Source: API model, `FailureReason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenFailure {
    /// There is none, or it proves nothing of the kind asked.
    Missing,
    /// The solution is too old.
    Expired,
    /// It is not genuine.
    Invalid,
    /// It is for a domain that is not accepted.
    DomainMismatch,
}

impl TokenFailure {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Missing, Self::Expired, Self::Invalid, Self::DomainMismatch];

    /// Its name in AWS's API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "TOKEN_MISSING",
            Self::Expired => "TOKEN_EXPIRED",
            Self::Invalid => "TOKEN_INVALID",
            Self::DomainMismatch => "TOKEN_DOMAIN_MISMATCH",
        }
    }
}

impl TokenResult {
    /// Holds a token against what a rule asks. A solution expires when it is older than the immunity time. None for a
    /// request that is not to be asked.
    pub(crate) fn of(state: TokenState, asked: &TokenAction, now: Timestamp) -> Option<Self> {
        let (solved_at, failure) = match state {
            TokenState::Missing => (None, Some(TokenFailure::Missing)),
            TokenState::Invalid => (None, Some(TokenFailure::Invalid)),
            TokenState::DomainMismatch => (None, Some(TokenFailure::DomainMismatch)),
            TokenState::SolvedAt(at) => {
                let expired = now.since_ms(at) > asked.immunity_s.saturating_mul(1000);
                (Some(at), expired.then_some(TokenFailure::Expired))
            }
            TokenState::Exempt => return None,
        };
        Some(Self { solved_at, failure })
    }

    /// Whether the token is good.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.failure.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_solution_is_good_up_to_and_at_the_immunity_time() {
        let asked = TokenAction { insert: Vec::new(), immunity_s: 60 };
        let solved = TokenState::SolvedAt(Timestamp::from_unix_ms(1_000));
        let failure = |now| TokenResult::of(solved, &asked, Timestamp::from_unix_ms(now)).unwrap().failure;
        assert_eq!([failure(0), failure(1_000), failure(61_000)], [None; 3]);
        assert_eq!(failure(61_001), Some(TokenFailure::Expired));
    }
}
