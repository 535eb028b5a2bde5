//! What a browser's request looks like to rules.

use std::net::{IpAddr, Ipv4Addr};

use sekisho_model::Timestamp;

use super::*;
use crate::ir::phased::{BodyProcessor, PhasedSettings, Variable};
use crate::transaction::{List, PhasedContext, Source, Store, ValueId};
use crate::{Body, Client, Header, Request};

/// A transaction up to its body.
pub(in crate::transaction) struct Filled {
    pub(in crate::transaction) store: Store,
    pub(in crate::transaction) settings: PhasedSettings,
    memory: Memory,
}

impl Filled {
    /// Fills from a method, a target and header fields in lines.
    pub(in crate::transaction) fn head(line: &str, fields: &str, settings: PhasedSettings) -> Self {
        let (method, target) = line.split_once(' ').unwrap();
        let (target, fragment) = target.split_once('#').map_or((target, None), |(target, rest)| (target, Some(rest)));
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers: Vec<_> = fields
            .lines()
            .map(|line| line.split_once(':').unwrap())
            .map(|(name, value)| Header { name: name.as_bytes(), value: value.trim().as_bytes() })
            .collect();
        let request = Request {
            method: method.as_bytes(),
            path: path.as_bytes(),
            query: query.as_bytes(),
            fragment: fragment.map(str::as_bytes),
            version: b"HTTP/1.1",
            scheme: "http",
            headers: &headers,
            body: Body::EMPTY,
            client: Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), country: None, asn: None, ja3: None, ja4: None },
        };
        let context = PhasedContext {
            unique_id: "u-1",
            server_address: Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))),
            server_port: 80,
            remote_port: 1234,
            ..PhasedContext::at(Timestamp::from_unix_ms(0))
        };
        let mut filled = Self { store: Store::default(), settings, memory: Memory::default() };
        let filling = Filling { settings: &filled.settings, full_request: true, xml_paths: &[] };
        request_head(&mut filled.store, &mut filled.memory, &request, &context, filling);
        filled
    }

    pub(in crate::transaction) fn body(&mut self, processor: Option<BodyProcessor>, bytes: &[u8]) {
        self.body_cut(processor, bytes, false);
    }

    /// A body of which there is more, if it is over the limit.
    pub(in crate::transaction) fn body_cut(
        &mut self,
        processor: Option<BodyProcessor>,
        bytes: &[u8],
        is_over_limit: bool,
    ) {
        let filling = Filling { settings: &self.settings, full_request: true, xml_paths: &[] };
        let body = ReceivedBody { bytes, is_over_limit, processor, is_forced: false, ..ReceivedBody::default() };
        request_body(&mut self.store, &mut self.memory, body, filling);
    }

    /// All values of a variable as text, named if they have names.
    pub(in crate::transaction) fn all(&self, variable: Variable) -> Vec<String> {
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        let shown = |id: ValueId| match self.store.name(id) {
            b"" => text(self.store.value(id)),
            name => format!("{}={}", text(name), text(self.store.value(id))),
        };
        self.store.of(Source::of(variable, None).unwrap()).map(shown).collect()
    }

    #[track_caller]
    pub(in crate::transaction) fn has(&self, variable: Variable, expect: &[&str]) -> &Self {
        assert_eq!(self.all(variable), expect, "{}", variable.name());
        self
    }
}

fn get(target: &str) -> Filled {
    Filled::head(&format!("GET {target}"), "", PhasedSettings::default())
}

