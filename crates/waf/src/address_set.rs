//! Sets of address ranges: small in memory, quick to ask.
//!
//! Two CIDR ranges overlap only if one holds the other, so what is left of a list when held ranges are dropped is disjoint.
//! The last range that begins at or before an address is then the only one that can hold it. A range takes 5 bytes for IPv4
//! and 9 or 17 for IPv6, and the index over them half a byte.

mod ranks;

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use ranks::Ranks;

/// A set of IPv4 and IPv6 addresses. An IPv4-mapped IPv6 address counts as the IPv4 address, and a range of such as a range
/// of those.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressSet {
    v4: Narrow,
    v6: Wide,
}

/// Disjoint IPv4 ranges in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Narrow {
    starts: Ranks<u32>,
    /// Of the prefixes.
    lengths: Vec<u8>,
}

/// Disjoint IPv6 ranges in ascending order, searched by the first half of their addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wide {
    high: Ranks<u64>,
    /// Of the prefixes.
    lengths: Vec<u8>,
    /// The second halves; empty if no prefix is longer than the first.
    low: Vec<u64>,
}

const LOW_BITS: u32 = 64;

impl AddressSet {
    /// Whether it holds an address.
    // Small enough to stand in its caller: an address of 17 bytes that is copied for a call is waited for until all before it
    // is done, which costs as much as the search.
    #[must_use]
    #[inline]
    pub fn contains(&self, address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(address) => self.v4.contains(address.to_bits()),
            IpAddr::V6(address) => self.v6.contains(address.to_bits()),
        }
    }

    /// How many ranges it has: as many as it was made from, without those within others.
    #[must_use]
    pub fn len(&self) -> usize {
        self.v4.lengths.len() + self.v6.lengths.len()
    }

    /// Whether it holds no address at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The memory it holds, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let Self { v4, v6 } = self;
        let lengths = v4.lengths.len() + v6.lengths.len();
        v4.starts.bytes() + v6.high.bytes() + size_of_val(v6.low.as_slice()) + lengths
    }

    /// Its ranges in ascending order, IPv4 first. No two of them overlap.
    pub fn ranges(&self) -> impl Iterator<Item = IpNet> + '_ {
        let v4 = (0..self.v4.lengths.len()).filter_map(|at| {
            let net = Ipv4Net::new(self.v4.starts.key(at)?.into(), self.v4.lengths[at]);
            net.ok().map(IpNet::from)
        });
        let v6 = (0..self.v6.lengths.len()).filter_map(|at| {
            let low = self.v6.low.get(at).copied().unwrap_or(0);
            let start = u128::from(self.v6.high.key(at)?) << LOW_BITS | u128::from(low);
            Ipv6Net::new(start.into(), self.v6.lengths[at]).ok().map(IpNet::from)
        });
        v4.chain(v6)
    }
}

impl FromIterator<IpNet> for AddressSet {
    fn from_iter<I: IntoIterator<Item = IpNet>>(ranges: I) -> Self {
        let mut v4 = Vec::new();
        let mut v6 = Vec::new();
        for range in ranges {
            match unmapped(range) {
                IpNet::V4(net) => v4.push((net.network().to_bits(), net.prefix_len())),
                IpNet::V6(net) => v6.push((net.network().to_bits(), net.prefix_len())),
            }
        }
        // Of ranges with the same beginning, the widest comes first.
        v4.sort_unstable();
        v6.sort_unstable();
        v4.dedup_by(|(start, _), (wide, length)| leading_equal(u128::from(*start ^ *wide) << 96, *length));
        v6.dedup_by(|(start, _), (wide, length)| leading_equal(*start ^ *wide, *length));
        Self { v4: Narrow::new(&v4), v6: Wide::new(&v6) }
    }
}

/// A range of IPv4-mapped addresses as the range of IPv4 addresses it is.
fn unmapped(range: IpNet) -> IpNet {
    /// Bits of an IPv4-mapped address before the IPv4 address.
    const MAPPED_BITS: u8 = 96;
    let IpNet::V6(net) = range else { return range };
    let address = net.addr().to_ipv4_mapped();
    let length = net.prefix_len().checked_sub(MAPPED_BITS);
    address.zip(length).and_then(|(address, length)| Ipv4Net::new(address, length).ok()).map_or(range, IpNet::from)
}

impl Narrow {
    fn new(ranges: &[(u32, u8)]) -> Self {
        let starts = ranges.iter().map(|(start, _)| *start).collect();
        Self { starts: Ranks::new(starts), lengths: ranges.iter().map(|(_, length)| *length).collect() }
    }

    #[inline(never)]
    fn contains(&self, address: u32) -> bool {
        let Some(at) = self.starts.rank(address).checked_sub(1) else { return false };
        self.starts.key(at).is_some_and(|start| (start ^ address).leading_zeros() >= u32::from(self.lengths[at]))
    }
}

impl Wide {
    fn new(ranges: &[(u128, u8)]) -> Self {
        let high = ranges.iter().map(|(start, _)| halves(*start).0).collect();
        let lengths: Vec<u8> = ranges.iter().map(|(_, length)| *length).collect();
        let low = if lengths.iter().any(|length| u32::from(*length) > LOW_BITS) {
            ranges.iter().map(|(start, _)| halves(*start).1).collect()
        } else {
            Vec::new()
        };
        Self { high: Ranks::new(high), lengths, low }
    }

