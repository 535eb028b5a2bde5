//! Parts of requests: which values they have, and how much of them.

use std::net::{IpAddr, Ipv4Addr};

use super::{Extent, Memory, visit};
use crate::ir::{AddressSource, Field, ForwardedPosition, MapMatch, MapPattern, MapScope, PreParse};
use crate::{Body, Client, Header, Limits, Request};

fn header<'a>(name: &'a str, value: &'a str) -> Header<'a> {
    Header { name: name.as_bytes(), value: value.as_bytes() }
}

fn request<'a>(query: &'a str, headers: &'a [Header<'a>]) -> Request<'a> {
    Request {
        method: b"GET",
        path: b"/p",
        query: query.as_bytes(),
        fragment: None,
        version: b"HTTP/1.1",
        scheme: "http",
        headers,
        body: Body::EMPTY,
        client: Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), country: None, asn: None, ja3: None, ja4: None },
    }
}

fn values(field: &Field, request: &Request<'_>, limits: &Limits) -> (Vec<String>, Extent) {
    let mut found = Vec::new();
    let extent = visit(field, request, limits, &mut Memory::default(), |_, value| {
        found.push(String::from_utf8_lossy(value).into_owned());
    });
    (found, extent)
}

fn of(field: &Field, request: &Request<'_>) -> Vec<String> {
    values(field, request, &Limits::default()).0
}

#[test]
fn query_arguments_are_raw_and_named_in_any_case() {
    let request = request("a=%27&&B=x=y&b&=z", &[]);
    assert_eq!(of(&Field::AllQueryArguments { pre_parse: Vec::new() }, &request), ["%27", "x=y", "", "z"]);
    let one = |name: &str| Field::SingleQueryArgument { name: name.to_owned(), pre_parse: Vec::new() };
    assert_eq!(of(&one("b"), &request), ["x=y", ""]);
    assert_eq!(of(&Field::QueryString, &request), ["a=%27&&B=x=y&b&=z"]);
    let (found, extent) = values(&one("c"), &request, &Limits::default());
    assert!(found.is_empty() && !extent.present);
}

#[test]
fn query_arguments_are_those_of_the_query_string_made_ready() {
    let request = request("a=1%26b%3D2;A=3", &[]);
    let pre_parse = vec![PreParse::SemicolonsToAmpersands, PreParse::UrlDecode, PreParse::CombineDuplicates];
    assert_eq!(of(&Field::AllQueryArguments { pre_parse: pre_parse.clone() }, &request), ["1,3", "2"]);
    let one = |name: &str, pre_parse: &[PreParse]| {
        of(&Field::SingleQueryArgument { name: name.to_owned(), pre_parse: pre_parse.to_vec() }, &request)
    };
    assert_eq!(one("a", &pre_parse), ["1,3"]);
    assert_eq!(one("a", &pre_parse[..1]), ["1%26b%3D2", "3"]);
    assert_eq!(one("b", &pre_parse[..1]), [""; 0]);
    assert_eq!(one("b", &pre_parse), ["2"]);
}

#[test]
fn headers_are_named_in_any_case_and_cookies_exactly() {
    let headers = [header("Host", "h"), header("COOKIE", "a=1; A=2;b ; =x"), header("cookie", "c=\"3\"")];
    let request = request("", &headers);
    assert_eq!(of(&Field::SingleHeader("host".to_owned()), &request), ["h"]);
    let cookies = |pattern, scope| Field::Cookies(MapMatch { pattern, scope });
    assert_eq!(of(&cookies(MapPattern::All, MapScope::Value), &request), ["1", "2", "", "x", "\"3\""]);
    assert_eq!(of(&cookies(MapPattern::Included(vec!["a".to_owned()]), MapScope::All), &request), ["a", "1"]);
    assert_eq!(of(&cookies(MapPattern::Excluded(vec!["a".to_owned()]), MapScope::Key), &request), ["A", "b", "", "c"]);
    let names = MapMatch { pattern: MapPattern::Excluded(vec!["cookie".to_owned()]), scope: MapScope::All };
    assert_eq!(of(&Field::Headers(names), &request), ["Host", "h"]);
    assert_eq!(of(&Field::HeaderOrder, &request), ["Host:COOKIE:cookie"]);
}

#[test]
fn what_exceeds_the_inspected_part_is_cut_and_said() {
    let headers = [header("a", "12345"), header("b", "67890"), header("c", "x")];
    let request = request("", &headers);
    let all = Field::Headers(MapMatch { pattern: MapPattern::All, scope: MapScope::All });
    let with = |headers_max, headers_bytes_max| {
        let limits = Limits { headers_max, headers_bytes_max, ..Limits::default() };
        let (found, extent) = values(&all, &request, &limits);
        (found.join(","), extent.oversize)
    };
    assert_eq!(with(3, 14), ("a,12345,b,67890,c,x".to_owned(), false));
    assert_eq!(with(3, 13), ("a,12345,b,67890,c,".to_owned(), true));
    assert_eq!(with(3, 8), ("a,12345,b,6".to_owned(), true));
    assert_eq!(with(2, 100), ("a,12345,b,67890".to_owned(), true));
}

#[test]
fn forwarded_addresses_are_those_of_the_position() {
    let headers = [header("X-Forwarded-For", "192.0.2.1, junk"), header("x-forwarded-for", " 2001:db8::1 ")];
    let request = request("", &headers);
    let at = |position| {
        let source =
            AddressSource::Forwarded { header: "x-forwarded-for".to_owned(), position, invalid_matches: false };
        super::select_addresses(&source, &request).iter().map(|address| address.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(at(ForwardedPosition::First), ["192.0.2.1"]);
    assert_eq!(at(ForwardedPosition::Last), ["2001:db8::1"]);
    assert_eq!(at(ForwardedPosition::Any), ["192.0.2.1", "2001:db8::1"]);
    let many = vec!["10.0.0.1"; 3].into_iter().chain(vec!["10.0.0.2"; 10]).collect::<Vec<_>>().join(",");
    let headers = [header("x-forwarded-for", &many)];
    let request = Request { headers: &headers, ..request };
    let source = AddressSource::Forwarded {
        header: "x-forwarded-for".to_owned(),
        position: ForwardedPosition::Any,
        invalid_matches: false,
    };
    let found: Vec<_> = super::select_addresses(&source, &request).iter().map(|one| one.to_string()).collect();
    assert_eq!(found, vec!["10.0.0.2"; 10]);
}
