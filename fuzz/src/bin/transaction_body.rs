//! Bodies taken apart for rules in phases, by any processor, on any bytes: no panic, nothing beyond the limits, the same
//! with memory used before as with fresh memory.
//!
//! The first byte of the input chooses the processor and the limits, the rest is the body.

#![no_main]

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr};

use libfuzzer_sys::fuzz_target;
use sekisho_model::Timestamp;
use sekisho_waf::ir::phased::{BodyProcessor, PhasedSettings};
use sekisho_waf::transaction::variables::{Filling, Memory, ReceivedBody, request_body, request_head};
use sekisho_waf::transaction::{List, PhasedContext, Store};
use sekisho_waf::{Body, Client, Header, Request};

const PROCESSORS: [Option<BodyProcessor>; 5] = [
    None,
    Some(BodyProcessor::UrlEncoded),
    Some(BodyProcessor::Multipart),
    Some(BodyProcessor::Json),
    Some(BodyProcessor::Xml),
];

/// Values of names and texts together may be this many times as long as a body: FULL_REQUEST, REQUEST_BODY, and values.
const GROWTH_MAX: usize = 8;

/// What lies beyond the limit of arguments is one more, of the query string and of the body.
const ARGUMENTS_BEYOND_MAX: usize = 2;

fn fill(store: &mut Store, memory: &mut Memory, choice: u8, body: &[u8]) {
    let mut settings = PhasedSettings::default();
    if choice >= 128 {
        settings.request_body.arguments_max = 3;
        settings.request_body.files_max = 1;
        settings.request_body.json_depth_max = 4;
        settings.request_body.no_files_bytes_max = 64;
    }
    settings.argument_separator = (choice % 2 == 1).then_some(b';');
    let filling = Filling { settings: &settings, full_request: choice % 4 < 2, xml_paths: &[] };
    let headers = [Header { name: b"Content-Type", value: b"multipart/form-data; boundary=B" }];
    let request = Request {
        method: b"POST",
        path: b"/",
        query: b"q=%41",
        fragment: None,
        version: b"HTTP/1.1",
        scheme: "http",
        headers: &headers,
        body: Body::EMPTY,
        client: Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), country: None, asn: None, ja3: None, ja4: None },
    };
    store.clear(1 << 20);
    request_head(store, memory, &request, &PhasedContext::at(Timestamp::from_unix_ms(0)), filling);
    let processor = PROCESSORS[usize::from(choice) % PROCESSORS.len()];
    request_body(
        store,
        memory,
        ReceivedBody { bytes: body, is_over_limit: false, processor, is_forced: true, ..ReceivedBody::default() },
        filling,
    );

    let arguments = store.list(List::ArgsGet).len() + store.list(List::ArgsPost).len();
    assert!(arguments <= settings.request_body.arguments_max as usize + ARGUMENTS_BEYOND_MAX);
}

/// All names and values.
fn shown(store: &Store) -> Vec<(List, Vec<u8>, Vec<u8>)> {
    let entries = List::ALL.iter().flat_map(|&list| store.list(list).map(move |entry| (list, store.entry(entry))));
    entries.map(|(list, entry)| (list, store.slice(entry.name).to_vec(), store.slice(entry.value).to_vec())).collect()
}

thread_local! {
    static USED: RefCell<(Store, Memory)> = RefCell::default();
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, body)) = bytes.split_first() else { return };
    let mut store = Store::default();
    fill(&mut store, &mut Memory::default(), choice, body);
    let fresh = shown(&store);
    USED.with_borrow_mut(|(store, memory)| {
        fill(store, memory, choice, body);
        assert_eq!(shown(store), fresh, "memory used before makes no difference");
    });
    let json_names = 256 * 1024;
    let values: usize =
        fresh.iter().filter(|(list, ..)| *list != List::ArgsPost).map(|(_, _, value)| value.len()).sum();
    assert!(values <= GROWTH_MAX * body.len() + 1024);
    let names: usize = fresh.iter().map(|(_, name, _)| name.len()).sum();
    assert!(names <= GROWTH_MAX * body.len() + 1024 + json_names);
    let is_whole = store.scalar(List::RequestBody) == body;
    assert!(is_whole);
});
