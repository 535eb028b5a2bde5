//! What is known of a request before its body: its line, its header fields and the connection it came on.

use std::io::Write as _;
use std::net::IpAddr;

use super::super::{Entry, List, PhasedContext, Span, Store};
use super::{Filling, Memory, arguments, authorization, choose_processor, cookies, decimal, processor_for, target};
use crate::Request;

/// Fills what phase 1 sees.
pub fn request_head(
    store: &mut Store,
    memory: &mut Memory,
    request: &Request<'_>,
    context: &PhasedContext<'_>,
    filling: Filling<'_>,
) {
    memory.begin();
    let query = target::fill(store, request);
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

fn headers(store: &mut Store, memory: &mut Memory, request: &Request<'_>) {
    for header in request.headers {
        let (name, value) = (store.bytes(header.name), store.bytes(header.value));
        memory.entries.push(Entry { name, value });
    }
    store.set(List::RequestHeaders, memory.entries.drain(..));
}

/// A host without the port behind it; an address of version 6 keeps its brackets.
fn without_port(host: &[u8]) -> &[u8] {
    let from = if host.starts_with(b"[") { memchr::memchr(b']', host).unwrap_or(0) } else { 0 };
    memchr::memchr(b':', &host[from..]).map_or(host, |colon| &host[..from + colon])
}
