//! `url_host(text)`: the host of a URL, in lower case and as DNS has it (`bücher.example` is `xn--bcher-kva.example`).
//!
//! A text without a scheme is read as if it had `http://`. NULL where there is no host.

use arrow::array::StringArray;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use url::Url;

use super::texts::{Texts, of_texts};

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct UrlHost {
    signature: Signature,
}

impl UrlHost {
    pub(super) fn new() -> Self {
        Self { signature: Signature::any(1, Volatility::Immutable) }
    }
}

const NAME: &str = "url_host";

impl ScalarUDFImpl for UrlHost {
    fn name(&self) -> &'static str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        of_texts(NAME, arguments, DataType::Utf8)
    }

    fn invoke_with_args(&self, given: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Texts::read(&given.args[0])?.map::<String, StringArray>(given.number_rows, host)
    }
}

fn host(text: &str) -> Option<String> {
    let text = text.trim();
    let url = match text.split_once("://") {
        Some((scheme, rest)) if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) => {
            // Hosts of other schemes are not folded by the reader of URLs.
            Url::parse(&format!("http://{rest}"))
        }
        _ => Url::parse(&format!("http://{}", text.trim_start_matches("//"))),
    };
    url.ok()?.host_str().filter(|host| !host.is_empty()).map(str::to_owned)
}
