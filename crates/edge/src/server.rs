//! The edge as a whole: started, told of changes, stopped.
//!
//! ```text
//! Edge::start ── control thread: admin address, certificate files, health checks
//!            └── worker threads: one runtime each, its own listening sockets, connections, pools, memory
//! ```
//!
//! Workers share what is swapped whole (rules, routes, certificates) and counters; nothing on a request's way is handed
//! from one thread to another.

mod accept;
mod admin;
mod control;
mod running;
mod setup;
mod shared;
mod worker;

pub use running::{Edge, Running};
pub use setup::SetupError;
pub use shared::{Neighbour, Services, Witness};

pub(crate) use shared::{Listening, Place};
pub(crate) use worker::{Counted, Worker};
