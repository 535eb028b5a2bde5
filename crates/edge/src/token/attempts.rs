//! Who failed puzzles how often. A table of fixed size: addresses that fall on one slot share it, which is stricter, never
//! laxer. Of IPv6, the /64 counts; as one network may have as many of those as there are slots, IPv4 has slots of its own.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;

use sekisho_model::Timestamp;

/// Slots of each version of IP, 16 bytes each.
const SLOTS: usize = 8_192;
/// Failures within a window after which an address must wait.
const FAILURES_MAX: u32 = 20;
/// Length of a window, in milliseconds.
const WINDOW_MS: u64 = 600_000;

/// The table.
#[derive(Debug)]
pub(super) struct Attempts {
    slots: Box<[Slot]>,
    hasher: RandomState,
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    began: Timestamp,
    failures: u32,
}

impl Attempts {
    pub(super) fn new() -> Self {
        Self { slots: vec![Slot::default(); 2 * SLOTS].into(), hasher: RandomState::new() }
    }

    /// Whether an address may try.
    pub(super) fn may_try(&mut self, address: IpAddr, now: Timestamp) -> bool {
        self.slot(address, now).failures < FAILURES_MAX
    }

    /// Counts a failure.
    pub(super) fn failed(&mut self, address: IpAddr, now: Timestamp) {
        let slot = self.slot(address, now);
        slot.failures = slot.failures.saturating_add(1);
    }

    fn slot(&mut self, address: IpAddr, now: Timestamp) -> &mut Slot {
        let (first, network) = match address.to_canonical() {
            IpAddr::V4(address) => (0, u64::from(address.to_bits())),
            IpAddr::V6(address) => (SLOTS, (address.to_bits() >> 64) as u64),
        };
        let slot = &mut self.slots[first + self.hasher.hash_one(network) as usize % SLOTS];
        if slot.failures == 0 || now.since_ms(slot.began) > WINDOW_MS {
            *slot = Slot { began: now, failures: 0 };
        }
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_fails_too_often_waits_for_the_next_window() {
        let mut attempts = Attempts::new();
        let at = Timestamp::from_unix_ms;
        let (bad, same): (IpAddr, IpAddr) = ("2001:db8::1".parse().unwrap(), "2001:db8::2".parse().unwrap());
        for _ in 0..FAILURES_MAX {
            assert!(attempts.may_try(bad, at(1)));
            attempts.failed(bad, at(1));
        }
        assert!(!attempts.may_try(bad, at(2)) && !attempts.may_try(same, at(WINDOW_MS)));
        assert!(attempts.may_try(bad, at(WINDOW_MS + 2)));
    }

    #[test]
    fn whoever_has_a_large_network_does_not_make_all_others_wait() {
        let (mut attempts, now) = (Attempts::new(), Timestamp::from_unix_ms(1));
        for network in 0..20_000_u128 {
            let address = IpAddr::from(((0x2001_0db8 << 32 | network) << 64).to_be_bytes());
            (0..FAILURES_MAX).for_each(|_| attempts.failed(address, now));
        }
        let others = (0..200_u8).filter(|&last| !attempts.may_try([192, 0, 2, last].into(), now)).count();
        assert_eq!(others, 0);
    }
}
