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

#[cfg(test)]
mod tests {
    use super::*;

    fn database(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/geo").join(name)
    }

    #[test]
    fn places_and_systems_come_from_the_databases() {
        let places = Places::open(Some(&database("country.mmdb")), Some(&database("asn.mmdb"))).unwrap();
        let place = |address: &str| places.place(address.parse().unwrap());
        assert_eq!(place("203.0.113.7"), Some(Place { country: "JP", region: Some("13") }));
        assert_eq!(place("198.51.100.1"), Some(Place { country: "US", region: None }));
        assert_eq!(place("2001:db8::1"), Some(Place { country: "DE", region: None }));
        assert_eq!(place("192.0.2.1"), None);
        assert_eq!(places.asn("203.0.113.7".parse().unwrap()), Some(64500));
        assert_eq!(places.asn("192.0.2.1".parse().unwrap()), None);
    }

    #[test]
    fn what_is_no_database_is_refused_by_name() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let missing = Path::new("missing.mmdb");
        let problems = Places::open(Some(file.path()), Some(missing)).unwrap_err();
        assert_eq!(problems.iter().count(), 2);
        assert!(problems.render(false).contains("missing.mmdb"));
    }
}
