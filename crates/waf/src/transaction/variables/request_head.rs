//! What is known of a request before its body: its line, its header fields and the connection it came on.

use std::io::Write as _;
use std::net::IpAddr;

use super::super::{Entry, List, PhasedContext, Span, Store};
use super::{Filling, Memory, arguments, authorization, choose_processor, cookies, decimal, processor_for, target};
use crate::{Header, Request};

/// Fills what phase 1 sees.
pub fn request_head(
    store: &mut Store,
    memory: &mut Memory,
    request: &Request<'_>,
    context: &PhasedContext<'_>,
    filling: Filling<'_>,
) {
    memory.begin();
    let query = target::fill(store, request, context.target);
    arguments::fill(store, memory, List::ArgsGet, (request.query, query), filling);
    connection(store, request, context);
    store.set_scalar(List::InboundDataError, b"0");
    store.set_scalar(List::OutboundDataError, b"0");
    headers(store, memory, request);
    cookies::fill(store, memory, request, filling.settings.cookies_v1);
    let content_types = request.headers.iter().filter(|header| header.is("content-type"));
    if let Some(processor) = content_types.filter_map(|header| processor_for(header.value)).next_back() {
        choose_processor(store, processor);
    }
    if let Some(authorization) = request.header("authorization") {
        authorization::fill(store, authorization);
    }
    if let Some(host) = request.header("host") {
        store.set_scalar(List::ServerName, without_port(host));
    }
}

fn connection(store: &mut Store, request: &Request<'_>, context: &PhasedContext<'_>) {
    let client = address(store, request.client.ip);
    store.set_scalar_span(List::RemoteAddr, client);
    store.set_scalar_span(List::RemoteHost, client);
    if let Some(server) = context.server_address {
        let server = address(store, server);
        store.set_scalar_span(List::ServerAddr, server);
    }
    for (list, port) in [(List::RemotePort, context.remote_port), (List::ServerPort, context.server_port)] {
        let port = store.write(|out| decimal(out, usize::from(port)));
        store.set_scalar_span(list, port);
    }
    store.set_scalar(List::UniqueId, context.unique_id.as_bytes());
}

fn address(store: &mut Store, address: IpAddr) -> Span {
    store.write(|out| write!(out, "{address}").expect("memory takes whatever is written"))
}

/// The header fields. A body has one type, however many lines say so: those of Content-Type are one value, as a server that
/// combines them has it.
///
/// Source: RFC 9110 sections 5.3 and 8.3.
fn headers(store: &mut Store, memory: &mut Memory, request: &Request<'_>) {
    let is_type = |header: &&Header<'_>| header.is("content-type");
    let repeats = request.headers.iter().filter(is_type).nth(1).is_some();
    let mut has_type = false;
    for header in request.headers {
        let combined = repeats && is_type(&header);
        if combined && std::mem::replace(&mut has_type, true) {
            continue;
        }
        let name = store.bytes(header.name);
        let value = match combined {
            true => store.write(|out| {
                let mut values = request.headers.iter().filter(is_type).map(|header| header.value);
                out.extend_from_slice(values.next().unwrap_or_default());
                values.for_each(|value| out.extend([b", ", value].into_iter().flatten()));
            }),
            false => store.bytes(header.value),
        };
        memory.entries.push(Entry { name, value });
    }
    store.set(List::RequestHeaders, memory.entries.drain(..));
}

/// A host without the port behind it; an address of version 6 keeps its brackets.
fn without_port(host: &[u8]) -> &[u8] {
    let from = if host.starts_with(b"[") { memchr::memchr(b']', host).unwrap_or(0) } else { 0 };
    memchr::memchr(b':', &host[from..]).map_or(host, |colon| &host[..from + colon])
}
