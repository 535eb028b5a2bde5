//! The strict HTTP/1.1 gate between a connection and hyper.
//!
//! hyper's HTTP/1 parser forgives what an inspecting proxy must not: bare line feeds, `Content-Length` beside
//! `Transfer-Encoding`, white space in chunk sizes. Whatever two parsers read differently is a place to smuggle a
//! request past inspection. So every byte from a client first goes through a [`Framer`], which follows RFC 9112 to the
//! letter, and only well-formed requests reach hyper:
//!
//! ```text
//! socket ── sniff ──┬── HTTP/2 preface ─────────────── Gate::transparent ── hyper (HTTP/2)
//!                   └── anything else ── Gate(Framer) ───────────────────── hyper (HTTP/1)
//!                                            └─ Heads: one HeadReport a request, to the service
//! ```
//!
//! A malformed head never reaches hyper: a stand-in request takes its place, so that it is answered in its turn, and the
//! service learns from [`Heads`] what to answer and record. A malformed body ends in a read error.
//!
//! [`read`](read::read) is the forgiving reader behind `sekisho check`; it asks the same [`Framer`] what the gate would
//! have said.
//!
//! Absent on purpose: routing, inspection, responses, the record. Nothing here looks at a body beyond its framing.

mod octet;

mod limits;
mod malformed;

mod authority;
mod fields;
mod head;
mod target;

mod chunked;
mod head_scan;

mod framer;

mod gate;
mod heads;
mod patience;
pub mod read;
mod sniff;

pub use framer::{Framer, Step};
pub use gate::Gate;
pub use head::{BodyFraming, FieldSpan, Head, HeadIndex, Version};
pub use heads::{Arrival, HeadReport, Heads, InService, MalformedHead};
pub use limits::{Limits, Timeouts};
pub use malformed::{Malformed, Part};
pub use sniff::{Protocol, Rewind, Sniffed, sniff};
pub use target::{TargetForm, TargetParts};
