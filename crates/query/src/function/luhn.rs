//! `luhn(text)`: whether a text is a number of 12 to 19 digits, perhaps with single spaces or hyphens between, that ends in its check digit, as
//! numbers of payment cards do. NULL only where the text is.
//!
//! Source: ISO/IEC 7812-1, annex B.

use arrow::array::BooleanArray;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

use super::texts::{Texts, of_texts};

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Luhn {
    signature: Signature,
}

impl Luhn {
    pub(super) fn new() -> Self {
        Self { signature: Signature::any(1, Volatility::Immutable) }
    }
}

const NAME: &str = "luhn";

impl ScalarUDFImpl for Luhn {
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
        Texts::read(&given.args[0])?.map::<bool, BooleanArray>(given.number_rows, |text| Some(holds(text)))
    }
}

fn holds(text: &str) -> bool {
    let (mut digits, mut sum, mut after_gap) = (0, 0, true);
    for byte in text.trim().bytes().rev() {
        if byte.is_ascii_digit() {
            let digit = u32::from(byte - b'0');
            let doubled = digit * 2 - if digit > 4 { 9 } else { 0 };
            sum += if digits % 2 == 1 { doubled } else { digit };
            digits += 1;
            after_gap = false;
        } else if (byte == b' ' || byte == b'-') && !after_gap {
            after_gap = true;
        } else {
            return false;
        }
        if digits > 19 {
            return false;
        }
    }
    digits >= 12 && !after_gap && sum % 10 == 0
}
