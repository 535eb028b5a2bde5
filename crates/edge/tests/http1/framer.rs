//! The framer against the tables, in one piece and in any pieces.

use proptest::prelude::*;
use sekisho_edge::http1::{BodyFraming, Framer, Limits, Malformed, Step, TargetForm, Version};

use crate::vectors::{self, Place, frame};

fn whole(bytes: &[u8]) -> vectors::Outcome {
    frame(Limits::default(), [bytes])
}

#[test]
fn every_malformed_request_is_refused_for_its_reason() {
    let vectors = vectors::malformed();
    assert!(vectors.len() >= 60, "{}", vectors.len());
    for vector in vectors {
        let outcome = whole(&vector.bytes());
        let reason = outcome.refused.unwrap_or_else(|| panic!("{}: not refused: {outcome:?}", vector.name));
        assert_eq!(reason.to_string(), vector.reason, "{}", vector.name);
        assert_eq!(reason.status().as_u16(), vector.status, "{}", vector.name);
        let heads = usize::from(vector.place == Place::Body);
        assert_eq!(outcome.passed.len(), heads, "{}: heads passed", vector.name);
        assert!(outcome.passed.iter().all(|passed| passed.body.is_none()), "{}: body complete", vector.name);
    }
}

#[test]
fn every_well_formed_request_passes_with_its_body() {
    for vector in vectors::wellformed() {
        let outcome = whole(&vector.bytes());
        assert_eq!(outcome.refused, None, "{}", vector.name);
        let bodies: Vec<Vec<u8>> = outcome
            .passed
            .iter()
            .map(|passed| {
                let body = passed.body.as_deref().unwrap_or_else(|| panic!("{}: body incomplete", vector.name));
                match passed.index.framing() {
                    BodyFraming::Chunked => vectors::join_chunks(body),
                    BodyFraming::Length(_) | BodyFraming::None => body.to_vec(),
                }
            })
            .collect();
        assert_eq!(bodies, vector.bodies(), "{}", vector.name);
    }
}

#[test]
fn octet_by_octet_gives_the_same_as_in_one_piece() {
    let malformed = vectors::malformed().into_iter().map(|vector| (vector.bytes(), vector.name));
    let wellformed = vectors::wellformed().into_iter().map(|vector| (vector.bytes(), vector.name));
    for (bytes, name) in malformed.chain(wellformed) {
        assert_eq!(frame(Limits::default(), bytes.chunks(1)), whole(&bytes), "{name}");
    }
}

#[test]
fn a_malformed_head_is_refused_at_its_first_wrong_octet() {
    let bytes = b"GET / HTTP/1.1\r\nHost: a\r\nX: \0";
    let mut framer = Framer::new(Limits::default());
    assert_eq!(framer.step(&bytes[..bytes.len() - 1]), Ok(Step::More));
    let refused = framer.step(bytes);
    assert!(matches!(refused, Err(Malformed::FieldValueOctet { byte: 0, .. })), "{refused:?}");
    assert_eq!(framer.step(b"GET / HTTP/1.1\r\n"), refused, "a refusal is final");
}

#[test]
fn the_index_tells_the_parts_as_received() {
    let bytes = b"POST /A%2f/b?c=d HTTP/1.1\r\nHOST: a.example\r\nX-b:\t\r\nx-B:  1 2 \t\r\ncontent-length: 1\r\n\r\n!";
    let outcome = whole(bytes);
    let passed = &outcome.passed[0];
    let text = |range: std::ops::Range<usize>| std::str::from_utf8(&passed.head[range]).unwrap();
    let fields: Vec<_> = passed.index.fields().iter().map(|span| (text(span.name()), text(span.value()))).collect();
    assert_eq!(fields, [("HOST", "a.example"), ("X-b", ""), ("x-B", "1 2"), ("content-length", "1")]);
    assert_eq!(text(passed.index.target()), "/A%2f/b?c=d");
    assert_eq!(passed.index.target_form(), TargetForm::Origin);
    assert_eq!(passed.index.version(), Version::Http11);
    assert_eq!(passed.index.framing(), BodyFraming::Length(1));
}