    #[inline(never)]
    fn contains(&self, address: u128) -> bool {
        let (high, low) = halves(address);
        let Some(at) = self.high.rank(high).checked_sub(1) else { return false };
        let Some(start) = self.high.key(at) else { return false };
        let length = u32::from(self.lengths[at]);
        if length <= LOW_BITS {
            return (start ^ high).leading_zeros() >= length;
        }
        start == high && self.contains_low(at, high, low)
    }

    /// Whether one of the ranges with this first half, of which `last` is the last, holds the second.
    fn contains_low(&self, last: usize, high: u64, low: u64) -> bool {
        const NEAR: usize = 4;
        let near = last.saturating_sub(NEAR);
        // Where few share a first half, a second search for the first of them would cost more than a look back.
        let from = if self.high.key(near) == Some(high) {
            high.checked_sub(1).map_or(0, |before| self.high.rank(before))
        } else {
            near
        };
        let same = (from..=last).find(|at| self.high.key(*at) == Some(high)).unwrap_or(last);
        let Some(at) = self.low[same..=last].partition_point(|start| *start <= low).checked_sub(1) else {
            return false;
        };
        let at = same + at;
        LOW_BITS + (self.low[at] ^ low).leading_zeros() >= u32::from(self.lengths[at])
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the halves of 128 bits")]
fn halves(address: u128) -> (u64, u64) {
    ((address >> LOW_BITS) as u64, address as u64)
}

/// Whether two addresses, given what differs between them, have their first `length` bits in common.
fn leading_equal(difference: u128, length: u8) -> bool {
    difference.leading_zeros() >= u32::from(length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(ranges: &[&str]) -> AddressSet {
        ranges.iter().map(|range| range.parse::<IpNet>().unwrap()).collect()
    }

    #[test]
    fn holds_the_edges_of_its_ranges() {
        let set = set(&["10.0.0.0/8", "192.0.2.1/32", "2001:db8::/32", "255.255.255.255/32", "0.0.0.0/32"]);
        for inside in ["10.0.0.0", "10.255.255.255", "192.0.2.1", "2001:db8::", "255.255.255.255", "0.0.0.0"] {
            assert!(set.contains(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["9.255.255.255", "11.0.0.0", "192.0.2.0", "192.0.2.2", "2001:db9::", "::a00:1", "0.0.0.1"] {
            assert!(!set.contains(outside.parse().unwrap()), "{outside}");
        }
        assert!(set.contains("::ffff:10.1.2.3".parse().unwrap()));
        let mapped = AddressSet::from_iter(["::ffff:10.0.0.0/104".parse::<IpNet>().unwrap()]);
        assert!(mapped.contains("10.1.2.3".parse().unwrap()) && mapped.contains("::ffff:10.1.2.3".parse().unwrap()));
        assert!(!mapped.contains("11.0.0.0".parse().unwrap()) && !mapped.contains("::a00:1".parse().unwrap()));
        assert!(!set.is_empty() && AddressSet::from_iter([]).is_empty());
    }

    #[test]
    fn ranges_within_others_are_dropped() {
        let set = set(&[
            "10.0.0.0/9",
            "10.128.0.0/9",
            "10.1.0.0/16",
            "10.0.0.0/9",
            "2001:db8::/32",
            "2001:db8::1/128",
            "::/1",
        ]);
        let ranges: Vec<_> = set.ranges().map(|range| range.to_string()).collect();
        assert_eq!(ranges, ["10.0.0.0/9", "10.128.0.0/9", "::/1"]);
        assert_eq!(set.len(), 3);
    }

    /// Addresses that lie close together, so that ranges meet, touch and contain one another.
    fn range() -> impl Strategy<Value = IpNet> {
        let v4 = (any::<u16>(), 0_u8..=32)
            .prop_map(|(low, length)| (IpAddr::V4((0xC000_0000 | u32::from(low)).into()), length));
        let v6 = (0_u128..4, any::<u8>(), prop_oneof![0_u8..=128, 56_u8..=70, 120_u8..=128]).prop_map(
            |(high, low, length)| {
                let address = 0x2001_0db8 << 96 | high << LOW_BITS | u128::from(low);
                (IpAddr::V6(address.into()), length)
            },
        );
        prop_oneof![v4, v6].prop_map(|(address, length)| IpNet::new(address, length).unwrap().trunc())
    }

    proptest! {
        #[test]
        fn equals_a_search_through_the_ranges(
            ranges in prop::collection::vec(range(), 0..200),
            probes in prop::collection::vec(range(), 64),
        ) {
            let set: AddressSet = ranges.iter().copied().collect();
            let near = ranges.iter().flat_map(|range| [range.network(), range.broadcast(), after(range.broadcast())]);
            for address in probes.iter().map(IpNet::addr).chain(near) {
                prop_assert_eq!(set.contains(address), ranges.iter().any(|range| range.contains(&address)), "{}", address);
                let listed = set.ranges().any(|range| range.contains(&address));
                prop_assert_eq!(set.contains(address), listed, "{}", address);
            }
        }
    }

    fn after(address: IpAddr) -> IpAddr {
        match address {
            IpAddr::V4(address) => IpAddr::V4(address.to_bits().wrapping_add(1).into()),
            IpAddr::V6(address) => IpAddr::V6(address.to_bits().wrapping_add(1).into()),
        }
    }
}
