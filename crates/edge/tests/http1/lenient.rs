//! The forgiving reader: sense made of anything, and the gate's opinion beside it.

use proptest::prelude::*;
use sekisho_edge::http1::read::{NoRequestLine, Note, RawRequest, read};
use sekisho_edge::http1::{Limits, Malformed, Part};

use crate::vectors;

fn reading(bytes: &[u8]) -> RawRequest<'_> {
    read(bytes, Limits::default()).unwrap_or_else(|_| panic!("{}", bytes.escape_ascii()))
}

#[test]
fn a_request_typed_by_hand_is_understood() {
    let request = reading(b"POST /a b?q=<x>#f HTTP/1.1\nHost shop\nX: 1\n  2\nContent-Length: 99\n\nbody\n");
    assert_eq!(request.method, b"POST");
    assert_eq!(request.target, b"/a b?q=<x>#f");
    assert_eq!(request.parts.path, b"/a b");
    assert_eq!(request.parts.query, Some(&b"q=<x>"[..]));
    assert_eq!(request.parts.fragment, Some(&b"f"[..]));
    assert_eq!(request.version, b"HTTP/1.1");
    let headers: Vec<_> = request.headers.iter().map(|header| (header.name, &*header.value)).collect();
    assert_eq!(headers, [(&b"Host shop"[..], &b""[..]), (b"X", b"1 2"), (b"Content-Length", b"99")]);
    assert_eq!(&*request.body, b"body\n");
    assert_eq!(request.notes, [Note::Refused(Malformed::VersionInvalid)]);
}

#[test]
fn a_well_formed_request_has_no_notes() {
    for vector in vectors::wellformed() {
        let bytes = vector.bytes();
        let request = reading(&bytes);
        let single = vector.bodies().len() == 1 && !vector.name.contains("ends the connection");
        assert_eq!(request.notes.is_empty(), single, "{}: {:?}", vector.name, request.notes);
        if single {
            assert_eq!(*request.body, vector.bodies()[0], "{}", vector.name);
        }
    }
}

#[test]
fn what_the_gate_would_refuse_is_noted() {
    for vector in vectors::malformed() {
        let bytes = vector.bytes();
        let Ok(request) = read(&bytes, Limits::default()) else { continue };
        let Some(Note::Refused(reason)) = request.notes.first() else { panic!("{}: {:?}", vector.name, request.notes) };
        assert_eq!(reason.to_string(), vector.reason, "{}", vector.name);
    }
}

#[test]
fn what_the_gate_would_wait_for_is_noted() {
    assert_eq!(reading(b"GET / HTTP/1.1\r\nHost: a\r\n").notes, [Note::HeadIncomplete]);
    assert_eq!(reading(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell").notes, [Note::BodyIncomplete]);
    assert_eq!(reading(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nmore").notes, [Note::More { bytes: 4 }]);
    let upgrade = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    assert_eq!(reading(upgrade).notes, []);
}

#[test]
fn chunks_are_joined_only_if_all_are_well_formed() {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n";
    let well = format!("{head}3\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n");
    assert_eq!(&*reading(well.as_bytes()).body, b"abcde");
    let broken = format!("{head}3\r\nabcd\r\n0\r\n\r\n");
    let request = reading(broken.as_bytes());
    assert_eq!(&*request.body, b"3\r\nabcd\r\n0\r\n\r\n");
    assert_eq!(request.notes, [Note::Refused(Malformed::TransferCoding), Note::ChunksUnread]);
}

#[test]
fn the_request_line_is_cut_at_its_first_and_last_word() {
    let line = |line: &'static str| {
        let request = read(line.as_bytes(), Limits::default())?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok::<_, NoRequestLine>((text(request.method), text(request.target), text(request.version)))
    };
    let cut = |method: &str, target: &str, version: &str| Ok((method.into(), target.into(), version.into()));
    assert_eq!(line("GET / HTTP/1.1"), cut("GET", "/", "HTTP/1.1"));
    assert_eq!(line("\r\n\n  GET\t/x  y  http/9 \r\n"), cut("GET", "/x  y", "http/9"));
    assert_eq!(line("GET /x"), cut("GET", "/x", ""));
    assert_eq!(line("GET /x y"), cut("GET", "/x y", ""));
    for nothing in ["", "\r\n\r\n", "GET", "GET  ", "GET HTTP/1.1"] {
        assert_eq!(line(nothing), Err(NoRequestLine), "{nothing:?}");
    }
}

#[test]
fn the_first_reason_is_the_gates_own() {
    let request = reading(b"GET / HTTP/1.1\nHost: a\n\n");
    assert_eq!(request.notes, [Note::Refused(Malformed::BareLf(Part::RequestLine))]);
    assert_eq!(
        request.notes[0].to_string(),
        "the gate answers 400 to this request: bare line feed in the request line"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes, Limits::default());
    }

    #[test]
    fn any_lines_are_read_without_panic(text in "[A-Z /:;0-9\r\n\t]{0,120}") {
        let _ = read(text.as_bytes(), Limits::default());
    }
}