#[test]
fn persistence_upgrades_and_expectations_are_told() {
    let flags = |head: &str| {
        let outcome = whole(head.replace('\n', "\r\n").as_bytes());
        let index = &outcome.passed.first().unwrap_or_else(|| panic!("{head}: {:?}", outcome.refused)).index;
        (index.closes(), index.upgrades(), index.expects_continue())
    };
    assert_eq!(flags("GET / HTTP/1.1\nHost: a\n\n"), (false, false, false));
    assert_eq!(flags("GET / HTTP/1.1\nHost: a\nConnection: x, CLOSE\n\n"), (true, false, false));
    assert_eq!(flags("GET / HTTP/1.1\nHost: a\nConnection: close\nConnection: keep-alive\n\n"), (true, false, false));
    assert_eq!(flags("GET / HTTP/1.0\n\n"), (true, false, false));
    assert_eq!(flags("GET / HTTP/1.0\nConnection: Keep-Alive\n\n"), (false, false, false));
    assert_eq!(flags("GET / HTTP/1.1\nHost: a\nConnection: Upgrade\nUpgrade: websocket\n\n"), (false, true, false));
    assert_eq!(flags("GET / HTTP/1.1\nHost: a\nUpgrade: websocket\n\n"), (false, false, false));
    assert_eq!(flags("GET / HTTP/1.1\nHost: a\nConnection: upgrade\n\n"), (false, false, false));
    assert_eq!(flags("GET / HTTP/1.0\nConnection: upgrade, keep-alive\nUpgrade: x\n\n"), (false, false, false));
    assert_eq!(flags("POST / HTTP/1.1\nHost: a\nExpect: 100-Continue\nContent-Length: 1\n\n"), (false, false, true));
}

#[test]
fn an_upgrade_is_held_until_it_is_resolved() {
    let head = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    for (accepted, expected) in [(true, Ok(Step::Tunnel { bytes: 3 })), (false, Ok(Step::More))] {
        let mut framer = Framer::new(Limits::default());
        assert_eq!(framer.step(head), Ok(Step::Head { bytes: head.len() }));
        assert_eq!(framer.step(b"GET"), Ok(Step::AwaitUpgrade));
        framer.resolve_upgrade(accepted);
        assert_eq!(framer.step(b"GET"), expected);
    }
}

#[test]
fn limits_hold_to_the_byte() {
    let head = b"GET /abc HTTP/1.1\r\nHost: a\r\nX: b\r\n\r\n";
    let frame = |limits| frame(limits, [&head[..]]).refused;
    let exact = Limits { head_bytes_max: head.len(), headers_max: 2, target_bytes_max: 4, ..Limits::default() };
    assert_eq!(frame(exact), None);
    let bytes_max = head.len() - 1;
    assert_eq!(frame(Limits { head_bytes_max: bytes_max, ..exact }), Some(Malformed::HeadTooLarge { bytes_max }));
    assert_eq!(frame(Limits { headers_max: 1, ..exact }), Some(Malformed::HeadersTooMany { headers_max: 1 }));
    assert_eq!(frame(Limits { target_bytes_max: 3, ..exact }), Some(Malformed::TargetTooLong { bytes_max: 3 }));
}

/// Pieces of requests, whole and broken, that meet in every order.
fn fragment() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => Just(&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..]),
        2 => Just(&b"GET /?"[..]),
        2 => Just(&b"POST /a HTTP/1.1\r\n"[..]),
        2 => Just(&b"Host: a\r\n"[..]),
        2 => Just(&b"Content-Length: 7\r\n"[..]),
        2 => Just(&b"Transfer-Encoding: chunked\r\n"[..]),
        2 => Just(&b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"[..]),
        2 => Just(&b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"[..]),
        2 => Just(&b"5\r\nhello\r\n"[..]),
        2 => Just(&b"0\r\n\r\n"[..]),
        1 => Just(&b"0\r\nX: y\r\n\r\n"[..]),
        1 => Just(&b"1;a=\"b\"\r\n"[..]),
        1 => Just(&b"\r\n"[..]),
        1 => Just(&b"\n"[..]),
        1 => Just(&b"\r"[..]),
        1 => Just(&b" "[..]),
        1 => Just(&b"\0"[..]),
    ]
    .prop_map(<[u8]>::to_vec)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_split_gives_the_same_as_one_piece(
        fragments in prop::collection::vec(fragment(), 0..8),
        cuts in prop::collection::vec(0..400_usize, 0..12),
        head_bytes_max in 20..200_usize,
        target_bytes_max in 1..40_usize,
    ) {
        let bytes = fragments.concat();
        let limits = Limits {
            head_bytes_max, target_bytes_max, headers_max: 3, trailer_bytes_max: 5, chunk_line_bytes_max: 6,
            ..Limits::default()
        };
        let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut <= bytes.len()).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|ends| &bytes[ends[0]..ends[1]]);
        prop_assert_eq!(frame(limits, pieces), frame(limits, [&bytes[..]]));
    }

    #[test]
    fn any_bytes_are_framed_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = frame(Limits::default(), bytes.chunks(7));
    }
}
