//! `cidr_contains(range, address)`: whether an IP address is in a range, as in `cidr_contains('10.0.0.0/8', src_ip)`.
//!
//! Both may be of either version; an IPv4 address within IPv6 (`::ffff:10.0.0.1`) counts as that IPv4 address. An address alone is a range of
//! one. NULL where either is NULL or the address is none; a range that is none is an error if it is a constant, else NULL.

use std::net::IpAddr;

use arrow::datatypes::DataType;
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use ipnet::IpNet;

use super::texts::{Texts, of_texts};

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct CidrContains {
    signature: Signature,
}

impl CidrContains {
    pub(super) fn new() -> Self {
        Self { signature: Signature::any(2, Volatility::Immutable) }
    }
}

/// Name in SQL.
pub(crate) const NAME: &str = "cidr_contains";

impl ScalarUDFImpl for CidrContains {
    fn name(&self) -> &'static str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        of_texts(NAME, arguments, DataType::Boolean)
    }

    fn invoke_with_args(&self, given: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [ranges, addresses] = [Texts::read(&given.args[0])?, Texts::read(&given.args[1])?];
        if let Texts::One(Some(text)) = &ranges {
            let Some(range) = range(text) else {
                return exec_err!("{NAME}: {text:?} is no range of addresses, such as 10.0.0.0/8 or 2001:db8::/32");
            };
            return addresses.map::<bool, arrow::array::BooleanArray>(given.number_rows, |text| {
                address(text).map(|address| range.contains(&address))
            });
        }
        ranges.map_with(&addresses, given.number_rows, |text, of| Some(range(text)?.contains(&address(of)?)))
    }
}

fn address(text: &str) -> Option<IpAddr> {
    text.trim().parse().ok().map(|address: IpAddr| address.to_canonical())
}

/// A range, or an address as a range of one.
pub(crate) fn range(text: &str) -> Option<IpNet> {
    let text = text.trim();
    text.parse().ok().or_else(|| address(text).map(IpNet::from))
}
