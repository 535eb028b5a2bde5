//! Messages out of any stream of syslog: none longer than may be, and the same wherever reads end.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_gather::Framing;

const MESSAGE_BYTES_MAX: usize = 50;

fn cut<'b>(pieces: impl Iterator<Item = &'b [u8]>) -> Vec<Vec<u8>> {
    let mut framing = Framing::new(MESSAGE_BYTES_MAX);
    let mut messages = Vec::new();
    for piece in pieces {
        framing.push(piece, |message| messages.push(message.to_vec()));
    }
    framing.end(|message| messages.push(message.to_vec()));
    messages
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&size, stream)) = bytes.split_first() else { return };
    let whole = cut(std::iter::once(stream));
    assert!(whole.iter().all(|message| message.len() <= MESSAGE_BYTES_MAX));
    assert_eq!(cut(stream.chunks(usize::from(size).max(1))), whole);
});
