//! What a route is chosen by: a pattern of hosts and a prefix of paths.

/// Which hosts a route serves. Always lowercase, never with a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// Every host.
    Any,
    /// This one.
    Exact(String),
    /// Every host below this domain, at any depth, but not the domain itself. Written `*.domain`.
    Below(String),
}

/// Which paths a route serves: those that are the prefix, or go on with `/` after it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PathPrefix(String);

/// Why a pattern is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// The host has an octet no host name has, or is empty.
    #[error("`{0}` is not a host name, `*.` and a host name, or `*`")]
    Host(String),
    /// The path does not begin with `/`, or has an octet no path has.
    #[error("`{0}` is not a path beginning with `/`")]
    Path(String),
}

impl HostPattern {
    /// Reads `*`, `*.example.com`, or a host name or address.
    ///
    /// # Errors
    ///
    /// If `text` is none of these.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let lowercase = text.to_ascii_lowercase();
        let (name, below) = match lowercase.strip_prefix("*.") {
            Some(domain) => (domain, true),
            None => (lowercase.as_str(), false),
        };
        let octets = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        let address = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let valid = match address {
            Some(address) => !below && address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => !name.is_empty() && !name.starts_with('.') && name.bytes().all(octets),
        };
        if !valid {
            return Err(PatternError::Host(text.to_owned()));
        }
        Ok(if below { Self::Below(name.to_owned()) } else { Self::Exact(name.to_owned()) })
    }
}

impl PathPrefix {
    /// Reads a prefix; a trailing `/` means the same as none.
    ///
    /// # Errors
    ///
    /// If it does not begin with `/`, or holds `?`, `#`, white space, controls or non-ASCII bytes.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let octets = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#');
        if !text.starts_with('/') || !text.bytes().all(octets) {
            return Err(PatternError::Path(text.to_owned()));
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }

    /// The prefix without a trailing `/`: empty for the root.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `path` is under this prefix.
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        path.strip_prefix(self.0.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            || self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_at_a_segment() {
        let prefix = PathPrefix::parse("/api/").unwrap();
        assert!(prefix.covers("/api") && prefix.covers("/api/") && prefix.covers("/api/v1"));
        assert!(!prefix.covers("/apis") && !prefix.covers("/"));
        assert!(PathPrefix::parse("/").unwrap().covers("*"));
    }

    #[test]
    fn patterns_that_cannot_match_are_refused() {
        for text in ["", "*.", "a b", "host:80", "*.*", "[::1", "*.[::1]", ".example"] {
            assert!(HostPattern::parse(text).is_err(), "{text}");
        }
        for text in ["", "api", "/a?b", "/a b", "/é"] {
            assert!(PathPrefix::parse(text).is_err(), "{text}");
        }
        assert_eq!(HostPattern::parse("*.Example.COM").unwrap(), HostPattern::Below("example.com".to_owned()));
        assert_eq!(HostPattern::parse("[::1]").unwrap(), HostPattern::Exact("[::1]".to_owned()));
    }
}
