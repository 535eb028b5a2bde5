//! How many connections are served, in all and of one address.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::metrics::Refusal;
use crate::settings::Limits;

/// Counts open connections over all workers. Touched when one opens and closes, never by a request.
#[derive(Debug)]
pub(crate) struct Admission {
    connections_max: usize,
    per_address_max: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// Leave for one connection; counted until dropped.
#[derive(Debug)]
pub(crate) struct Admitted {
    admission: Arc<Admission>,
    address: IpAddr,
}

impl Admission {
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            connections_max: limits.connections_max,
            per_address_max: limits.connections_per_address_max,
            open: Mutex::default(),
        })
    }

    /// Counts a connection of `address` in, unless there are too many. One that stands for many clients (`shared`) is
    /// held against the limit of all only.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr, shared: bool) -> Result<Admitted, Refusal> {
        let mut open = self.lock();
        if open.all >= self.connections_max {
            return Err(Refusal::Total);
        }
        let open = &mut *open;
        let of_address = open.by_address.entry(address).or_default();
        if *of_address >= self.per_address_max && !shared {
            return Err(Refusal::PerAddress);
        }
        *of_address += 1;
        open.all += 1;
        Ok(Admitted { admission: Arc::clone(self), address })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // Nothing that runs under the lock leaves the counts half changed.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut open = self.admission.lock();
        open.all -= 1;
        if let Entry::Occupied(mut of_address) = open.by_address.entry(self.address) {
            *of_address.get_mut() -= 1;
            if *of_address.get() == 0 {
                of_address.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_holds_and_places_come_back() {
        let limits = Limits { connections_max: 3, connections_per_address_max: 2, ..Limits::default() };
        let admission = Admission::new(&limits);
        let (one, two): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let first = admission.admit(one, false).unwrap();
        let _second = admission.admit(one, false).unwrap();
        assert_eq!(admission.admit(one, false).unwrap_err(), Refusal::PerAddress);
        let shared = admission.admit(one, true).unwrap();
        assert_eq!(admission.admit(two, false).unwrap_err(), Refusal::Total);
        drop(shared);
        let third = admission.admit(two, false).unwrap();
        assert_eq!(admission.admit(two, false).unwrap_err(), Refusal::Total);
        drop(third);
        drop(first);
        let _again = admission.admit(one, false).unwrap();
        assert_eq!(admission.lock().all, 2);
        assert_eq!(admission.lock().by_address.len(), 1);
    }
}
