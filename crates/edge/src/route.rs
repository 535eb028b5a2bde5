//! Which target a request goes to: by host first, then by the longest path prefix.
//!
//! Built once from [`crate::settings::Route`]s and swapped whole. It looks at the raw path; a target that decodes paths
//! (static pages) refuses dot segments itself, so no decoding reaches across routes.

use std::collections::HashMap;
use std::sync::Arc;

use crate::settings::{HostPattern, PathPrefix, Route};

/// Routes in the order they are tried.
#[derive(Debug)]
pub(crate) struct RouteTable<T> {
    exact: HashMap<String, Paths<T>>,
    /// Longest domain first.
    below: Vec<(String, Paths<T>)>,
    any: Paths<T>,
}

/// The prefixes of one host pattern, longest first.
type Paths<T> = Vec<(PathPrefix, Arc<T>)>;

impl<T> RouteTable<T> {
    /// Builds the table, making each route's target with `target`. Of two routes alike, the first stands.
    pub(crate) fn new<E>(routes: &[Route], mut target: impl FnMut(&Route) -> Result<Arc<T>, E>) -> Result<Self, E> {
        let mut table = Self { exact: HashMap::new(), below: Vec::new(), any: Vec::new() };
        for route in routes {
            let target = target(route)?;
            table.paths_of(&route.host).push((route.path.clone(), target));
        }
        let sort = |paths: &mut Paths<T>| paths.sort_by_key(|(path, _)| std::cmp::Reverse(path.as_str().len()));
        table.exact.values_mut().for_each(sort);
        table.below.iter_mut().for_each(|(_, paths)| sort(paths));
        sort(&mut table.any);
        table.below.sort_by_key(|(domain, _)| std::cmp::Reverse(domain.len()));
        Ok(table)
    }

    fn paths_of(&mut self, host: &HostPattern) -> &mut Paths<T> {
        match host {
            HostPattern::Any => &mut self.any,
            HostPattern::Exact(name) => self.exact.entry(name.clone()).or_default(),
            HostPattern::Below(domain) => {
                let at = self.below.iter().position(|(known, _)| known == domain).unwrap_or_else(|| {
                    self.below.push((domain.clone(), Vec::new()));
                    self.below.len() - 1
                });
                &mut self.below[at].1
            }
        }
    }

    /// All targets.
    pub(crate) fn targets(&self) -> impl Iterator<Item = &Arc<T>> {
        let below = self.below.iter().map(|(_, paths)| paths);
        self.exact.values().chain(below).chain(std::iter::once(&self.any)).flatten().map(|(_, target)| target)
    }

    /// The target of a request for `host` (its port, if any, plays no part) and `path`.
    ///
    /// The most particular host pattern that has a fitting prefix decides; among its prefixes, the longest.
    pub(crate) fn find(&self, host: &str, path: &str) -> Option<&Arc<T>> {
        let pick = |paths: &'_ Paths<T>| paths.iter().position(|(prefix, _)| prefix.covers(path));
        if self.exact.is_empty() && self.below.is_empty() {
            return pick(&self.any).map(|at| &self.any[at].1);
        }
        let host = without_port(host).trim_end_matches('.');
        // Host names are short and nearly always lowercase already.
        let lowercase;
        let host = if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
            lowercase = host.to_ascii_lowercase();
            lowercase.as_str()
        } else {
            host
        };
        let exact = self.exact.get(host).into_iter();
        let below = self.below.iter().filter(|(domain, _)| is_below(host, domain)).map(|(_, paths)| paths);
        exact.chain(below).chain(std::iter::once(&self.any)).find_map(|paths| pick(paths).map(|at| &paths[at].1))
    }
}

/// A host without its port; brackets of an IPv6 address stay.
pub(crate) fn without_port(host: &str) -> &str {
    match host.rfind(':') {
        Some(colon) if host[colon..].bytes().skip(1).all(|byte| byte.is_ascii_digit()) && !host.ends_with(']') => {
            &host[..colon]
        }
        _ => host,
    }
}

fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Target;

    fn table(routes: &[(&str, &str, &str)]) -> RouteTable<String> {
        let routes: Vec<Route> = routes
            .iter()
            .map(|(host, path, name)| Route {
                host: HostPattern::parse(host).unwrap(),
                path: PathPrefix::parse(path).unwrap(),
                target: Target::Pages { directory: name.into() },
            })
            .collect();
        let target = |route: &Route| match &route.target {
            Target::Pages { directory } => Ok::<_, ()>(Arc::new(directory.display().to_string())),
            Target::Upstream(_) => Err(()),
        };
        RouteTable::new(&routes, target).unwrap()
    }

    #[test]
    fn the_longest_prefix_of_the_most_particular_host_wins() {
        let table = table(&[
            ("*", "/", "any"),
            ("*", "/api", "any-api"),
            ("shop.example", "/", "shop"),
            ("shop.example", "/api/v2", "shop-v2"),
            ("*.example", "/", "wild"),
            ("*.eu.example", "/x", "wild-eu"),
        ]);
        let found = |host, path| table.find(host, path).map(|target| target.as_str());
        assert_eq!(found("other.org", "/api/1"), Some("any-api"));
        assert_eq!(found("SHOP.example:8443", "/api"), Some("shop"));
        assert_eq!(found("shop.example.", "/api/v2/x"), Some("shop-v2"));
        assert_eq!(found("a.eu.example", "/x/y"), Some("wild-eu"));
        assert_eq!(found("a.eu.example", "/y"), Some("wild"));
        assert_eq!(found("example", "/"), Some("any"));
        assert_eq!(found("notexample", "/"), Some("any"));
        assert_eq!(found("", "/"), Some("any"));
    }

    #[test]
    fn a_request_outside_all_routes_has_no_target() {
        let table = table(&[("a.example", "/only", "a")]);
        assert!(table.find("a.example", "/").is_none());
        assert!(table.find("b.example", "/only").is_none());
        assert!(table.find("[::1]:80", "/only").is_none());
    }

    #[test]
    fn a_port_is_cut_off_and_an_address_is_not() {
        assert_eq!(without_port("[::1]:80"), "[::1]");
        assert_eq!(without_port("[::1]"), "[::1]");
        assert_eq!(without_port("a:80"), "a");
        assert_eq!(without_port("a"), "a");
    }
}
