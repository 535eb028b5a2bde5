//! The database that `ip_country` of a query looks into.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use maxminddb::Reader;
use sekisho_query::Countries;

/// Where it is.
#[derive(Debug, Clone, Args)]
pub(super) struct CountriesArgs {
    /// MaxMind DB of countries, for `ip_country`
    #[arg(long, value_name = "FILE")]
    country_db: Option<PathBuf>,
}

impl CountriesArgs {
    /// Reads it, if there is one.
    pub(super) fn open(&self) -> anyhow::Result<Option<Countries>> {
        let Some(path) = &self.country_db else { return Ok(None) };
        let database = Reader::open_readfile(path)
            .with_context(|| format!("cannot use {}: it must be a MaxMind DB (.mmdb) file", path.display()))?;
        Ok(Some(database.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(name: &str) -> anyhow::Result<Option<Countries>> {
        CountriesArgs { country_db: Some(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/geo").join(name)) }
            .open()
    }

    #[test]
    fn a_database_is_read_and_anything_else_is_refused_by_name() {
        assert!(opened("country.mmdb").unwrap().is_some());
        assert!(CountriesArgs { country_db: None }.open().unwrap().is_none());
        let why = format!("{:#}", opened("missing.mmdb").unwrap_err());
        assert!(why.contains("missing.mmdb: it must be a MaxMind DB"), "{why}");
    }
}
