//! Where addresses are, from MaxMind DB files.

use std::net::IpAddr;
use std::path::Path;

use maxminddb::{Reader, path};
use sekisho_model::{Diagnostic, Diagnostics};
use sekisho_waf::{Place, PlaceSource};

/// Country and autonomous system databases, each optional.
#[derive(Debug, Default)]
pub(crate) struct Places {
    countries: Option<Reader<Vec<u8>>>,
    asns: Option<Reader<Vec<u8>>>,
}

impl Places {
    /// Opens the databases that are given.
    pub(crate) fn open(country_db: Option<&Path>, asn_db: Option<&Path>) -> Result<Self, Diagnostics> {
        let mut diagnostics = Diagnostics::new();
        let mut open = |path: Option<&Path>| {
            let path = path?;
            Reader::open_readfile(path)
                .map_err(|error| {
                    let message = format!("cannot use {}: {error}", path.display());
                    diagnostics.push(Diagnostic::error("geo-db", message).help("it must be a MaxMind DB (.mmdb) file"));
                })
                .ok()
        };
        let places = Self { countries: open(country_db), asns: open(asn_db) };
        if diagnostics.is_empty() { Ok(places) } else { Err(diagnostics) }
    }
}

impl PlaceSource for Places {
    fn place(&self, address: IpAddr) -> Option<Place<'_>> {
        let found = self.countries.as_ref()?.lookup(address).ok()?;
        let country = found.decode_path::<&str>(&path!["country", "iso_code"]).ok()??;
        let region = found.decode_path::<&str>(&path!["subdivisions", 0, "iso_code"]).ok().flatten();
        Some(Place { country, region })
    }

    fn asn(&self, address: IpAddr) -> Option<u32> {
        let found = self.asns.as_ref()?.lookup(address).ok()?;
        found.decode_path::<u32>(&path!["autonomous_system_number"]).ok()?
    }
}
