//! Feeds against real files, sockets and services; stopped, killed and gone on with.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod digest;
mod files;
mod firehose;
#[cfg(feature = "s3")]
mod moto;
mod real;
#[cfg(feature = "s3")]
mod s3;
mod segments;
mod syslog;
mod world;
