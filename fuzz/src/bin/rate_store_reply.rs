//! Replies of a fleet's store, as any bytes: no panic, bounded memory, and the same however they are cut.

#![no_main]

use std::io::BufReader;

use libfuzzer_sys::fuzz_target;
use sekisho_edge::rate::resp::read_reply;

fuzz_target!(|bytes: &[u8]| {
    let mut whole = bytes;
    // A buffer of three bytes cuts everywhere.
    let mut cut = BufReader::with_capacity(3, bytes);
    loop {
        let (one, other) = (read_reply(&mut whole), read_reply(&mut cut));
        match (one, other) {
            (Ok(one), Ok(other)) => assert_eq!(one, other),
            (Err(one), Err(other)) => {
                assert_eq!(one.kind(), other.kind());
                return;
            }
            (one, other) => panic!("{one:?} whole, {other:?} cut"),
        }
    }
});
