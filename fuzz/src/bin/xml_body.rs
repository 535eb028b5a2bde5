//! XML documents, on any bytes: no panic, no more text than there is in the body; what is read of a document without error
//! is read again from a document that is written with it. Expressions choose what all text and all attributes are made of.

#![no_main]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sekisho_model::Timestamp;
use sekisho_waf::ir::phased::{BodyProcessor, PhasedSettings, XmlName, XmlNode, XmlPath, XmlStep};
use sekisho_waf::transaction::variables::{Filling, Memory, ReceivedBody, request_body, request_head};
use sekisho_waf::transaction::{List, PhasedContext, Store};
use sekisho_waf::{Body, Client, Request};

/// `/*`, `//text()`, `//@*`, and one with namespaces.
static PATHS: LazyLock<[XmlPath; 4]> = LazyLock::new(|| {
    let step = |is_anywhere, node| XmlStep { is_anywhere, node };
    let path = |steps| XmlPath { written: String::new(), steps };
    let of = |namespace: Option<&str>| XmlName::Of { namespace: namespace.map(str::to_owned), local: "a".to_owned() };
    [
        path(vec![step(false, XmlNode::Element(XmlName::Any))]),
        path(vec![step(true, XmlNode::Text)]),
        path(vec![step(true, XmlNode::Attribute(XmlName::Any))]),
        path(vec![step(true, XmlNode::Element(of(Some("u")))), step(true, XmlNode::Element(of(None)))]),
    ]
});

/// What expressions choose is what the whole is made of.
fn check_chosen(store: &Store, body: &[u8]) {
    let chosen = |number: &str| -> Vec<&[u8]> {
        let all = store.list(List::XmlChosen).map(|entry| store.entry(entry));
        let of_one = all.filter(|entry| store.slice(entry.name) == number.as_bytes());
        of_one.map(|entry| store.slice(entry.value)).collect()
    };
    let attributes = store.list(List::XmlAttributes).map(|entry| store.slice(store.entry(entry).value));
    assert_eq!(chosen("2"), attributes.collect::<Vec<_>>());
    // What a document type declares is a part of all text, too.
    if !body.windows(9).any(|window| window == b"<!DOCTYPE") {
        let text = store.scalar(List::XmlText);
        assert_eq!((chosen("0").as_slice(), chosen("1").concat().as_slice()), (&[text][..], text));
    }
}

/// The text, the values of attributes, and whether it is well formed.
fn read(body: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>, bool) {
    let settings = PhasedSettings::default();
    let filling = Filling { settings: &settings, full_request: false, xml_paths: &*PATHS };
    let request = Request {
        method: b"POST",
        path: b"/",
        query: b"",
        fragment: None,
        version: b"HTTP/1.1",
        scheme: "http",
        headers: &[],
        body: Body::EMPTY,
        client: Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), country: None, asn: None, ja3: None, ja4: None },
    };
    let (mut store, mut memory) = (Store::default(), Memory::default());
    request_head(&mut store, &mut memory, &request, &PhasedContext::at(Timestamp::from_unix_ms(0)), filling);
    let processor = Some(BodyProcessor::Xml);
    request_body(
        &mut store,
        &mut memory,
        ReceivedBody { bytes: body, is_over_limit: false, processor, is_forced: false, ..ReceivedBody::default() },
        filling,
    );
    let attributes = store.list(List::XmlAttributes).map(|entry| store.slice(store.entry(entry).value).to_vec());
    let is_well_formed = store.scalar(List::ReqbodyError) == b"0";
    if is_well_formed {
        check_chosen(&store, body);
    }
    (store.scalar(List::XmlText).to_vec(), attributes.collect(), is_well_formed)
}

/// Text as references, one a character.
fn written(text: &str) -> String {
    text.chars().map(|character| format!("&#{};", u32::from(character))).collect()
}

fuzz_target!(|bytes: &[u8]| {
    let (text, attributes, is_well_formed) = read(bytes);
    let length = text.len() + attributes.iter().map(Vec::len).sum::<usize>();
    assert!(length <= bytes.len());
    if !is_well_formed {
        return;
    }
    let as_text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).ok();
    // Documents in other encodings are left as they are, and cannot be written with references.
    let (Some(text), Some(attributes)) = (as_text(&text), attributes.iter().map(as_text).collect::<Option<Vec<_>>>())
    else {
        return;
    };
    let listed: String =
        attributes.iter().enumerate().map(|(number, value)| format!(" a{number}='{}'", written(value))).collect();
    let again = read(format!("<r{listed}>{}</r>", written(&text)).as_bytes());
    let expect = (text.into_bytes(), attributes.into_iter().map(String::into_bytes).collect(), true);
    // References make text longer: it may not fit any more.
    if again.2 {
        assert_eq!(again, expect);
    }
});
