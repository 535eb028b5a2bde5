//! Conditions on addresses: each stands once, however many rules ask it, so that its answer can be kept.

use std::collections::HashMap;
use std::sync::Arc;

use crate::ir::{AddressSource, IpSet};

/// An address source's index in [`AddressPlan::sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SourceId(u32);

impl SourceId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A condition's index in [`AddressPlan::tests`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct AddressTestId(u32);

impl AddressTestId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// All conditions on addresses.
#[derive(Debug, Default)]
pub(crate) struct AddressPlan {
    pub(crate) sources: Vec<AddressSource>,
    pub(crate) tests: Vec<AddressTest>,
}

/// One condition.
#[derive(Debug)]
pub(crate) struct AddressTest {
    pub(crate) source: SourceId,
    pub(crate) asks: Asks,
}

/// What is asked of an address.
#[derive(Debug)]
pub(crate) enum Asks {
    /// Whether it is in a set.
    Ip(Arc<IpSet>),
    /// Whether it is in one of these countries.
    Geo(Vec<String>),
    /// Whether it belongs to one of these autonomous systems; in ascending order.
    Asn(Vec<u32>),
}

/// Gathers the conditions of all rules.
#[derive(Default)]
pub(super) struct AddressPlanBuilder {
    plan: AddressPlan,
    sources: HashMap<AddressSource, SourceId>,
    tests: HashMap<(SourceId, Key), AddressTestId>,
}

/// What makes two conditions the same.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    /// The set's place in memory, where the plan keeps it.
    Ip(usize),
    Geo(Vec<String>),
    Asn(Vec<u32>),
}

impl AddressPlanBuilder {
    pub(super) fn source(&mut self, source: &AddressSource) -> SourceId {
        if let Some(known) = self.sources.get(source) {
            return *known;
        }
        let id = SourceId(u32::try_from(self.plan.sources.len()).expect("a policy has fewer than 2^32 conditions"));
        self.plan.sources.push(source.clone());
        self.sources.insert(source.clone(), id);
        id
    }

    pub(super) fn test(&mut self, source: SourceId, asks: Asks) -> AddressTestId {
        let key = match &asks {
            Asks::Ip(set) => Key::Ip(Arc::as_ptr(set).addr()),
            Asks::Geo(countries) => Key::Geo(countries.clone()),
            Asks::Asn(asns) => Key::Asn(asns.clone()),
        };
        let next =
            AddressTestId(u32::try_from(self.plan.tests.len()).expect("a policy has fewer than 2^32 conditions"));
        let id = *self.tests.entry((source, key)).or_insert(next);
        if id == next {
            self.plan.tests.push(AddressTest { source, asks });
        }
        id
    }

    pub(super) fn finish(self) -> AddressPlan {
        self.plan
    }
}
