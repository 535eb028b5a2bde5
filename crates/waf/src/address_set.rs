//! Sets of address ranges: small in memory, quick to ask.
//!
//! Ranges are merged into disjoint intervals, and of those only the boundaries are kept: the first address of each, and
//! the first after it. An address is in the set if the number of boundaries at or before it is odd. A boundary takes 4
//! bytes for IPv4 and 8 or 16 for IPv6, so that a million ranges take some 20 MB.

mod ranks;

use std::net::IpAddr;

use ipnet::IpNet;

use ranks::Ranks;

/// A set of IPv4 and IPv6 addresses. An IPv4-mapped IPv6 address counts as the IPv4 address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressSet {
    v4: Ranks<u32>,
    v6: WideBoundaries,
}

impl AddressSet {
    /// Whether it holds an address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let boundaries = match address.to_canonical() {
            IpAddr::V4(address) => self.v4.rank(address.to_bits()),
            IpAddr::V6(address) => self.v6.rank(address.to_bits()),
        };
        boundaries % 2 == 1
    }

    /// Whether it holds no address at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.v4.len() == 0 && self.v6.high.len() == 0
    }

    /// The memory it holds, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.v4.bytes() + self.v6.high.bytes() + size_of_val(self.v6.low.as_slice())
    }

    /// Its intervals, first and last address of each, in ascending order, IPv4 first. No two of them touch.
    pub fn intervals(&self) -> impl Iterator<Item = (IpAddr, IpAddr)> + '_ {
        let v4 = (0..self.v4.len()).step_by(2).filter_map(|at| {
            let last = self.v4.key(at + 1).map_or(u32::MAX, |after| after - 1);
            Some((IpAddr::V4(self.v4.key(at)?.into()), IpAddr::V4(last.into())))
        });
        let v6 = (0..self.v6.high.len()).step_by(2).filter_map(|at| {
            let last = self.v6.boundary(at + 1).map_or(u128::MAX, |after| after - 1);
            Some((IpAddr::V6(self.v6.boundary(at)?.into()), IpAddr::V6(last.into())))
        });
        v4.chain(v6)
    }
}

impl FromIterator<IpNet> for AddressSet {
    fn from_iter<I: IntoIterator<Item = IpNet>>(ranges: I) -> Self {
        let mut v4 = Vec::new();
        let mut v6 = Vec::new();
        for range in ranges {
            match range {
                IpNet::V4(net) => v4.push((net.network().to_bits(), net.broadcast().to_bits())),
                IpNet::V6(net) => v6.push((net.network().to_bits(), net.broadcast().to_bits())),
            }
        }
        let v4 = boundaries(v4, |last| last.checked_add(1));
        let v6 = boundaries(v6, |last| last.checked_add(1));
        Self { v4: Ranks::new(v4), v6: WideBoundaries::new(&v6) }
    }
}

/// IPv6 boundaries, searched by their first 64 bits; the rest is looked at only where those are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
struct WideBoundaries {
    high: Ranks<u64>,
    /// Parallel to the keys of `high`; empty if all are zero, as they are where no range is longer than /64.
    low: Vec<u64>,
}

const LOW_BITS: u32 = 64;

impl WideBoundaries {
    fn new(boundaries: &[u128]) -> Self {
        let high: Vec<u64> = boundaries.iter().copied().map(|boundary| halves(boundary).0).collect();
        let low = boundaries.iter().copied().map(|boundary| halves(boundary).1);
        let low = if low.clone().all(|low| low == 0) { Vec::new() } else { low.collect() };
        Self { high: Ranks::new(high), low }
    }

    fn rank(&self, address: u128) -> usize {
        let (high, low) = halves(address);
        let rank = self.high.rank(high);
        if self.low.is_empty() || rank.checked_sub(1).and_then(|last| self.high.key(last)) != Some(high) {
            return rank;
        }
        let equal_from = high.checked_sub(1).map_or(0, |before| self.high.rank(before));
        equal_from + self.low[equal_from..rank].partition_point(|&boundary| boundary <= low)
    }

    fn boundary(&self, at: usize) -> Option<u128> {
        let high = self.high.key(at)?;
        Some(u128::from(high) << LOW_BITS | u128::from(self.low.get(at).copied().unwrap_or(0)))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the halves of 128 bits")]
fn halves(address: u128) -> (u64, u64) {
    ((address >> LOW_BITS) as u64, address as u64)
}

/// The boundaries of the union of closed intervals; `after` is the next number, if there is one.
fn boundaries<T: Copy + Ord>(mut intervals: Vec<(T, T)>, after: impl Fn(T) -> Option<T>) -> Vec<T> {
    intervals.sort_unstable();
    let mut boundaries = Vec::with_capacity(intervals.len() * 2);
    let mut open: Option<(T, T)> = None;
    for (first, last) in intervals {
        match &mut open {
            Some((_, open_last)) if after(*open_last).is_none_or(|next| first <= next) => {
                *open_last = last.max(*open_last);
            }
            _ => {
                if let Some((_, open_last)) = open {
                    boundaries.extend(after(open_last));
                }
                boundaries.push(first);
                open = Some((first, last));
            }
        }
    }
    boundaries.extend(open.and_then(|(_, last)| after(last)));
    boundaries
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
        assert!(!set.is_empty() && AddressSet::from_iter([]).is_empty());
    }

    #[test]
    fn ranges_that_touch_become_one_interval() {
        let set = set(&["10.0.0.0/9", "10.128.0.0/9", "255.255.255.254/31", "2001:db8::/65", "ffff::/16"]);
        let intervals: Vec<_> = set.intervals().map(|(first, last)| format!("{first}-{last}")).collect();
        assert_eq!(
            intervals,
            [
                "10.0.0.0-10.255.255.255",
                "255.255.255.254-255.255.255.255",
                "2001:db8::-2001:db8::7fff:ffff:ffff:ffff",
                "ffff::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            ]
        );
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
                let listed = set.intervals().any(|(first, last)| first <= address && address <= last);
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
