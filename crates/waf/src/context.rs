//! What an evaluation needs from outside: the time, the counters of rate-based rules, and where addresses are, what the
//! client has proved.

use std::net::IpAddr;

use sekisho_model::Timestamp;

use crate::ir::TokenKind;
use crate::{CountedKey, RuleRef};

/// The surroundings of one evaluation.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The current time.
    pub now: Timestamp,
    /// Counts requests for rate-based rules.
    pub rates: &'a dyn RateSource,
    /// Knows where addresses are.
    pub places: &'a dyn PlaceSource,
    /// Knows the client's token.
    pub token: &'a dyn TokenSource,
}

/// Counts requests by key in sliding windows.
pub trait RateSource {
    /// Counts this request for `rule` under `key` and returns how many the last `window_s` seconds saw, this one included.
    ///
    /// Called while a request waits: it must not block on anything but memory.
    fn count(&self, rule: RuleRef, key: CountedKey<'_>, window_s: u32, now: Timestamp) -> u64;
}

/// Knows country, region and autonomous system of addresses.
pub trait PlaceSource {
    /// The place of an address, if known.
    fn place(&self, address: IpAddr) -> Option<Place<'_>>;

    /// The autonomous system number of an address, if known.
    fn asn(&self, address: IpAddr) -> Option<u32>;
}

/// Knows what the token of the request proves. Asked only when a rule that needs it matches; answers the same however often.
pub trait TokenSource {
    /// What the token proves of `kind`.
    fn state(&self, kind: TokenKind) -> TokenState;
}

/// What a token proves of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenState {
    /// There is no token, or it proves nothing of this kind.
    #[default]
    Missing,
    /// There is one, but it is not genuine.
    Invalid,
    /// It is genuine, but for a domain that is not accepted.
    DomainMismatch,
    /// It proves a solution at this time.
    SolvedAt(Timestamp),
    /// The request is not to be asked: it brings the solution a token is given for. Rules that ask go on, and nothing is said
    /// of tokens.
    Exempt,
}

/// A token whose content is known beforehand. The default is none at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KnownToken {
    /// What it proves of puzzles.
    pub captcha: TokenState,
    /// What it proves of challenges.
    pub challenge: TokenState,
}

impl KnownToken {
    /// No token.
    pub const NONE: Self = Self { captcha: TokenState::Missing, challenge: TokenState::Missing };
}

impl TokenSource for KnownToken {
    fn state(&self, kind: TokenKind) -> TokenState {
        match kind {
            TokenKind::Captcha => self.captcha,
            TokenKind::Challenge => self.challenge,
        }
    }
}

/// Where an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// ISO 3166-1 code, two upper-case letters.
    pub country: &'a str,
    /// The part of the ISO 3166-2 code after the country, if known.
    pub region: Option<&'a str>,
}

/// Counts nothing: every request is the first.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRates;

impl RateSource for NoRates {
    fn count(&self, _: RuleRef, _: CountedKey<'_>, _: u32, _: Timestamp) -> u64 {
        1
    }
}

/// Knows no address.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPlaces;

impl PlaceSource for NoPlaces {
    fn place(&self, _: IpAddr) -> Option<Place<'_>> {
        None
    }

    fn asn(&self, _: IpAddr) -> Option<u32> {
        None
    }
}
