//! Which addresses a condition looks at: the client's, or those a forwarding header reports.

use std::net::IpAddr;

use crate::Request;
use crate::ir::{AddressSource, ForwardedPosition};

/// With position ANY, this many of the last addresses are looked at.
///
/// Source: AWS WAF Developer Guide, "Using forwarded IP addresses".
const ANY_ADDRESSES_MAX: usize = 10;

/// The addresses of one source in one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Addresses {
    found: [Option<IpAddr>; ANY_ADDRESSES_MAX],
}

impl Addresses {
    /// The valid ones, in header order; none if the header has no valid address in the position asked for.
    pub(crate) fn iter(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.found.iter().flatten().copied()
    }

    /// The first, for conditions and keys that take only one.
    pub(crate) fn first(&self) -> Option<IpAddr> {
        self.iter().next()
    }
}

/// Whether the header that `source` needs is there. Without it, the whole rule is not applied.
pub(crate) fn forwarded_present(source: &AddressSource, request: &Request<'_>) -> bool {
    match source {
        AddressSource::Client => true,
        AddressSource::Forwarded { header, .. } => request.headers.iter().any(|field| field.is(header)),
    }
}

/// The addresses that `source` names in `request`.
pub(crate) fn select(source: &AddressSource, request: &Request<'_>) -> Addresses {
    let mut found = [None; ANY_ADDRESSES_MAX];
    match source {
        AddressSource::Client => found[0] = Some(request.client.ip),
        AddressSource::Forwarded { header, position, .. } => {
            let fields = request.headers.iter().filter(|field| field.is(header));
            let mut listed = fields.flat_map(|field| field.value.split(|&byte| byte == b','));
            match position {
                ForwardedPosition::First => found[0] = listed.next().and_then(parse),
                ForwardedPosition::Last => found[0] = listed.last().and_then(parse),
                ForwardedPosition::Any => {
                    let count = listed.clone().count();
                    let last = listed.skip(count.saturating_sub(ANY_ADDRESSES_MAX));
                    for (slot, text) in found.iter_mut().zip(last) {
                        *slot = parse(text);
                    }
                }
            }
        }
    }
    Addresses { found }
}

fn parse(text: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(text.trim_ascii()).ok()?.parse().ok()
}
