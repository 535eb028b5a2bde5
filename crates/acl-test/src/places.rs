//! Where addresses are, as a test says.

use std::net::IpAddr;

use ipnet::IpNet;
use sekisho_waf::{Place, PlaceSource};

use crate::problems::Problems;
use crate::tree::Tree;

/// Places of ranges of addresses; of several that hold an address, the narrowest counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places(Vec<(IpNet, Facts)>);

/// What is known of an address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) country: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) asn: Option<u32>,
}

const FIELDS: &[&str] = &["country", "region", "asn"];

impl Places {
    /// Reads a mapping from addresses or ranges to facts.
    pub(crate) fn read(tree: &Tree, problems: &mut Problems<'_>) -> Option<Self> {
        let Some(entries) = tree.entries() else {
            problems.mismatch(tree, "a mapping from addresses to places");
            return None;
        };
        let mut places = Self::default();
        for entry in entries {
            let range = entry.key.parse::<IpNet>().or_else(|_| entry.key.parse::<IpAddr>().map(IpNet::from));
            let Ok(range) = range else {
                let message = format!("`{}` is not an address or a range", entry.key);
                problems.at(entry.key_range.clone(), "bad-value", message);
                continue;
            };
            let fields = problems.mapping(&entry.tree, FIELDS)?;
            let mut facts = Facts::default();
            for field in fields {
                facts.take(&field.key, &field.tree, problems);
            }
            places.0.push((range, facts));
        }
        Some(places)
    }

    /// These places and, if anything is known of it, that of the client.
    pub(crate) fn with_client(&self, client: IpAddr, facts: &Facts) -> Self {
        let mut places = self.clone();
        if *facts != Facts::default() {
            places.0.insert(0, (IpNet::from(client), facts.clone()));
        }
        places
    }

    fn facts(&self, address: IpAddr) -> Option<&Facts> {
        let holding = self.0.iter().filter(|(range, _)| range.contains(&address));
        // The first of equally narrow ones: that of the request itself.
        holding.rev().max_by_key(|(range, _)| range.prefix_len()).map(|(_, facts)| facts)
    }
}

impl Facts {
    /// Takes a field if it is one of a place.
    pub(crate) fn take(&mut self, field: &str, tree: &Tree, problems: &mut Problems<'_>) -> bool {
        match field {
            "country" => self.country = problems.text(tree),
            "region" => self.region = problems.text(tree),
            "asn" => self.asn = problems.number(tree, 0..=u64::from(u32::MAX)).and_then(|asn| u32::try_from(asn).ok()),
            _ => return false,
        }
        true
    }
}

impl PlaceSource for Places {
    fn place(&self, address: IpAddr) -> Option<Place<'_>> {
        let facts = self.facts(address)?;
        Some(Place { country: facts.country.as_deref()?, region: facts.region.as_deref() })
    }

    fn asn(&self, address: IpAddr) -> Option<u32> {
        self.facts(address)?.asn
    }
}
