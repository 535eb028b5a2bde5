//! Amazon CloudFront: requests.
//!
//! Source: Amazon CloudFront Developer Guide, "Standard logging reference": the fields of both versions, as tab-separated lines with a
//! header, or as JSON objects.

use std::borrow::Cow;

use sekisho_event::{Class, Column, Event};

use super::aws_waf::activity;
use crate::json::Object;
use crate::source::{Context, Refusal, Source, text};
use crate::split::{Framing, Header};
use crate::time;

/// How the header that names the fields begins.
const FIELDS: &str = "#Fields:";
/// The fields of the log before anyone chose others.
const DEFAULT_FIELDS: &str = "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query \
    cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher \
    x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type \
    sc-content-type sc-content-len sc-range-start sc-range-end";

/// CloudFront's standard log.
pub(super) const SOURCE: Source = Source {
    name: "cloudfront",
    about: "Amazon CloudFront: requests",
    framing: Framing::Lines { header: Header::Begins("#") },
    parse,
};

fn parse<'r>(raw: &'r [u8], context: Context<'r>) -> Result<Event<'r>, Refusal> {
    let line = text(raw)?;
    if line.starts_with('{') {
        let mut object = Object::parse(raw)?;
        let mut event = tell(|name| object.text(name).filter(|value| value != "-"))?;
        event.set_unmapped(object.rest());
        return Ok(event);
    }
    let names = context.header.strip_prefix(FIELDS).unwrap_or(DEFAULT_FIELDS);
    let mut fields: Vec<_> = names.split_ascii_whitespace().zip(line.split('\t')).collect();
    let (found, expected) = (line.split('\t').count(), names.split_ascii_whitespace().count());
    if found != expected {
        return Err(Refusal::Fields { found, expected });
    }
    fields.retain(|(_, value)| *value != "-");
    let mut event = tell(|name| {
        let at = fields.iter().position(|(known, _)| *known == name)?;
        Some(Cow::Borrowed(fields.swap_remove(at).1))
    })?;
    event.set_unmapped(fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("\t"));
    Ok(event)
}

/// What the fields say; `take` gives each once.
fn tell<'r>(mut take: impl FnMut(&str) -> Option<Cow<'r, str>>) -> Result<Event<'r>, Refusal> {
    let mut event = Event::new(Class::HttpActivity);
    let date = take("date").ok_or(Refusal::Missing("date"))?;
    let clock = take("time").ok_or(Refusal::Missing("time"))?;
    let moment = time::rfc3339(&format!("{date}T{clock}Z")).ok_or(Refusal::Field("date", "a date"))?;
    event.time(Column::Time, Some(moment));
    event.text(Column::Product, Some("CloudFront"));
    event.text(Column::SrcIp, take("c-ip"));
    event.text(Column::Path, take("cs-uri-stem"));
    event.text(Column::Query, take("cs-uri-query"));
    event.text(Column::Host, take("x-host-header"));
    event.text(Column::DstHost, take("cs(Host)"));
    event.text(Column::Referrer, take("cs(Referer)"));
    event.text(Column::UserAgent, take("cs(User-Agent)").map(decoded));
    event.text(Column::RequestUid, take("x-edge-request-id"));
    event.text(Column::Scheme, take("cs-protocol"));
    event.text(Column::HttpVersion, take("cs-protocol-version"));
    event.text(Column::TlsVersion, take("ssl-protocol"));
    event.text(Column::TlsCipher, take("ssl-cipher"));
    event.text(Column::ContentType, take("sc-content-type").map(decoded));
    event.text(Column::Action, take("x-edge-result-type"));
    event.text(Column::Facility, take("x-edge-location"));
    event.text(Column::SrcCountry, take("c-country"));
    if let Some(method) = take("cs-method") {
        event.int(Column::ActivityId, Some(activity(&method)));
        event.text(Column::Method, Some(method));
    }
    let mut number = |name: &str| take(name).and_then(|text| text.parse::<i64>().ok());
    event.int(Column::SrcPort, number("c-port"));
    event.int(Column::SrcAsn, number("asn"));
    event.int(Column::ResponseBytes, number("sc-bytes"));
    event.int(Column::RequestBytes, number("cs-bytes"));
    let status = number("sc-status");
    event.int(Column::HttpStatus, status);
    event.int(Column::SeverityId, Some(if status.is_some_and(|status| status >= 500) { 2 } else { 1 }));
    event.int(Column::LatencyMs, take("time-taken").and_then(|text| time::seconds(&text)).map(|micros| micros / 1_000));
    if let Some(addresses) = take("x-forwarded-for") {
        let split = decoded(addresses).split(',').map(|address| Cow::Owned(address.trim().to_owned())).collect();
        event.texts(Column::ForwardedFor, split);
    }
    Ok(event)
}

/// CloudFront writes header values percent-encoded.
fn decoded(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains('%') {
        return text;
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(out).map_or(text, Cow::Owned)
}

#[cfg(test)]
mod tests {
    use sekisho_event::Value;

    use super::*;

    /// Source: the example of the guide.
    const LINE: &str = "2019-12-04\t21:02:31\tLAX1\t392\t192.0.2.100\tGET\td111111abcdef8.cloudfront.net\t/index.html\t200\t-\tMozilla/5.0%20(Windows%20NT%2010.0)\t-\t-\tHit\t\
        SOX4xwn4XV6Q4rgb7XiVGOHms_BGlTAC4KyHmureZmBNrjGdRLiNIQ==\td111111abcdef8.cloudfront.net\thttps\t23\t0.001\t-\tTLSv1.2\tECDHE-RSA-AES128-GCM-SHA256\tHit\tHTTP/2.0\t-\t-\t11040\t\
        0.001\tHit\ttext/html\t78\t-\t-";

    #[test]
    fn a_request_is_told_by_the_header_or_without() {
        let event = SOURCE.tells(LINE.as_bytes()).unwrap();
        assert_eq!(event.get(Column::Time), Some(&Value::Time(1_575_493_351_000_000)));
        assert_eq!(event.get(Column::UserAgent), Some(&Value::Text("Mozilla/5.0 (Windows NT 10.0)".into())));
        assert_eq!(
            (event.get(Column::SrcPort), event.get(Column::LatencyMs)),
            (Some(&Value::Int(11_040)), Some(&Value::Int(1)))
        );
        assert!(
            event.unmapped().contains("x-edge-detailed-result-type=Hit") && !event.unmapped().contains("192.0.2.100")
        );
        let short = Context { header: "#Fields: date time c-ip", received_ms: 0 };
        let event = SOURCE.parse(b"2019-12-04\t21:02:31\t192.0.2.1", short).unwrap();
        assert_eq!(event.get(Column::SrcIp), Some(&Value::Text("192.0.2.1".into())));
        assert_eq!(
            SOURCE.parse(b"2019-12-04\t21:02:31", short).unwrap_err(),
            Refusal::Fields { found: 2, expected: 3 }
        );
    }

    #[test]
    fn objects_are_told_too() {
        let raw = br#"{"date":"2019-12-04","time":"21:02:31","c-ip":"192.0.2.1","sc-status":"503","asn":"64500","x":"y","cs(Referer)":"-"}"#;
        let event = SOURCE.tells(raw).unwrap();
        assert_eq!(
            (event.get(Column::HttpStatus), event.get(Column::SrcAsn)),
            (Some(&Value::Int(503)), Some(&Value::Int(64_500)))
        );
        assert_eq!((event.get(Column::Referrer), event.unmapped()), (None, r#"{"x":"y"}"#));
    }
}