#[test]
fn the_request_line_is_there_raw_and_decoded() {
    get("/a%20b/c.php?x=%41+b#f")
        .has(Variable::RequestLine, &["GET /a%20b/c.php?x=%41+b#f HTTP/1.1"])
        .has(Variable::RequestMethod, &["GET"])
        .has(Variable::RequestProtocol, &["HTTP/1.1"])
        .has(Variable::RequestUriRaw, &["/a%20b/c.php?x=%41+b#f"])
        .has(Variable::RequestUri, &["/a b/c.php?x=A+b"])
        .has(Variable::RequestFilename, &["/a b/c.php"])
        .has(Variable::PathInfo, &["/a b/c.php"])
        .has(Variable::RequestBasename, &["c.php"])
        .has(Variable::QueryString, &["x=%41+b"]);
    get("http://a.b/c/d?e").has(Variable::RequestUri, &["/c/d?e"]).has(Variable::RequestFilename, &["http://a.b/c/d"]);
    get("http://a.b").has(Variable::RequestUri, &["http://a.b"]).has(Variable::RequestBasename, &["a.b"]);
    get("a:b//c/d").has(Variable::RequestUri, &["a:b//c/d"]);
    get("*").has(Variable::RequestFilename, &["*"]).has(Variable::RequestBasename, &[""]);
    get("/a/b/").has(Variable::RequestBasename, &[""]);
    get("/a\\b").has(Variable::RequestBasename, &["b"]);
    get("/%zz%4+b%00c%2fd").has(Variable::RequestFilename, &["/%zz%4+b\\x00c/d"]);
    get("/%u0041%1").has(Variable::RequestUri, &["/%u0041%1"]);
    // An encoded question mark ends no path.
    get("/a%3fb=c/d?e=f").has(Variable::RequestFilename, &["/a?b=c/d"]).has(Variable::QueryString, &["e=f"]);
    get("/#a?b=c").has(Variable::RequestUri, &["/"]).has(Variable::QueryString, &[""]).has(Variable::Args, &[]);
}

#[test]
fn arguments_are_pieces_of_the_query_string() {
    get("/?x=1&y=%zz&&=e&z&w=a+b&w=2&tr=%41&")
        .has(Variable::ArgsGet, &["x=1", "y=%zz", "", "e", "z=", "w=a b", "w=2", "tr=A"])
        .has(Variable::Args, &["x=1", "y=%zz", "", "e", "z=", "w=a b", "w=2", "tr=A"])
        .has(Variable::ArgsPost, &[])
        .has(Variable::UrlencodedError, &["1"])
        .has(Variable::ArgsCombinedSize, &["17"]);
    get("/?&").has(Variable::Args, &[""]);
    get("/?=").has(Variable::Args, &[""]);
    get("/?a&&b").has(Variable::Args, &["a=", "", "b="]);
    get("/?a=1;b=2").has(Variable::Args, &["a=1;b=2"]).has(Variable::UrlencodedError, &[""]);
    get("/?a=%00b%0").has(Variable::Args, &["a=\\x00b%0"]).has(Variable::UrlencodedError, &["1"]);
    get("/?a==b%2B").has(Variable::Args, &["a==b+"]);
    get("/").has(Variable::Args, &[]);
    let settings = PhasedSettings { argument_separator: Some(b';'), ..PhasedSettings::default() };
    Filled::head("GET /?a=1;b=2&c", "", settings).has(Variable::Args, &["a=1", "b=2&c"]);
}

#[test]
fn arguments_beyond_their_limit_are_one() {
    let mut settings = PhasedSettings::default();
    settings.request_body.arguments_max = 3;
    let mut filled = Filled::head("POST /?a&b", "", settings.clone());
    filled.body(Some(BodyProcessor::UrlEncoded), b"c=1&d=2&e=%33");
    filled.has(Variable::Args, &["a=", "b=", "c=1", "d=2&e=3"]).has(Variable::ArgsCombinedSize, &["11"]);
    let mut filled = Filled::head("POST /?a&b&c&d&e", "", settings);
    filled.body(Some(BodyProcessor::UrlEncoded), b"f=1&g=2");
    filled.has(Variable::Args, &["a=", "b=", "c=", "d&e", "f=1&g=2"]);
}

