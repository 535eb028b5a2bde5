//! What the tests stand on.

mod client;
mod edge;
mod origin;
mod store;

pub(crate) use client::{Raw, get, status_of};
pub(crate) use edge::{Setup, TestEdge, block_all, block_body, block_query, route, rule_set};
pub(crate) use origin::Origin;
pub(crate) use store::Store;
