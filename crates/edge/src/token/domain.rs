//! Whose tokens are good where: the host a request is for, and the domains a policy lists.
//!
//! Source: AWS WAF Developer Guide, "Specifying token domains and domain lists in AWS WAF": the host itself, exactly; listed
//! domains with their subdomains.

use std::borrow::Cow;

/// The host of a `Host` field: lowercase, without port and without the dot of the root.
pub(super) fn host_of(field: &str) -> Cow<'_, str> {
    let without_port = match field.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !ends_open(host) => host,
        _ => field,
    };
    let host = without_port.strip_suffix('.').unwrap_or(without_port);
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    }
}

/// Whether a bracket of an IPv6 address stands open, so that the colon is one of the address.
fn ends_open(host: &str) -> bool {
    host.starts_with('[') && !host.ends_with(']')
}

/// Whether `host` is `domain` or below it.
fn is_within(host: &str, domain: &str) -> bool {
    match host.strip_suffix(domain) {
        Some("") => true,
        Some(before) => before.ends_with('.'),
        None => false,
    }
}

/// Whether a token of `domain` is good for requests to `host`.
pub(super) fn is_accepted(domain: &str, host: &str, listed: &[String]) -> bool {
    domain == host || listed.iter().any(|listed| is_within(domain, listed))
}

/// The domain a token got at `host` is for: the shortest listed one that the host is in, or the host.
pub(super) fn domain_for<'a>(host: &'a str, listed: &'a [String]) -> &'a str {
    let around = listed.iter().map(String::as_str).filter(|listed| is_within(host, listed));
    around.chain([host]).min_by_key(|domain| domain.len()).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_without_port_and_case() {
        for (field, host) in [
            ("Shop.Example:8080", "shop.example"),
            ("shop.example.", "shop.example"),
            ("127.0.0.1:80", "127.0.0.1"),
            ("[::1]:80", "[::1]"),
            ("[::1]", "[::1]"),
            ("", ""),
        ] {
            assert_eq!(host_of(field), host);
        }
    }

    #[test]
    fn listed_domains_hold_with_their_subdomains_and_the_host_alone() {
        let listed = ["example.com".to_owned()];
        for (domain, host, accepted) in [
            ("example.com", "shop.example.org", true),
            ("api.example.com", "shop.example.org", true),
            ("apiexample.com", "shop.example.org", false),
            ("example.api.com", "shop.example.org", false),
            ("shop.example.org", "shop.example.org", true),
            ("example.org", "shop.example.org", false),
            ("a.shop.example.org", "shop.example.org", false),
        ] {
            assert_eq!(is_accepted(domain, host, &listed), accepted, "{domain}");
        }
        assert!(!is_accepted("example.com", "other.example", &[]));
    }

    #[test]
    fn a_token_is_for_the_widest_listed_domain_around_its_host() {
        let listed = ["shop.example.com".to_owned(), "example.com".to_owned(), "example.org".to_owned()];
        assert_eq!(domain_for("www.shop.example.com", &listed), "example.com");
        assert_eq!(domain_for("example.net", &listed), "example.net");
        assert_eq!(domain_for("127.0.0.1", &[]), "127.0.0.1");
    }
}
