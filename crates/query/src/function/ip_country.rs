//! `ip_country(address)`: the country of an IP address, ISO 3166-1 alpha-2, from a database in MaxMind's format.
//!
//! NULL where the address is NULL, none, or not in the database. Without a database it is an error that says how to configure one.

use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

use arrow::array::StringArray;
use arrow::datatypes::DataType;
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use maxminddb::{PathElement, Reader};

use super::texts::{Texts, of_texts};

/// A database of countries, held in memory.
pub type Countries = Arc<Reader<Vec<u8>>>;

pub(super) struct IpCountry {
    signature: Signature,
    countries: Option<Countries>,
}

impl IpCountry {
    pub(super) fn new(countries: Option<Countries>) -> Self {
        Self { signature: Signature::any(1, Volatility::Stable), countries }
    }
}

impl std::fmt::Debug for IpCountry {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_struct("IpCountry").field("configured", &self.countries.is_some()).finish()
    }
}

impl PartialEq for IpCountry {
    fn eq(&self, other: &Self) -> bool {
        match (&self.countries, &other.countries) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        }
    }
}

impl Eq for IpCountry {}

impl Hash for IpCountry {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.countries.is_some().hash(state);
    }
}

const NAME: &str = "ip_country";

impl ScalarUDFImpl for IpCountry {
    fn name(&self) -> &'static str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        if self.countries.is_none() {
            return plan_err!("{NAME} needs a database of countries: --country-db FILE.mmdb");
        }
        of_texts(NAME, arguments, DataType::Utf8)
    }

    fn invoke_with_args(&self, given: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Some(countries) = &self.countries else {
            return plan_err!("{NAME} needs a database of countries: start this executor with --country-db FILE.mmdb");
        };
        let addresses = Texts::read(&given.args[0])?;
        addresses.map::<String, StringArray>(given.number_rows, |text| country(countries, text))
    }
}

fn country(countries: &Reader<Vec<u8>>, text: &str) -> Option<String> {
    let address: IpAddr = text.trim().parse().ok()?;
    let found = countries.lookup(address.to_canonical()).ok()?;
    let path = [PathElement::Key("country"), PathElement::Key("iso_code")];
    found.decode_path::<String>(&path).ok().flatten()
}
