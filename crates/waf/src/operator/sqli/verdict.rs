//! Whether what is left of a value is an injection: its fingerprint is known, and it is none of the short ones that
//! honest text has too.

use memchr::memmem;

use super::Fingerprint;
use super::fold::Folded;
use super::tables;
use super::token::{Kind, Token};

/// How readily the fingerprints that honest text has too are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// Exceptions apply.
    Benefit,
    /// Only those that hold for most plain text apply.
    Little,
}

/// The fingerprint, if it is one of an injection.
pub(super) fn judge(value: &[u8], folded: &Folded, doubt: Doubt) -> Option<Fingerprint> {
    let fingerprint = Fingerprint::of(folded.tokens());
    (tables::is_injection(fingerprint.as_bytes()) && !is_exception(value, folded, doubt)).then_some(fingerprint)
}

fn is_exception(value: &[u8], folded: &Folded, doubt: Doubt) -> bool {
    let tokens = folded.tokens();
    if tokens.iter().any(|token| token.kind == Kind::Evil) {
        return false;
    }
    // SQL Server leaves statements with this word out of its audit log.
    if let [_, .., last] = tokens
        && last.kind == Kind::Comment
        && memmem::find(value, b"sp_password").is_some()
    {
        return false;
    }
    match tokens {
        [first, second] => is_honest_pair(value, folded.tokens_read, first, second),
        [first, second, third] => is_honest_triple(folded.tokens_read, [first, second, third], doubt),
        _ => false,
    }
}

fn is_honest_pair(value: &[u8], tokens_read: usize, first: &Token, second: &Token) -> bool {
    if second.kind == Kind::Union {
        // "1 union" alone is plain text; more was folded away if there were more tokens.
        return tokens_read == 2;
    }
    let comment = second.text();
    if comment.first() == Some(&b'#') {
        return true;
    }
    let slashed = comment.first() == Some(&b'/');
    match (first.kind, second.kind) {
        (Kind::Bareword, Kind::Comment) if !slashed => true,
        (Kind::Number, Kind::Comment) if slashed || tokens_read > 2 => false,
        // `1234--` is an injection, base64 such as `1234-ABCD--` is not: look behind the number.
        (Kind::Number, Kind::Comment) => !match value.get(first.text().len()..) {
            Some([next, ..]) if *next <= b' ' || *next >= 0x80 => true,
            Some([b'/', b'*', ..] | [b'-', b'-', ..]) => true,
            _ => false,
        },
        // Plain text has `--` in the middle, an injection at the end.
        _ => comment.len() > 2 && comment[0] == b'-',
    }
}

fn is_honest_triple(tokens_read: usize, [first, second, third]: [&Token; 3], doubt: Doubt) -> bool {
    match (first.kind, second.kind, third.kind) {
        // Only `…foo' + 'bar…`, open at both ends, is an injection.
        (Kind::String, Kind::Operator | Kind::LogicOperator, Kind::String) => {
            !(first.open == 0 && third.close == 0 && first.close == third.open)
        }
        // "rock and roll" is not, "rock and 17<18" is.
        (Kind::String | Kind::Number, Kind::LogicOperator, Kind::Bareword | Kind::Number | Kind::Variable)
        | (Kind::Number, Kind::LogicOperator, Kind::String)
        | (Kind::Bareword, Kind::LogicOperator, Kind::Number)
            if is_plain_conjunction(first.kind, third.kind) =>
        {
            tokens_read == 3 && doubt == Doubt::Benefit
        }
        // A keyword in the middle makes an injection only as INTO OUTFILE or INTO DUMPFILE.
        (_, Kind::Keyword, _) => second.text().len() < 5 || !second.starts_with("INTO"),
        _ => false,
    }
}

/// `s&n`, `n&1`, `1&1`, `1&v`, `1&s`.
fn is_plain_conjunction(first: Kind, third: Kind) -> bool {
    matches!(
        (first, third),
        (Kind::String, Kind::Bareword)
            | (Kind::Bareword, Kind::Number)
            | (Kind::Number, Kind::Number | Kind::Variable | Kind::String)
    )
}
