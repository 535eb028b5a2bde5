//! The gate held against tables of requests, against hyper, and against the clock.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod framer;
mod gate;
mod hyper_agrees;
mod lenient;
mod patience;
mod vectors;
