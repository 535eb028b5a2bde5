//! Functions of the field, for SQL.

pub(crate) mod cidr_contains;
pub(crate) mod contains_words;
mod ip_country;
mod luhn;
mod texts;
mod time_bucket;
mod url_host;

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

pub use ip_country::Countries;

/// All of them. Without a database of countries, `ip_country` is refused.
#[must_use]
pub fn functions(countries: Option<Countries>) -> Vec<Arc<ScalarUDF>> {
    [
        ScalarUDF::from(cidr_contains::CidrContains::new()),
        ScalarUDF::from(contains_words::ContainsWords::new()),
        ScalarUDF::from(ip_country::IpCountry::new(countries)),
        ScalarUDF::from(luhn::Luhn::new()),
        ScalarUDF::from(time_bucket::TimeBucket::new()),
        ScalarUDF::from(url_host::UrlHost::new()),
    ]
    .map(Arc::new)
    .to_vec()
}
