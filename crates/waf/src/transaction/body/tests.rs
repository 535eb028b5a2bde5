//! Bodies that take long, or much memory, in a reader that goes back, copies or recurses.

use std::time::{Duration, Instant};

use crate::ir::phased::{BodyProcessor, PhasedSettings, Variable};
use crate::transaction::List;
use crate::transaction::variables::tests::Filled;

/// Reads a body under limits that let all of it through but arguments; returns how many bytes all names and values have.
fn read(processor: BodyProcessor, body: &str) -> usize {
    let mut settings = PhasedSettings::default();
    settings.request_body.no_files_bytes_max = 1 << 24;
    let start = Instant::now();
    let mut filled = Filled::head("POST /", "Content-Type: multipart/form-data; boundary=B", settings);
    filled.body(Some(processor), body.as_bytes());
    assert!(start.elapsed() < Duration::from_secs(2), "{} {:?}", processor.name(), &body[..20]);
    let store = &filled.store;
    // As many as there may be, and what is beyond.
    assert!(store.list(List::ArgsPost).len() <= 1001);
    assert_eq!(filled.all(Variable::RequestBodyLength), [body.len().to_string()]);
    let entries = List::ALL.iter().flat_map(|&list| store.list(list)).map(|entry| store.entry(entry));
    entries.map(|entry| entry.name.len() + entry.value.len()).sum()
}

/// The same text up to a megabyte.
fn mega(text: &str) -> String {
    text.repeat((1 << 20) / text.len())
}

#[test]
fn hostile_bodies_take_little_time_and_memory() {
    use BodyProcessor as P;
    let part = "--B\r\nContent-Disposition: form-data; name=a; filename=b\r\n\r\n\r\n";
    let below_key = format!("{{\"{}\":[{}1]}}", "k".repeat(1 << 19), "1,".repeat(1 << 18));
    let deep = format!("{}{}", "[".repeat(9_999), "1,".repeat(1 << 19));
    let bodies = [
        (P::UrlEncoded, mega("&")),
        (P::UrlEncoded, mega("a=1&")),
        (P::UrlEncoded, mega("%")),
        (P::UrlEncoded, mega("a")),
        (P::Json, mega("[")),
        (P::Json, mega("{\"a\":")),
        (P::Json, mega("[],")),
        (P::Json, mega("\\")),
        (P::Json, format!("[\"{}", mega("\\\\"))),
        (P::Json, format!("[{}", mega("1,"))),
        (P::Json, format!("[{}", mega(" "))),
        (P::Json, below_key),
        (P::Json, deep),
        (P::Multipart, part.repeat(100_000)),
        (P::Multipart, mega("--B\r\n")),
        (P::Xml, format!("<a>{}", mega("<a/>"))),
    ];
    for (processor, body) in bodies {
        let bytes = read(processor, &body);
        // What came, once or twice, and names within their limit.
        assert!(bytes <= 3 * body.len() + (1 << 20), "{} {:?}: {bytes}", processor.name(), &body[..20]);
    }
}
