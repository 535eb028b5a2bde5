//! The one network rule of this crate: nothing here listens on, or sends to, anything but this machine.
//!
//! The shop is vulnerable on purpose and the demo carries real attacks, so both ends take their address through
//! [`Loopback`] and refuse any other by name.

use std::fmt;
use std::net::SocketAddr;

/// An address on the loopback interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Loopback(SocketAddr);

/// Why an address was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoopbackError {
    /// The address belongs to a network others can reach.
    #[error("{0} is not a loopback address: the sample shop is vulnerable on purpose and stays on this machine")]
    NotLoopback(SocketAddr),
    /// The text is not `http://` followed by an IP address and a port.
    #[error("{0:?} is not a base URL of the form http://127.0.0.1:8080")]
    NotBaseUrl(String),
}

impl Loopback {
    /// Takes an address that others cannot reach.
    ///
    /// # Errors
    ///
    /// [`LoopbackError::NotLoopback`] for every other address, the unspecified one (`0.0.0.0`) included.
    pub fn new(address: SocketAddr) -> Result<Self, LoopbackError> {
        let ip = address.ip().to_canonical();
        if ip.is_loopback() { Ok(Self(address)) } else { Err(LoopbackError::NotLoopback(address)) }
    }

    /// Reads a base URL such as `http://127.0.0.1:8080`, with or without the last slash.
    ///
    /// Names are not resolved, so a name can never lead elsewhere.
    ///
    /// # Errors
    ///
    /// [`LoopbackError::NotBaseUrl`] for another scheme, a name, a path or a missing port;
    /// [`LoopbackError::NotLoopback`] as [`Loopback::new`].
    pub fn from_base_url(url: &str) -> Result<Self, LoopbackError> {
        let authority = url.strip_prefix("http://").map(|rest| rest.strip_suffix('/').unwrap_or(rest));
        let address = authority.and_then(|text| text.parse().ok());
        address.map_or_else(|| Err(LoopbackError::NotBaseUrl(url.to_owned())), Self::new)
    }

    /// The address itself.
    #[must_use]
    pub const fn address(self) -> SocketAddr {
        self.0
    }
}

/// Prints the base URL without a last slash.
impl fmt::Display for Loopback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Loopback, LoopbackError};

    #[test]
    fn reachable_addresses_are_refused_by_name() {
        for text in ["0.0.0.0:80", "192.168.0.1:80", "[::]:80", "[2001:db8::1]:80", "[::ffff:10.0.0.1]:80"] {
            let error = Loopback::new(text.parse().unwrap()).unwrap_err();
            assert!(error.to_string().contains(text), "{error}");
        }
    }

    #[test]
    fn loopback_base_urls_are_read() {
        for url in ["http://127.0.0.1:8080", "http://127.0.0.1:8080/", "http://[::1]:80", "http://127.9.9.9:1"] {
            assert_eq!(Loopback::from_base_url(url).unwrap().to_string(), url.trim_end_matches('/'));
        }
    }

    #[test]
    fn names_paths_and_other_schemes_are_refused() {
        for url in ["https://127.0.0.1:1", "http://localhost:80", "http://127.0.0.1", "http://127.0.0.1:1/x", ""] {
            assert_eq!(Loopback::from_base_url(url), Err(LoopbackError::NotBaseUrl(url.to_owned())));
        }
    }
}
