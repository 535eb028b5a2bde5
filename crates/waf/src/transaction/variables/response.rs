//! What is known of a response.

use memchr::memchr;

use super::super::{Entry, List, Store};
use super::{Memory, decimal};
use crate::Header;

/// Fills what phase 3 sees. `protocol` is as in `HTTP/1.1`.
pub fn response_head(store: &mut Store, memory: &mut Memory, status: u16, protocol: &[u8], headers: &[Header<'_>]) {
    let line = store.write(|out| {
        out.extend_from_slice(protocol);
        out.push(b' ');
        decimal(out, usize::from(status));
    });
    store.set_scalar_span(List::StatusLine, line);
    store.set_scalar_span(List::ResponseProtocol, line.part(0..protocol.len()));
    store.set_scalar_span(List::ResponseStatus, line.part(protocol.len() + 1..line.len()));
    for header in headers {
        let (name, value) = (store.bytes(header.name), store.bytes(header.value));
        memory.entries.push(Entry { name, value });
        if header.is("content-type") {
            let parameters = memchr(b';', header.value).unwrap_or(header.value.len());
            let media_type = header.value[..parameters].trim_ascii_end();
            store.set_scalar_span(List::ResponseContentType, value.part(0..media_type.len()));
        }
    }
    store.set(List::ResponseHeaders, memory.entries.drain(..));
}

/// Fills what phase 4 sees of a body: `bytes`, of which `is_over_limit` says whether they are not all.
pub fn response_body(store: &mut Store, bytes: &[u8], is_over_limit: bool) {
    store.set_scalar(List::ResponseBody, bytes);
    let length = store.write(|out| decimal(out, bytes.len()));
    store.set_scalar_span(List::ResponseContentLength, length);
    if is_over_limit {
        store.set_scalar(List::OutboundDataError, b"1");
    }
}
