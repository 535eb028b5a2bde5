//! The reader of TLS clients' first messages: any bytes, without panic, the same however they are cut into records.
//!
//! The first byte says how long the records are; the rest is the message. Then the rest as it is.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_edge::fingerprint::{ClientHello, Fingerprints};

fn in_records(message: &[u8], record_bytes: usize) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("inputs are short").to_be_bytes();
    let whole = [&[1][..], &length[1..], message].concat();
    let mut sent = Vec::new();
    for part in whole.chunks(record_bytes) {
        sent.extend([22, 3, 1]);
        sent.extend(u16::try_from(part.len()).expect("a record is short").to_be_bytes());
        sent.extend_from_slice(part);
    }
    sent
}

fuzz_target!(|bytes: &[u8]| {
    let Some((size, message)) = bytes.split_first() else { return };
    let _any = Fingerprints::of(message);
    if message.len() > 8 * 1024 {
        return;
    }
    let split = in_records(message, usize::from(*size).max(1));
    let found = Fingerprints::of(&split);
    assert_eq!(found, Fingerprints::of(&in_records(message, 1 << 14)));
    assert_eq!(ClientHello::message(&split).as_deref(), Some(message));
    assert_eq!(found.is_some(), ClientHello::parse(message).is_some());
    let Some(found) = found else { return };
    assert!(found.ja3().len() == 32 && found.ja4().len() == 36 && found.ja4().is_ascii());
    // Nothing of a message that was understood can be missing.
    for length in 0..message.len() {
        assert!(Fingerprints::of(&in_records(message, 1 << 14)[..9 + length]).is_none());
    }
});
