//! The token of a checked request, as told on the command line.

use clap::Args;
use sekisho_model::Timestamp;
use sekisho_waf::{KnownToken, TokenState};

/// What the client has proved, for rules that ask for it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Token")]
pub(crate) struct TokenArgs {
    /// How long ago the client solved a CAPTCHA: 30s, 5m, 2h, 1d. Default: never
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    captcha_solved_ago: Option<u64>,
    /// How long ago its browser met a challenge
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    challenge_solved_ago: Option<u64>,
    /// What is wrong with its token
    #[arg(long, value_enum, conflicts_with_all = ["captcha_solved_ago", "challenge_solved_ago"])]
    token: Option<Fault>,
}

/// What may be wrong with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Fault {
    /// It is not genuine.
    Invalid,
    /// It is for a domain that is not accepted.
    DomainMismatch,
}

impl TokenArgs {
    /// The token at a time.
    pub(crate) fn at(&self, now: Timestamp) -> KnownToken {
        let state = |ago_s: Option<u64>| match (self.token, ago_s) {
            (Some(Fault::Invalid), _) => TokenState::Invalid,
            (Some(Fault::DomainMismatch), _) => TokenState::DomainMismatch,
            (None, None) => TokenState::Missing,
            (None, Some(ago_s)) => {
                let at = now.unix_ms().saturating_sub(ago_s.saturating_mul(1000));
                TokenState::SolvedAt(Timestamp::from_unix_ms(at))
            }
        };
        KnownToken { captcha: state(self.captcha_solved_ago), challenge: state(self.challenge_solved_ago) }
    }
}

/// A number and its unit, as seconds.
fn seconds(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|char: char| char.is_ascii_alphabetic());
    let unit_s = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err("a time is a number and s, m, h or d, such as 30s".to_owned()),
    };
    let number: u64 = digits.parse().map_err(|_| "a time is a number and s, m, h or d, such as 30s".to_owned())?;
    Ok(number.saturating_mul(unit_s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_units() {
        let read: Vec<_> = ["30s", "5m", "2h", "1d", "7"].into_iter().map(seconds).collect();
        assert_eq!(read, [Ok(30), Ok(300), Ok(7200), Ok(86_400), Ok(7)]);
        for wrong in ["", "s", "-1s", "1w", "1 s", "\u{ff11}s"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
