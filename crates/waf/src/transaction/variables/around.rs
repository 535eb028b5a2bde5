//! What of a transaction is not in its bytes.

use std::net::IpAddr;

/// The connection and the number of a transaction.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// `UNIQUE_ID`.
    pub unique_id: &'a str,
    /// `SERVER_ADDR`: the address the client reached, if it is known.
    pub server_address: Option<IpAddr>,
    /// `SERVER_PORT`.
    pub server_port: u16,
    /// `REMOTE_PORT`.
    pub remote_port: u16,
}
