//! What is known of the current request's addresses so far.

use super::Surroundings;
use crate::Place;
use crate::compile::{AddressTestId, Asks, SourceId};
use crate::ir::AddressSource;
use crate::part::{Addresses, select_addresses};

/// The places of the addresses of this many sources are kept; policies rarely name more than two.
const PLACES_MAX: usize = 4;

/// Answers that hold for the whole request, and the memory for them.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// By condition.
    tests: Vec<Option<bool>>,
    /// By source: its addresses.
    sources: Vec<Option<Addresses>>,
    /// By source: whether its labels were added.
    labelled: Vec<bool>,
}

/// Where the addresses of the first sources are, once they were asked for.
pub(super) type Places<'e> = [Option<Option<Place<'e>>>; PLACES_MAX];

impl Answers {
    pub(super) fn resize(&mut self, sources: usize, tests: usize) {
        *self = Self { tests: vec![None; tests], sources: vec![None; sources], labelled: vec![false; sources] };
    }

    pub(super) fn clear(&mut self) {
        self.tests.fill(None);
        self.sources.fill(None);
        self.labelled.fill(false);
    }

    /// Whether the labels of a source are added now; false from then on.
    pub(super) fn begin_labels(&mut self, source: SourceId) -> bool {
        !std::mem::replace(&mut self.labelled[source.index()], true)
    }

    /// Whether a condition holds.
    pub(super) fn holds<'e>(&mut self, test: AddressTestId, around: Surroundings<'e>, places: &mut Places<'e>) -> bool {
        if let Some(known) = self.tests[test.index()] {
            return known;
        }
        let holds = self.ask(test, around, places);
        self.tests[test.index()] = Some(holds);
        holds
    }

    fn ask<'e>(&mut self, test: AddressTestId, around: Surroundings<'e>, places: &mut Places<'e>) -> bool {
        let Surroundings { rule_set, request, context } = around;
        let plan = &rule_set.program.addresses;
        let test = &plan.tests[test.index()];
        let at = test.source.index();
        let source = &plan.sources[at];
        let addresses = self.sources[at].get_or_insert_with(|| select_addresses(source, request));
        let Some(first) = addresses.first() else { return source.invalid_matches() };
        let is_client = *source == AddressSource::Client;
        match &test.asks {
            Asks::Ip(set) => addresses.iter().any(|one| set.addresses.contains(one)),
            Asks::Geo(countries) => {
                let mut look_up = || match places.get_mut(at) {
                    Some(place) => *place.get_or_insert_with(|| context.places.place(first)),
                    None => context.places.place(first),
                };
                let given = request.client.country.filter(|_| is_client);
                let country = given.or_else(|| look_up().map(|place| place.country));
                country.is_some_and(|country| countries.iter().any(|listed| listed == country))
            }
            Asks::Asn(asns) => {
                let given = request.client.asn.filter(|_| is_client);
                let asn = given.or_else(|| context.places.asn(first));
                asn.is_some_and(|asn| asns.binary_search(&asn).is_ok())
            }
        }
    }
}
