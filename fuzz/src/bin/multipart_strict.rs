//! Forms with files, on any bytes: no panic; flags say 0, 1 or 2 and agree with each other; whatever text stands between
//! the boundaries of a body without error is in a value.
//!
//! The first line of the input is the Content-Type, the rest is the body.

#![no_main]

use std::net::{IpAddr, Ipv4Addr};

use libfuzzer_sys::fuzz_target;
use sekisho_model::Timestamp;
use sekisho_waf::ir::phased::{BodyProcessor, PhasedSettings};
use sekisho_waf::transaction::variables::{Filling, Memory, ReceivedBody, request_body, request_head};
use sekisho_waf::transaction::{List, PhasedContext, Store};
use sekisho_waf::{Body, Client, Header, Request};

const STRICT: [List; 11] = [
    List::MultipartBoundaryQuoted,
    List::MultipartBoundaryWhitespace,
    List::MultipartDataAfter,
    List::MultipartDataBefore,
    List::MultipartFileLimitExceeded,
    List::MultipartHeaderFolding,
    List::MultipartInvalidHeaderFolding,
    List::MultipartInvalidPart,
    List::MultipartInvalidQuoting,
    List::MultipartLfLine,
    List::MultipartMissingSemicolon,
];

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
    let (content_type, body) = (&bytes[..end], bytes.get(end + 1..).unwrap_or_default());
    let settings = PhasedSettings::default();
    let filling = Filling { settings: &settings, full_request: false, xml_paths: &[] };
    let headers = [Header { name: b"Content-Type", value: content_type }];
    let request = Request {
        method: b"POST",
        path: b"/",
        query: b"",
        fragment: None,
        version: b"HTTP/1.1",
        scheme: "http",
        headers: &headers,
        body: Body::EMPTY,
        client: Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), country: None, asn: None, ja3: None, ja4: None },
    };
    let (mut store, mut memory) = (Store::default(), Memory::default());
    request_head(&mut store, &mut memory, &request, &PhasedContext::at(Timestamp::from_unix_ms(0)), filling);
    let processor = Some(BodyProcessor::Multipart);
    request_body(
        &mut store,
        &mut memory,
        ReceivedBody { bytes: body, is_over_limit: false, processor, is_forced: false, ..ReceivedBody::default() },
        filling,
    );

    let flags = STRICT.map(|list| store.scalar(list));
    assert!(flags.iter().all(|flag| [b"0", b"1"].contains(&<&[u8; 1]>::try_from(*flag).expect("one digit"))));
    let is_error = store.scalar(List::ReqbodyProcessorError) == b"1";
    let is_strict_error = store.scalar(List::MultipartStrictError) == b"1";
    assert_eq!(is_strict_error, is_error || flags.contains(&b"1".as_slice()));
    let unmatched = store.scalar(List::MultipartUnmatchedBoundary);
    assert!([b"0".as_slice(), b"1", b"2"].contains(&unmatched));

    let values = |list| store.list(list).map(|entry| store.slice(store.entry(entry).value));
    // Each value of an argument or file stands in the body as it is.
    for value in values(List::ArgsPost).chain(values(List::FilesTmpContent)) {
        assert!(value.is_empty() || body.windows(value.len()).any(|window| window == value));
    }
    let files: usize = values(List::FilesTmpContent).map(<[u8]>::len).sum();
    if store.list(List::FilesNames).is_empty() {
        assert_eq!(files, 0);
    } else {
        assert_eq!(store.scalar(List::FilesCombinedSize), files.to_string().as_bytes());
    }
    if !is_strict_error && !body.is_empty() {
        // All that is neither value nor header is boundary lines, empty lines and line ends.
        let text: usize = [List::ArgsPost, List::FilesTmpContent, List::MultipartPartHeaders]
            .into_iter()
            .flat_map(values)
            .map(<[u8]>::len)
            .sum();
        let parts = store.list(List::MultipartName).len();
        let lines = store.list(List::MultipartPartHeaders).len();
        let boundary = body.split(|&byte| byte == b'\n').next().expect("a first line").len() + 1;
        // A boundary line and its part's empty line and last line end; line ends of headers; the final boundary line.
        let syntax = parts * (boundary + 4) + lines * 2 + boundary + if parts == 0 { 0 } else { 2 };
        assert!(text + syntax >= body.len() && body.len() + 2 >= text + parts * (boundary + 4) + lines * 2);
    }
});
