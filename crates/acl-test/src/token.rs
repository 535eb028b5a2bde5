//! The token that a request of a test carries.

use sekisho_model::Timestamp;
use sekisho_waf::{KnownToken, TokenState};

use crate::problems::Problems;
use crate::span::milliseconds;
use crate::tree::{Tree, Value};

const FIELDS: &[&str] = &["captcha", "challenge"];

/// What a token proves. The default is no token.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Token {
    captcha: Proof,
    challenge: Proof,
}

/// What a token proves of one kind.
#[derive(Debug, Clone, Copy, Default)]
enum Proof {
    #[default]
    Missing,
    Invalid,
    DomainMismatch,
    /// Solved so many milliseconds before the request.
    Solved {
        ago_ms: u64,
    },
}

impl Token {
    /// Reads `invalid`, `domain_mismatch`, or when each kind was solved: `{captcha: 30s}`.
    pub(crate) fn read(tree: &Tree, problems: &mut Problems<'_>) -> Self {
        let Value::Map(entries) = &tree.value else {
            let proof = Proof::read(tree, problems);
            return Self { captcha: proof, challenge: proof };
        };
        problems.mapping(tree, FIELDS);
        let mut token = Self::default();
        for entry in entries {
            let proof = Proof::read(&entry.tree, problems);
            if entry.key == "captcha" { token.captcha = proof } else { token.challenge = proof }
        }
        token
    }

    /// The token as the engine asks for it at `now`.
    pub(crate) fn at(&self, now: Timestamp) -> KnownToken {
        let state = |proof| match proof {
            Proof::Missing => TokenState::Missing,
            Proof::Invalid => TokenState::Invalid,
            Proof::DomainMismatch => TokenState::DomainMismatch,
            Proof::Solved { ago_ms } => {
                TokenState::SolvedAt(Timestamp::from_unix_ms(now.unix_ms().saturating_sub(ago_ms)))
            }
        };
        KnownToken { captcha: state(self.captcha), challenge: state(self.challenge) }
    }
}

impl Proof {
    fn read(tree: &Tree, problems: &mut Problems<'_>) -> Self {
        let text = tree.scalar().unwrap_or_default();
        match (text.as_str(), milliseconds(&text)) {
            ("missing", _) => Self::Missing,
            ("invalid", _) => Self::Invalid,
            ("domain_mismatch", _) => Self::DomainMismatch,
            (_, Some(ago_ms)) => Self::Solved { ago_ms },
            _ => {
                problems.mismatch(
                    tree,
                    "how long ago it was solved (such as 30s), `missing`, `invalid` or `domain_mismatch`",
                );
                Self::Missing
            }
        }
    }
}
