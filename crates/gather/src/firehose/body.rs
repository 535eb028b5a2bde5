//! What Firehose sends.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::inflate::inflate;

/// The body of a request.
#[derive(Debug, Deserialize)]
pub struct DeliveryBody<'b> {
    /// The request's number, as its header says it, too.
    #[serde(borrow, rename = "requestId")]
    pub request_id: Cow<'b, str>,
    /// The records, in Base64.
    #[serde(borrow)]
    records: Vec<Delivered<'b>>,
}

#[derive(Debug, Deserialize)]
struct Delivered<'b> {
    #[serde(borrow)]
    data: Cow<'b, str>,
}

/// Why a body is refused.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It is not what Firehose sends.
    #[error("the body is not a delivery: {0}")]
    Form(#[from] serde_json::Error),
    /// A record is no Base64.
    #[error("record {0} is not Base64")]
    Base64(usize),
    /// A record cannot be decompressed.
    #[error("record {0} begins like gzip and is none, or the records have too many bytes decompressed")]
    Gzip(usize),
}

impl<'b> DeliveryBody<'b> {
    /// Reads a body that is not compressed any more.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub fn parse(body: &'b [u8]) -> Result<Self, BodyError> {
        Ok(serde_json::from_slice(body)?)
    }

    /// The records' bytes, decompressed where they were compressed, no more than `bytes_max` in all.
    ///
    /// # Errors
    ///
    /// If one of them cannot be had: then none is.
    pub fn records(&self, bytes_max: usize) -> Result<Vec<Vec<u8>>, BodyError> {
        let mut left = bytes_max;
        let mut records = Vec::with_capacity(self.records.len());
        for (at, record) in self.records.iter().enumerate() {
            let raw = STANDARD.decode(record.data.as_bytes()).map_err(|_| BodyError::Base64(at))?;
            let raw = inflate(&raw, left).map_err(|_| BodyError::Gzip(at))?;
            left -= raw.len();
            records.push(raw);
        }
        Ok(records)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_a_delivery_or_refused(body: Vec<u8>) {
            _ = DeliveryBody::parse(&body).map(|body| body.records(1_000));
        }

        #[test]
        fn records_come_out(records: Vec<Vec<u8>>) {
            prop_assume!(records.iter().all(|record| !record.starts_with(&[0x1f, 0x8b])));
            let data: Vec<_> = records.iter().map(|record| serde_json::json!({"data": STANDARD.encode(record)})).collect();
            let text = serde_json::json!({"requestId": "a", "timestamp": 1, "records": data}).to_string();
            let body = DeliveryBody::parse(text.as_bytes()).unwrap();
            prop_assert_eq!(body.records(1 << 20).unwrap(), records.clone());
            let bytes: usize = records.iter().map(Vec::len).sum();
            prop_assert_eq!(body.records(bytes).is_ok(), true);
            prop_assert_eq!(bytes == 0 || body.records(bytes - 1).is_err(), true);
        }
    }
}
