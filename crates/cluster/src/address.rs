//! Where a cluster is asked.

use std::fmt;
use std::str::FromStr;

use url::Url;

use crate::error::ClusterError;

/// Scheme of addresses.
const SCHEME: &str = "df";
/// Where a scheduler listens unless told otherwise, as Ballista's own does.
pub(crate) const PORT: u16 = 50050;

/// `df://HOST:PORT`: a scheduler. Without a port, 50050.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterAddress {
    /// As it stands in a URL: an IPv6 address is in brackets.
    host: String,
    port: u16,
}

impl ClusterAddress {
    /// As it stands in a URL: an IPv6 address is in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What the RPC library wants.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}:{}", self.host, self.port)
    }
}

impl FromStr for ClusterAddress {
    type Err = ClusterError;

    fn from_str(given: &str) -> Result<Self, ClusterError> {
        let wrong = || ClusterError::Address(given.to_owned());
        let url = Url::parse(given).map_err(|_| wrong())?;
        let is_bare = matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        let host = url.host_str().filter(|host| !host.is_empty() && is_bare && url.scheme() == SCHEME);
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-._:[]".contains(letter);
        let host = host.filter(|host| host.chars().all(is_plain)).ok_or_else(wrong)?.to_owned();
        Ok(Self { host, port: url.port().unwrap_or(PORT) })
    }
}

impl fmt::Display for ClusterAddress {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{SCHEME}://{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port_and_nothing_else() {
        for (given, host, port) in [
            ("df://127.0.0.1:50050", "127.0.0.1", 50050),
            ("df://scheduler.example:6000/", "scheduler.example", 6000),
            ("df://scheduler", "scheduler", 50050),
            ("df://[::1]:7", "[::1]", 7),
        ] {
            let address: ClusterAddress = given.parse().unwrap();
            assert_eq!((address.host(), address.port()), (host, port), "{given}");
            assert_eq!(address.to_string().parse::<ClusterAddress>().unwrap(), address);
        }
        for wrong in [
            "",
            "df://",
            "df:",
            "http://host:1",
            "host:50050",
            "df://host:70000",
            "df://host/path",
            "df://host?x=1",
            "df://user@host",
            "df://user:secret@host",
            "df://ho st",
            "df://host%00",
            "df://host#x",
        ] {
            assert!(wrong.parse::<ClusterAddress>().is_err(), "{wrong}");
        }
    }
}
