//! The forgiving reader: any bytes, without panic, and never content where the gate sees another.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_edge::http1::Limits;
use sekisho_edge::http1::read::read;

fuzz_target!(|bytes: &[u8]| {
    let Ok(request) = read(bytes, Limits::default()) else { return };
    assert!(!request.method.is_empty() && !request.target.is_empty());
    assert!(request.body.len() <= bytes.len());
    // What the gate has nothing to say about, the reader must have understood as the gate did.
    if request.notes.is_empty() {
        assert!(request.version.starts_with(b"HTTP/1."));
        assert!(request.headers.iter().all(|header| !header.name.is_empty()));
    }
});
