//! Any body as a delivery of Amazon Data Firehose: refused, or records of no more bytes than may be.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_gather::DeliveryBody;

const BYTES_MAX: usize = 10_000;

fuzz_target!(|bytes: &[u8]| {
    let Ok(body) = DeliveryBody::parse(bytes) else { return };
    if let Ok(records) = body.records(BYTES_MAX) {
        assert!(records.iter().map(Vec::len).sum::<usize>() <= BYTES_MAX);
    }
});
