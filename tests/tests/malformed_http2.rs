//! HTTP/2 requests that are none, or that would become something else in HTTP/1.1: none is forwarded.

use sekisho_e2e::{Acl, Checkpoint, FrameConnection, FrameReply, Origin};

const REPLY_MS_MAX: u64 = 15_000;

type Fields = Vec<(&'static [u8], &'static [u8])>;

const METHOD: (&[u8], &[u8]) = (b":method", b"POST");
const SCHEME: (&[u8], &[u8]) = (b":scheme", b"http");
const PATH: (&[u8], &[u8]) = (b":path", b"/");
const AUTHORITY: (&[u8], &[u8]) = (b":authority", b"shop.example");

/// The four pseudo-header fields, and then these.
fn with(fields: &[(&'static [u8], &'static [u8])]) -> Fields {
    [METHOD, SCHEME, PATH, AUTHORITY].into_iter().chain(fields.iter().copied()).collect()
}

fn path(path: &'static [u8]) -> Fields {
    vec![METHOD, SCHEME, (b":path", path), AUTHORITY]
}

fn start() -> (Origin, Checkpoint) {
    let origin = Origin::start().expect("a port is free");
    let folder = tempfile::tempdir().expect("a folder can be made");
    Acl::new("lenient").block_body("no-such-word").write(folder.path(), "acl.json").expect("the ACL is written");
    let url = origin.url();
    let arguments = ["guard", &url, "--acl", "acl.json", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let checkpoint = Checkpoint::start_in(folder, arguments).expect("the checkpoint starts");
    (origin, checkpoint)
}

/// What becomes of a request on a connection of its own.
fn ask(checkpoint: &Checkpoint, fields: &[(&[u8], &[u8])], body: Option<&[u8]>) -> FrameReply {
    let mut connection = FrameConnection::open(checkpoint.address()).expect("the checkpoint listens");
    // The checkpoint may hang up before everything is sent.
    let _sent = connection.request(1, fields, body);
    connection.read(1, REPLY_MS_MAX).expect("the socket works")
}

/// Sends each on a connection of its own; none may be forwarded or answered 200.
fn assert_refused(requests: &[(&str, Fields, Option<&[u8]>)]) {
    let (origin, checkpoint) = start();
    for (name, fields, body) in requests {
        let reply = ask(&checkpoint, fields, *body);
        assert!(reply.is_refusal(), "{name}: {reply:?}\n{}", checkpoint.log());
        assert_eq!(origin.bytes(), 0, "{name}: {:#?}", origin.received());
    }
    assert_eq!(ask(&checkpoint, &with(&[]), Some(b"body")), FrameReply::Ok, "{}", checkpoint.log());
    let received = origin.received();
    assert_eq!((received.len(), received[0].line(), received[0].body.as_slice()), (1, "POST / HTTP/1.1", &b"body"[..]));
}

#[test]
fn bad_pseudo_header_fields_are_not_forwarded() {
    assert_refused(&[
        ("no method", vec![SCHEME, PATH, AUTHORITY], None),
        ("no scheme", vec![METHOD, PATH, AUTHORITY], None),
        ("no path", vec![METHOD, SCHEME, AUTHORITY], None),
        ("no host at all", vec![METHOD, SCHEME, PATH], None),
        ("two methods", vec![METHOD, METHOD, SCHEME, PATH, AUTHORITY], None),
        ("two paths", vec![METHOD, SCHEME, PATH, (b":path", b"/admin"), AUTHORITY], None),
        ("two hosts", vec![METHOD, SCHEME, PATH, AUTHORITY, (b":authority", b"admin.example")], None),
        ("a host field of another host", with(&[(b"host", b"admin.example")]), None),
        ("two host fields", vec![METHOD, SCHEME, PATH, (b"host", b"a.example"), (b"host", b"b.example")], None),
        ("an unknown one", with(&[(b":protocol-x", b"a")]), None),
        ("a response's", with(&[(b":status", b"200")]), None),
        ("one behind a field", vec![METHOD, SCHEME, PATH, (b"x", b"a"), AUTHORITY], None),
        ("an empty method", vec![(b":method", b""), SCHEME, PATH, AUTHORITY], None),
        ("a method with a space", vec![(b":method", b"GET /admin HTTP/1.1"), SCHEME, PATH, AUTHORITY], None),
        ("a method with a line", vec![(b":method", b"GET / HTTP/1.1\r\nX: a"), SCHEME, PATH, AUTHORITY], None),
        ("a host with a user", vec![METHOD, SCHEME, PATH, (b":authority", b"user@shop.example")], None),
        ("a host with a path", vec![METHOD, SCHEME, PATH, (b":authority", b"shop.example/admin")], None),
        ("a host with a space", vec![METHOD, SCHEME, PATH, (b":authority", b"shop.example x")], None),
        ("CONNECT", vec![(b":method", b"CONNECT"), (b":authority", b"shop.example:443")], None),
        ("extended CONNECT", with_connect(), None),
    ]);
}

fn with_connect() -> Fields {
    vec![(b":method", b"CONNECT"), (b":protocol", b"websocket"), SCHEME, PATH, AUTHORITY]
}

#[test]
fn bad_paths_are_not_forwarded() {
    assert_refused(&[
        ("empty", path(b""), None),
        ("relative", path(b"admin"), None),
        ("a query alone", path(b"?a"), None),
        ("asterisk with POST", path(b"*"), None),
        ("space and version", path(b"/ HTTP/1.1\r\nHost: admin.example"), None),
        ("space", path(b"/a b"), None),
        ("line feed", path(b"/a\nb"), None),
        ("NUL", path(b"/a\0b"), None),
        ("octet above 127", path(b"/\xe6\x97\xa5"), None),
    ]);
}

#[test]
fn a_fragment_never_reaches_the_origin() {
    let (origin, checkpoint) = start();
    // A path has none; a lenient parser drops it before anybody looks.
    ask(&checkpoint, &path(b"/a#b"), None);
    let received = origin.received();
    assert!(received.iter().all(|received| received.line() == "POST /a HTTP/1.1"), "{received:#?}");
}

#[test]
fn fields_of_one_connection_are_not_forwarded() {
    assert_refused(&[
        ("connection", with(&[(b"connection", b"keep-alive")]), None),
        ("connection naming a field", with(&[(b"connection", b"x-secret"), (b"x-secret", b"a")]), None),
        ("proxy-connection", with(&[(b"proxy-connection", b"keep-alive")]), None),
        ("keep-alive", with(&[(b"keep-alive", b"timeout=5")]), None),
        (
            "transfer-encoding",
            with(&[(b"transfer-encoding", b"chunked")]),
            Some(b"0\r\n\r\nGET /hidden HTTP/1.1\r\n\r\n"),
        ),
        ("upgrade", with(&[(b"upgrade", b"h2c")]), None),
        ("te that asks for a coding", with(&[(b"te", b"gzip")]), None),
        ("te that asks for both", with(&[(b"te", b"trailers, deflate")]), None),
    ]);
}

#[test]
fn fields_that_would_be_others_in_text_are_not_forwarded() {
    assert_refused(&[
        ("upper case", with(&[(b"X-Upper", b"a")]), None),
        ("an empty name", with(&[(b"", b"a")]), None),
        ("a colon in a name", with(&[(b"x: a\r\ny", b"a")]), None),
        ("a space in a name", with(&[(b"transfer-encoding ", b"chunked")]), None),
        ("NUL in a name", with(&[(b"x\0", b"a")]), None),
        ("a line in a value", with(&[(b"x", b"a\r\nTransfer-Encoding: chunked")]), None),
        ("a line feed in a value", with(&[(b"x", b"a\nb")]), None),
        ("a carriage return in a value", with(&[(b"x", b"a\rb")]), None),
        ("NUL in a value", with(&[(b"x", b"a\0b")]), None),
        ("space before a value", with(&[(b"x", b" a")]), None),
        ("tab behind a value", with(&[(b"x", b"a\t")]), None),
    ]);
}

#[test]
fn lengths_that_disagree_with_the_body_are_not_forwarded() {
    let body: Option<&[u8]> = Some(b"body");
    assert_refused(&[
        ("shorter than the body", with(&[(b"content-length", b"3")]), body),
        ("longer than the body", with(&[(b"content-length", b"5")]), body),
        ("without a body", with(&[(b"content-length", b"5")]), None),
        ("nothing, with a body", with(&[(b"content-length", b"0")]), body),
        ("two that agree", with(&[(b"content-length", b"4"), (b"content-length", b"4")]), body),
        ("two that do not", with(&[(b"content-length", b"4"), (b"content-length", b"5")]), body),
        ("a list", with(&[(b"content-length", b"4, 4")]), body),
        ("a sign", with(&[(b"content-length", b"+4")]), body),
        ("letters", with(&[(b"content-length", b"four")]), body),
        ("nothing", with(&[(b"content-length", b"")]), body),
        ("more than 64 bits", with(&[(b"content-length", b"99999999999999999999")]), body),
    ]);
}

#[test]
fn a_request_that_is_refused_leaves_its_neighbours_alone() {
    let (origin, checkpoint) = start();
    let mut connection = FrameConnection::open(checkpoint.address()).expect("the checkpoint listens");
    for (stream, fields) in [(1, with(&[])), (3, with(&[(b"transfer-encoding", b"chunked")])), (5, with(&[]))] {
        connection.request(stream, &fields, Some(b"body")).expect("the connection holds");
        let reply = connection.read(stream, REPLY_MS_MAX).expect("the socket works");
        let expected = if stream == 3 { FrameReply::Reset } else { FrameReply::Ok };
        let other = if stream == 3 { FrameReply::OtherStatus } else { FrameReply::Ok };
        assert!(reply == expected || reply == other, "stream {stream}: {reply:?}");
    }
    assert_eq!(origin.received().len(), 2);
}
