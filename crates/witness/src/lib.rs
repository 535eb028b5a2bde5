//! Witnesses of a lake's seal.
//!
//! A witness signs each state of a log only if the state before it is its beginning: whoever alters what was signed needs every
//! witness to have forgotten. [`Witness`] keeps what it has signed, [`serve`] answers over HTTP, [`Submission`] is how a log asks. The protocol is
//! [C2SP tlog-witness](https://c2sp.org/tlog-witness).
//!
//! Absent on purpose: records, tables, clocks other than the time of a signature.

mod client;
mod request;
mod server;
mod witness;

pub use client::{Submission, SubmissionError, Witnessed};
pub use request::{AddCheckpoint, RequestError};
pub use server::{BODY_BYTES_MAX, serve};
pub use witness::{Answer, Witness, WitnessError};