#[test]
fn cookies_are_pieces_of_their_fields() {
    let check = |field: &str, expect: &[&str]| {
        let filled = Filled::head("GET /", &format!("Cookie: {field}"), PhasedSettings::default());
        filled.has(Variable::RequestCookies, expect);
    };
    check("a=b; c=d=e;f; =g; \"h\"=i;", &["a=b", "c=d=e", "f=", "\\\"h\\\"=i"]);
    check("a = b ; c", &["a = b ", "c="]);
    check(";;a=b;", &["a=b"]);
    check("a=\"b;c\"", &["a=\\\"b", "c\\\"="]);
    check("=b", &[]);
    check("a==b", &["a==b"]);
    check("a=b ;", &["a=b"]);
    check("a=b ;;", &["a=b "]);
    check(";", &[]);
    check("a=b; a=c", &["a=b", "a=c"]);
    check("a,b=c", &["a,b=c"]);
    check("", &[]);
}

#[test]
fn cookies_of_version_1_may_be_quoted() {
    let check = |field: &str, expect: &[&str]| {
        let settings = PhasedSettings { cookies_v1: true, ..PhasedSettings::default() };
        Filled::head("GET /", &format!("Cookie: {field}"), settings).has(Variable::RequestCookies, expect);
    };
    check("$Version=\"1\"; a=\"b;c\"; $Path=/, d=e", &["$Version=1", "a=b;c", "$a_Path=/", "d=e"]);
    check("a=\"b\\\"c\"; d", &["a=b\\\\\\\"c", "d="]);
    check("a=\"b", &["a=\\\"b"]);
    check("a=\"b\\", &["a=\\\"b\\\\"]);
    check(";,= ;", &[]);
}

#[test]
fn header_fields_and_what_is_told_of_them() {
    let fields =
        "Host: h.example:8080\nauthorization: Basic dXNlcjpwYXNz\nContent-Type: Multipart/Form-Data; boundary=a";
    let mut filled = Filled::head("POST /", fields, PhasedSettings::default());
    filled
        .has(Variable::ServerName, &["h.example"])
        .has(Variable::AuthType, &["Basic"])
        .has(Variable::RemoteUser, &["user"])
        .has(Variable::ReqbodyProcessor, &["MULTIPART"])
        .has(Variable::RequestHeadersNames, &["Host=Host", "authorization=authorization", "Content-Type=Content-Type"])
        .has(Variable::RemoteAddr, &["127.0.0.1"])
        .has(Variable::RemoteHost, &["127.0.0.1"])
        .has(Variable::RemotePort, &["1234"])
        .has(Variable::ServerAddr, &["192.0.2.1"])
        .has(Variable::ServerPort, &["80"])
        .has(Variable::UniqueId, &["u-1"]);
    assert_eq!(filled.store.scalar(List::FullRequest), b"");
    filled.body(None, b"x=y");
    let full = [fields, "\n\n\nx=y"].concat();
    assert_eq!(filled.store.scalar(List::FullRequest), full.as_bytes());
    filled
        .has(Variable::FullRequestLength, &[&full.len().to_string()])
        .has(Variable::RequestBody, &["x=y"])
        .has(Variable::RequestBodyLength, &["3"]);
}

#[test]
fn a_body_has_one_type_however_many_lines_say_so() {
    let fields = "Content-Type: application/json\nAccept: a\ncontent-type: text/xml\nAccept: b";
    let filled = Filled::head("GET /", fields, PhasedSettings::default());
    filled.has(Variable::RequestHeaders, &["Content-Type=application/json, text/xml", "Accept=a", "Accept=b"]);
}

#[test]
fn a_document_of_xml_is_no_request_body_unless_that_is_forced() {
    let body = |is_forced| {
        let mut filled = Filled::head("POST /", "", PhasedSettings::default());
        let filling = Filling { settings: &filled.settings, full_request: false, xml_paths: &[] };
        let bytes = b"<java.lang.Runtime>a</java.lang.Runtime>";
        let body = ReceivedBody {
            bytes,
            is_over_limit: false,
            processor: Some(BodyProcessor::Xml),
            is_forced,
            ..ReceivedBody::default()
        };
        request_body(&mut filled.store, &mut filled.memory, body, filling);
        assert_eq!(filled.store.scalar(List::XmlText), b"a");
        assert_eq!(filled.store.scalar(List::RequestBodyLength), b"40");
        filled.store.scalar(List::RequestBody).len()
    };
    assert_eq!((body(false), body(true)), (0, 40));
}

