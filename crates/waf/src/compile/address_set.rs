//! A set of address ranges as sorted, merged intervals with an index over their leading bits.

use std::net::IpAddr;

use ipnet::IpNet;

/// Membership of IPv4 and IPv6 addresses. An IPv4-mapped IPv6 address counts as the IPv4 address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AddressSet {
    v4: Intervals<u32>,
    v6: Intervals<u128>,
}

impl AddressSet {
    pub(super) fn new(ranges: &[IpNet]) -> Self {
        let mut v4 = Vec::new();
        let mut v6 = Vec::new();
        for range in ranges {
            match range {
                IpNet::V4(net) => v4.push((net.network().to_bits(), net.broadcast().to_bits())),
                IpNet::V6(net) => v6.push((net.network().to_bits(), net.broadcast().to_bits())),
            }
        }
        Self { v4: Intervals::new(v4), v6: Intervals::new(v6) }
    }

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(address) => self.v4.contains(address.to_bits()),
            IpAddr::V6(address) => self.v6.contains(address.to_bits()),
        }
    }
}

/// Disjoint closed intervals in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Intervals<T> {
    starts: Vec<T>,
    ends: Vec<T>,
    /// For sets worth it: how many intervals start below each value of the leading 16 bits (65,537 entries).
    below: Vec<u32>,
}

/// From this many intervals on, an index over the leading bits pays for its 256 KiB.
const INDEXED_FROM: usize = 1024;
const LEADING: usize = 1 << 16;

/// An address as a number.
trait Bits: Copy + Ord {
    /// Its leading 16 bits.
    fn leading(self) -> usize;
    /// The number after it, if there is one.
    fn next(self) -> Option<Self>;
}

impl Bits for u32 {
    fn leading(self) -> usize {
        (self >> 16) as usize
    }

    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

impl Bits for u128 {
    fn leading(self) -> usize {
        usize::try_from(self >> 112).expect("16 bits fit")
    }

    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

impl<T: Bits> Intervals<T> {
    fn new(mut ranges: Vec<(T, T)>) -> Self {
        ranges.sort_unstable();
        let mut merged: Vec<(T, T)> = Vec::with_capacity(ranges.len());
        for (start, end) in ranges {
            match merged.last_mut() {
                Some(last) if last.1.next().is_none_or(|next| start <= next) => last.1 = last.1.max(end),
                _ => merged.push((start, end)),
            }
        }
        let mut below = Vec::new();
        if merged.len() >= INDEXED_FROM {
            below = vec![0_u32; LEADING + 1];
            for (start, _) in &merged {
                below[start.leading() + 1] += 1;
            }
            for at in 1..below.len() {
                below[at] += below[at - 1];
            }
        }
        let (starts, ends) = merged.into_iter().unzip();
        Self { starts, ends, below }
    }

    fn contains(&self, address: T) -> bool {
        // The last interval that starts at or before the address is the only one that can hold it.
        let starting = if self.below.is_empty() {
            self.starts.partition_point(|&start| start <= address)
        } else {
            let (from, to) = (self.below[address.leading()] as usize, self.below[address.leading() + 1] as usize);
            from + self.starts[from..to].partition_point(|&start| start <= address)
        };
        starting.checked_sub(1).is_some_and(|at| address <= self.ends[at])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(ranges: &[&str]) -> AddressSet {
        AddressSet::new(&ranges.iter().map(|range| range.parse().unwrap()).collect::<Vec<_>>())
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
    }

    proptest! {
        #[test]
        fn equals_a_search_through_the_ranges(
            ranges in prop::collection::vec((any::<u32>(), 8_u8..=32), 0..3000),
            probes in prop::collection::vec(any::<u32>(), 64),
        ) {
            let nets: Vec<IpNet> = ranges
                .iter()
                .map(|&(address, length)| IpNet::new(IpAddr::V4(address.into()), length).unwrap())
                .collect();
            let set = AddressSet::new(&nets);
            let near = nets.iter().take(32).flat_map(|net| match net {
                IpNet::V4(net) => [net.network().to_bits(), net.broadcast().to_bits().wrapping_add(1)],
                IpNet::V6(_) => [0, 0],
            });
            for probe in probes.into_iter().chain(near) {
                let address = IpAddr::V4(probe.into());
                prop_assert_eq!(set.contains(address), nets.iter().any(|net| net.contains(&address)));
            }
        }
    }
}
