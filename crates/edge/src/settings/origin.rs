//! The address of an origin server.

use http::HeaderValue;
use http::uri::{Authority, Scheme, Uri};

/// Where an origin listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    tls: bool,
    host: String,
    port: u16,
    authority: Authority,
}

/// Why a text is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// Not a URI.
    #[error("`{0}` is not a URL such as http://127.0.0.1:3000")]
    Uri(String),
    /// Neither `http` nor `https`.
    #[error("`{0}` begins with neither http:// nor https://")]
    Scheme(String),
    /// A path, query, or user name, which an origin cannot have.
    #[error("`{0}` has more than a scheme, a host and a port")]
    Extra(String),
}

impl Origin {
    /// Reads `http://host[:port]` or `https://host[:port]`.
    ///
    /// # Errors
    ///
    /// If `text` is anything else, or more.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let uri: Uri = text.parse().map_err(|_| OriginError::Uri(text.to_owned()))?;
        let tls = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => false,
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            _ => return Err(OriginError::Scheme(text.to_owned())),
        };
        let authority = uri.authority().ok_or_else(|| OriginError::Uri(text.to_owned()))?.clone();
        if uri.path() != "/" || uri.query().is_some() || authority.as_str().contains('@') {
            return Err(OriginError::Extra(text.to_owned()));
        }
        // Not `Authority::port`: it takes a port that is no number for none.
        let port = match authority.as_str()[authority.host().len()..].strip_prefix(':') {
            None if tls => 443,
            None => 80,
            Some(digits) => match digits.parse() {
                Ok(0) | Err(_) => return Err(OriginError::Uri(text.to_owned())),
                Ok(port) => port,
            },
        };
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(OriginError::Uri(text.to_owned()));
        }
        Ok(Self { tls, host, port, authority })
    }

    /// Whether TLS is spoken.
    #[must_use]
    pub fn tls(&self) -> bool {
        self.tls
    }

    /// The host, without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Host and port as written.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The authority as the value of a `Host` field.
    #[must_use]
    pub fn host_value(&self) -> HeaderValue {
        HeaderValue::from_str(self.authority.as_str()).expect("an authority holds only visible ASCII")
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", if self.tls { "https" } else { "http" }, self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let origin = Origin::parse("http://127.0.0.1:3000").unwrap();
        assert_eq!((origin.tls(), origin.host(), origin.port()), (false, "127.0.0.1", 3000));
        let origin = Origin::parse("https://[::1]/").unwrap();
        assert_eq!((origin.tls(), origin.host(), origin.port()), (true, "::1", 443));
    }

    #[test]
    fn anything_else_is_refused_with_its_reason() {
        for text in
            ["127.0.0.1:3000", "ftp://a", "http://", "http://a:99999", "http://a:0", "http://a/b", "http://u@a", ""]
        {
            assert!(Origin::parse(text).is_err(), "{text}");
        }
    }
}
