//! Feeds against real files, sockets and services; stopped, killed and gone on with.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod digest;
mod files;
mod firehose;
mod moto;
mod real;
mod s3;
mod syslog;
mod world;
