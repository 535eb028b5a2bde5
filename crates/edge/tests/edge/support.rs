//! What the tests stand on.

mod client;
mod edge;
mod origin;
mod store;

pub(crate) use client::{Raw, Response, get, status_of};
pub(crate) use edge::{
    Setup, TestEdge, block, block_all, block_body, block_fragment, block_order, block_query, keys, route, rule_set,
};
pub(crate) use origin::Origin;
pub(crate) use store::Store;
