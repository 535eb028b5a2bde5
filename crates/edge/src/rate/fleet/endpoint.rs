//! Where the fleet's store is, and what is said to be let in.

use std::fmt;
use std::path::PathBuf;

/// The port of a store unless its URL names another.
const PORT_DEFAULT: u16 = 6379;

/// A Valkey or Redis server.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name or address.
    pub(super) host: String,
    pub(super) port: u16,
    /// Whether TLS is spoken.
    pub(super) tls: bool,
    /// The authorities its certificate is checked against; the Web's if none.
    pub(super) authorities: Option<PathBuf>,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    pub(super) database: u32,
}

/// Why text is no URL of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Neither of the two schemes.
    #[error("a store's URL begins with redis:// or rediss://")]
    Scheme,
    /// There is a password in it.
    #[error("a store's URL must not hold a password")]
    Password,
    /// No host, or one that is none.
    #[error("the URL names no host")]
    Host,
    /// The port is none.
    #[error("the URL's port is no number from 1 to 65535")]
    Port,
    /// The path is no number.
    #[error("the URL's path is not the number of a database")]
    Database,
}

impl Endpoint {
    /// Reads `redis://[user@]host[:port][/database]`, or `rediss://` for TLS.
    ///
    /// # Errors
    ///
    /// If it is not that. A password is not taken here, where it would be shown with the rest.
    pub fn parse(url: &str) -> Result<Self, EndpointError> {
        // Before anything else: whatever else is wrong, the URL is shown then.
        let anywhere = url.split_once("://").map_or(url, |(_, rest)| rest);
        if anywhere.rsplit_once('@').is_some_and(|(user, _)| user.contains(':')) {
            return Err(EndpointError::Password);
        }
        let (tls, rest) = match (url.strip_prefix("redis://"), url.strip_prefix("rediss://")) {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => return Err(EndpointError::Scheme),
        };
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (username, place) = match authority.rsplit_once('@') {
            Some((user, place)) => (Some(user.to_owned()).filter(|user| !user.is_empty()), place),
            None => (None, authority),
        };
        // An IPv6 address stands in brackets.
        let (host, port) = match place.strip_prefix('[') {
            Some(inner) => inner.split_once(']').ok_or(EndpointError::Host)?,
            None => place.split_at(place.find(':').unwrap_or(place.len())),
        };
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
        if host.is_empty() || !host.bytes().all(is_name) {
            return Err(EndpointError::Host);
        }
        let port = match port.strip_prefix(':') {
            Some(port) => port.parse().ok().filter(|&port| port != 0).ok_or(EndpointError::Port)?,
            None if port.is_empty() => PORT_DEFAULT,
            None => return Err(EndpointError::Port),
        };
        let database = if database.is_empty() { Ok(0) } else { database.parse() };
        Ok(Self {
            host: host.to_owned(),
            port,
            tls,
            authorities: None,
            username,
            password: None,
            database: database.map_err(|_| EndpointError::Database)?,
        })
    }

    /// With the password that lets in.
    #[must_use]
    pub fn with_password(mut self, password: Option<String>) -> Self {
        self.password = password;
        self
    }

    /// With a file of authorities that the server's certificate is checked against.
    #[must_use]
    pub fn with_authorities(mut self, authorities: Option<PathBuf>) -> Self {
        self.authorities = authorities;
        self
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "rediss" } else { "redis" };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}/{}", self.host, self.port, self.database)
        } else {
            write!(f, "{scheme}://{}:{}/{}", self.host, self.port, self.database)
        }
    }
}

impl fmt::Debug for Endpoint {
    /// As [`fmt::Display`]: the password is never shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_a_host_and_more() {
        for (url, expected, username) in [
            ("redis://127.0.0.1", "redis://127.0.0.1:6379/0", None),
            ("redis://store.internal:7000/3", "redis://store.internal:7000/3", None),
            ("rediss://edge@store", "rediss://store:6379/0", Some("edge")),
            ("redis://[::1]:6400/", "redis://[::1]:6400/0", None),
        ] {
            let endpoint = Endpoint::parse(url).unwrap();
            assert_eq!((endpoint.to_string().as_str(), endpoint.username.as_deref()), (expected, username));
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        for (url, error) in [
            ("http://a", EndpointError::Scheme),
            ("redis://:secret@a", EndpointError::Password),
            ("redis://user:secret@a", EndpointError::Password),
            ("redis://user:sec/ret@a", EndpointError::Password),
            ("redis://user:s@c/ret@a:0", EndpointError::Password),
            ("valkey://:secret@a", EndpointError::Password),
            (":secret@a", EndpointError::Password),
            ("redis://", EndpointError::Host),
            ("redis:///1", EndpointError::Host),
            ("redis://[::1", EndpointError::Host),
            ("redis://a b", EndpointError::Host),
            ("redis://a:0", EndpointError::Port),
            ("redis://a:70000", EndpointError::Port),
            ("redis://[::1]x", EndpointError::Port),
            ("redis://a/x", EndpointError::Database),
        ] {
            assert_eq!(Endpoint::parse(url).unwrap_err(), error, "{url}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let endpoint = Endpoint::parse("redis://a").unwrap().with_password(Some("s3cret".to_owned()));
        assert!(!format!("{endpoint:?} {endpoint}").contains("s3cret"));
    }
}
