//! `contains_words(text, 'a "b c"')`: whether a text has all terms of a search, as `sekisho search` understands them.
//!
//! In a condition it lets whole files be skipped by their filters of words. NULL where either is NULL; a search without words is an error.

use arrow::array::BooleanArray;
use arrow::datatypes::DataType;
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use sekisho_words::Wanted;

use super::texts::{Texts, of_texts};

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ContainsWords {
    signature: Signature,
}

impl ContainsWords {
    pub(super) fn new() -> Self {
        Self { signature: Signature::any(2, Volatility::Immutable) }
    }
}

/// Name in SQL.
pub(crate) const NAME: &str = "contains_words";

impl ScalarUDFImpl for ContainsWords {
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
        let [texts, searches] = [Texts::read(&given.args[0])?, Texts::read(&given.args[1])?];
        if let Texts::One(Some(search)) = &searches {
            let mut wanted = match Wanted::read(search) {
                Ok(wanted) => wanted,
                Err(error) => return exec_err!("{NAME}: {error}"),
            };
            return texts.map::<bool, BooleanArray>(given.number_rows, |text| Some(wanted.matches([text.as_bytes()])));
        }
        texts.map_with(&searches, given.number_rows, |text, search| {
            Wanted::read(search).ok().map(|mut wanted| wanted.matches([text.as_bytes()]))
        })
    }
}