#[test]
fn the_request_line_has_the_target_as_received() {
    let headers = [];
    let client = Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), country: None, asn: None, ja3: None, ja4: None };
    let request = Request {
        method: b"GET",
        path: b"/",
        query: b"a",
        fragment: None,
        version: b"HTTP/1.1",
        scheme: "http",
        headers: &headers,
        body: Body::EMPTY,
        client,
    };
    let context = PhasedContext { target: Some(b"http://h?a"), ..PhasedContext::at(Timestamp::from_unix_ms(0)) };
    let settings = PhasedSettings::default();
    let mut store = Store::default();
    let filling = Filling { settings: &settings, full_request: false, xml_paths: &[] };
    request_head(&mut store, &mut Memory::default(), &request, &context, filling);
    let expected: [(List, &[u8]); 5] = [
        (List::RequestLine, b"GET http://h?a HTTP/1.1"),
        (List::RequestUriRaw, b"http://h?a"),
        (List::RequestUri, b"/?a"),
        (List::RequestFilename, b"/"),
        (List::QueryString, b"a"),
    ];
    for (list, value) in expected {
        assert_eq!(store.scalar(list), value, "{list:?}");
    }
}

#[test]
fn hosts_and_users_of_odd_form() {
    let host = |host: &str, expect| {
        let filled = Filled::head("GET /", &format!("Host: {host}"), PhasedSettings::default());
        filled.has(Variable::ServerName, &[expect]);
    };
    host("[::1]:80", "[::1]");
    host("[::1]", "[::1]");
    host("[::1", "[");
    host("a.b:", "a.b");
    host(":80", "");
    let user = |field: &str, kind, expect: &[&str]| {
        let filled = Filled::head("GET /", &format!("Authorization: {field}"), PhasedSettings::default());
        filled.has(Variable::AuthType, &[kind]).has(Variable::RemoteUser, expect);
    };
    user("Basic", "Basic", &[]);
    user("basic  dXNlcjpwYXNz", "basic", &["user"]);
    user("Basic dXNlcg==", "Basic", &[]);
    user("Basic !!", "Basic", &[]);
    user("Bearer dXNlcjpwYXNz", "Bearer", &[]);
    Filled::head("GET /", "", PhasedSettings::default()).has(Variable::RemoteUser, &[]);
}

#[test]
fn a_response_by_its_parts() {
    let mut filled = get("/");
    let headers = [Header { name: b"content-type", value: b"text/html ; charset=utf-8" }];
    response_head(&mut filled.store, &mut filled.memory, 404, b"HTTP/1.1", &headers);
    filled
        .has(Variable::ResponseStatus, &["404"])
        .has(Variable::ResponseProtocol, &["HTTP/1.1"])
        .has(Variable::StatusLine, &["HTTP/1.1 404"])
        .has(Variable::ResponseContentType, &["text/html"])
        .has(Variable::ResponseHeaders, &["content-type=text/html ; charset=utf-8"])
        .has(Variable::ResponseBody, &[""]);
    response_body(&mut filled.store, b"hello", true);
    filled
        .has(Variable::ResponseBody, &["hello"])
        .has(Variable::ResponseContentLength, &["5"])
        .has(Variable::OutboundDataError, &["1"]);
}

#[test]
fn a_body_too_large_is_an_error() {
    let mut settings = PhasedSettings::default();
    settings.request_body.no_files_bytes_max = 3;
    let mut filled = Filled::head("POST /", "", settings);
    filled.body(Some(BodyProcessor::UrlEncoded), b"a=bc");
    filled
        .has(Variable::ReqbodyError, &["1"])
        .has(Variable::ReqbodyErrorMsg, &["Request body excluding files is bigger than the maximum expected."])
        .has(Variable::InboundDataError, &["1"])
        .has(Variable::RequestBody, &["a=bc"])
        .has(Variable::Args, &[]);
}
