//! What crosses rooms: end-to-end tests, and the stage they play on.
//!
//! A test puts a [`GuardedShop`] or an [`Origin`] behind a [`Checkpoint`] (the real binary as a subprocess) and sends
//! scripts, raw bytes or real scanners at it. Everything listens on port 0 of loopback and ends with its value.

mod environment;

mod acl;
mod browser;
mod certificate;
mod checkpoint;
mod command;
mod decisions;
pub mod lake;
mod moto;
mod origin;
mod raw;
mod reply;
mod shop;
mod small_disk;
mod tls;

mod frames;
mod program;
mod sqlmap;
mod wapiti;

pub use acl::Acl;
pub use browser::Browser;
pub use certificate::Certificate;
pub use checkpoint::Checkpoint;
pub use command::{Ran, sekisho, sekisho_with};
pub use decisions::{decisions, decisions_once, files};
pub use environment::{find_program, in_ci, shared_data};
pub use frames::{FrameConnection, FrameReply};
pub use moto::Moto;
pub use origin::{Origin, Received};
pub use program::{Finished, Program};
pub use raw::{Ending, RawConnection, RawReply};
pub use reply::{Client, Reply};
pub use shop::{GuardedShop, OpenShop, run_session};
pub use small_disk::SmallDisk;
pub use sqlmap::{Sqlmap, SqlmapReport};
pub use tls::{TlsConnection, connect_tls};
pub use wapiti::{Finding, Wapiti, WapitiReport};
