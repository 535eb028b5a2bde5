//! What a transaction needs from outside: the time, places of addresses, kept collections, the connection.

use std::net::IpAddr;

use sekisho_model::Timestamp;

use super::{CollectionSource, NoCollections};
use crate::{NoPlaces, PlaceSource};

/// The surroundings of one phase of a transaction.
#[derive(Clone, Copy)]
pub struct PhasedContext<'a> {
    /// The current time.
    pub now: Timestamp,
    /// Knows where addresses are.
    pub places: &'a dyn PlaceSource,
    /// Keeps collections from one transaction to the next.
    pub collections: &'a dyn CollectionSource,
    /// `UNIQUE_ID`: the number of the transaction in all logs.
    pub unique_id: &'a str,
    /// `SERVER_ADDR`: the address the client reached, if it is known.
    pub server_address: Option<IpAddr>,
    /// `SERVER_PORT`.
    pub server_port: u16,
    /// The request target as received, where it is more than a path and a query: an absolute URI, or that of CONNECT.
    pub target: Option<&'a [u8]>,
    /// `REMOTE_PORT`.
    pub remote_port: u16,
    /// How rules are held against values.
    pub judging: Judging,
}

impl PhasedContext<'_> {
    /// Nothing known but the time.
    #[must_use]
    pub fn at(now: Timestamp) -> PhasedContext<'static> {
        PhasedContext {
            now,
            places: &NoPlaces,
            collections: &NoCollections,
            unique_id: "",
            server_address: None,
            server_port: 80,
            target: None,
            remote_port: 0,
            judging: Judging::Prefiltered,
        }
    }
}

/// How rules are held against values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Judging {
    /// Only values that the prefilter cannot rule out.
    #[default]
    Prefiltered,
    /// Every value against every rule.
    Plain,
    /// Every value against every rule; what the prefilter or a gate would have ruled out must not match.
    Both,
}
