//! What is known of a request once its body is there.

use std::io::Write as _;

use super::super::body::{self, Failure, ReadBody};
use super::super::{List, Span, Store};
use super::{Filling, Memory, decimal};
use crate::ir::phased::{BodyProcessor, OverLimit, XmlIntoArgs};

/// A body as far as it is looked at.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReceivedBody<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Whether they are not all, because there are more than `SecRequestBodyLimit` allows.
    pub is_over_limit: bool,
    /// What reads it, if anything does.
    pub processor: Option<BodyProcessor>,
    /// Whether `REQUEST_BODY` is there whatever reads it: `ctl:forceRequestBodyVariable`.
    pub is_forced: bool,
    /// Whether elements of XML are arguments: `SecParseXmlIntoArgs`, `ctl:parseXmlIntoArgs`.
    pub xml_into_args: XmlIntoArgs,
}

impl ReceivedBody<'_> {
    /// Whether `REQUEST_BODY` is there. A document of XML is looked at through `XML` alone: the names of its elements are no
    /// input, and rules on bodies would take them for it. Anything else is there, as in libmodsecurity 3.
    ///
    /// Source: ModSecurity Reference Manual, "REQUEST_BODY".
    fn is_variable(&self) -> bool {
        self.is_forced || self.processor != Some(BodyProcessor::Xml)
    }
}

/// The processor that a content type calls for if no rule chooses one.
#[must_use]
pub fn processor_for(content_type: &[u8]) -> Option<BodyProcessor> {
    let begins = |prefix: &str| {
        content_type.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
    };
    if begins("multipart/form-data") {
        Some(BodyProcessor::Multipart)
    } else if begins("application/x-www-form-urlencoded") {
        Some(BodyProcessor::UrlEncoded)
    } else {
        None
    }
}

/// Fills `REQBODY_PROCESSOR`.
pub fn choose_processor(store: &mut Store, processor: BodyProcessor) {
    store.set_scalar(List::ReqbodyProcessor, processor.name().as_bytes());
}

/// Fills what phase 2 sees, after [`request_head`](super::request_head).
pub fn request_body(store: &mut Store, memory: &mut Memory, body: ReceivedBody<'_>, filling: Filling<'_>) {
    let span = whole(store, memory, &body, filling);
    if body.is_over_limit {
        store.set_scalar(List::InboundDataError, b"1");
    }
    let Some(processor) = body.processor else { return };
    let is_cut = body.is_over_limit && filling.settings.request_body.over_limit == OverLimit::InspectPart;
    let read = ReadBody { bytes: body.bytes, span, is_cut, xml_into_args: body.xml_into_args };
    let result = body::process(store, memory, processor, read, filling);
    report(store, processor, result);
}

/// `REQUEST_BODY`, `FULL_REQUEST` and their lengths. Returns the body.
fn whole(store: &mut Store, memory: &mut Memory, received: &ReceivedBody<'_>, filling: Filling<'_>) -> Span {
    let bytes = received.bytes;
    let fields = store.list(List::RequestHeaders).map(|entry| store.entry(entry));
    let fields_bytes: usize = fields.map(|field| field.name.len() + field.value.len() + FIELD_SYNTAX_BYTES).sum();
    let head_bytes = fields_bytes + HEAD_END.len();
    let body = if filling.full_request {
        let mut head = std::mem::take(&mut memory.text);
        head.clear();
        for field in store.list(List::RequestHeaders).map(|entry| store.entry(entry)) {
            let pieces = [store.slice(field.name), b": ", store.slice(field.value), b"\n"];
            head.extend(pieces.into_iter().flatten());
        }
        head.extend_from_slice(HEAD_END);
        let full = store.write(|out| out.extend([head.as_slice(), bytes].into_iter().flatten()));
        memory.text = head;
        store.set_scalar_span(List::FullRequest, full);
        full.part(head_bytes..full.len())
    } else {
        store.bytes(bytes)
    };
    let length = store.write(|out| decimal(out, head_bytes + bytes.len()));
    store.set_scalar_span(List::FullRequestLength, length);
    if !bytes.is_empty() {
        if received.is_variable() {
            store.set_scalar_span(List::RequestBody, body);
        }
        let length = store.write(|out| decimal(out, bytes.len()));
        store.set_scalar_span(List::RequestBodyLength, length);
    }
    body
}

/// What `FULL_REQUEST` has between header fields and body.
const HEAD_END: &[u8] = b"\n\n";

/// What it has in and after a header field, besides name and value: a colon, a space and a line feed.
const FIELD_SYNTAX_BYTES: usize = 3;

/// Fills what is said of a processor's work.
fn report(store: &mut Store, processor: BodyProcessor, result: Result<(), Failure>) {
    let Err(failure) = result else {
        store.set_scalar(List::ReqbodyError, b"0");
        store.set_scalar(List::ReqbodyProcessorError, b"0");
        return;
    };
    store.set_scalar(List::ReqbodyError, b"1");
    if failure == Failure::TooLarge {
        store.set_scalar(List::InboundDataError, b"1");
        let message = store.write(|out| write!(out, "{failure}").expect(MEMORY));
        store.set_scalar_span(List::ReqbodyErrorMsg, message);
        return;
    }
    store.set_scalar(List::ReqbodyProcessorError, b"1");
    let message = store.write(|out| write!(out, "{} parsing error: {failure}", title(processor)).expect(MEMORY));
    store.set_scalar_span(List::ReqbodyErrorMsg, message);
    store.set_scalar_span(List::ReqbodyProcessorErrorMsg, message);
}

/// What messages call a processor.
const fn title(processor: BodyProcessor) -> &'static str {
    match processor {
        BodyProcessor::Multipart => "Multipart",
        BodyProcessor::UrlEncoded | BodyProcessor::Json | BodyProcessor::Xml => processor.name(),
    }
}

const MEMORY: &str = "memory takes whatever is written";
