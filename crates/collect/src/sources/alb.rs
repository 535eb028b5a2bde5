//! AWS Application Load Balancer: requests.
//!
//! Source: Elastic Load Balancing User Guide, "Access logs for your Application Load Balancer", "Access log entries".

use sekisho_event::{Class, Column, Event};

use super::aws_waf::activity;
use crate::fields::{address_and_port, host, path_and_query, request_line, spaced};
use crate::source::{Context, Refusal, Source, text};
use crate::split::{Framing, Header};
use crate::time;

/// Fields that every version of the log has.
const FIELDS_MIN: usize = 17;

/// The load balancer's access log.
pub(super) const SOURCE: Source = Source {
    name: "alb",
    about: "AWS Application Load Balancer: requests",
    framing: Framing::Lines { header: Header::None },
    parse,
};

fn parse<'r>(raw: &'r [u8], _: Context<'r>) -> Result<Event<'r>, Refusal> {
    let line = text(raw)?;
    let fields = spaced(line);
    if fields.len() < FIELDS_MIN {
        return Err(Refusal::Fields { found: fields.len(), expected: FIELDS_MIN });
    }
    let field = |at: usize| fields.get(at).copied().flatten();
    let number = |at: usize| field(at).and_then(|text| text.parse::<i64>().ok());
    let mut event = Event::new(Class::HttpActivity);
    event.time(Column::Time, Some(field(1).and_then(time::rfc3339).ok_or(Refusal::Field("time", "a moment"))?));
    event.text(Column::Product, Some("Application Load Balancer"));
    event.text(Column::DstService, field(2));
    if let Some((address, port)) = field(3).map(address_and_port) {
        event.text(Column::SrcIp, Some(address));
        event.int(Column::SrcPort, port);
    }
    if let Some((address, port)) = field(4).map(address_and_port) {
        event.text(Column::DstIp, Some(address));
        event.int(Column::DstPort, port);
    }
    event.int(Column::LatencyMs, latency_ms(&[field(5), field(6), field(7)]));
    let status = number(8);
    event.int(Column::HttpStatus, status);
    event.int(Column::SeverityId, Some(if status.is_some_and(|status| status >= 500) { 2 } else { 1 }));
    event.int(Column::RequestBytes, number(10));
    event.int(Column::ResponseBytes, number(11));
    request(field(12), &mut event);
    event.text(Column::UserAgent, field(13));
    event.text(Column::TlsCipher, field(14));
    event.text(Column::TlsVersion, field(15));
    if let Some(group) = field(16) {
        let mut parts = group.split(':').skip(3);
        event.text(Column::Region, parts.next());
        event.text(Column::AccountUid, parts.next());
        event.texts(Column::Resources, vec![group.into()]);
    }
    event.text(Column::RequestUid, field(17));
    event.text(Column::TlsSni, field(18));
    event.time(Column::StartTime, field(21).and_then(time::rfc3339));
    event.text(Column::Action, field(22));
    event.text(Column::ErrorCode, field(24));
    let rest = fields.iter().skip(25).map(|field| field.unwrap_or("-")).collect::<Vec<_>>().join(" ");
    event.set_unmapped(rest);
    Ok(event)
}

/// What the request took in all; a time of -1 was never taken.
fn latency_ms(seconds: &[Option<&str>]) -> Option<i64> {
    let mut micros = 0_i64;
    for text in seconds {
        micros = micros.checked_add(text.and_then(time::seconds)?)?;
    }
    Some(micros / 1_000)
}

fn request<'r>(line: Option<&'r str>, event: &mut Event<'r>) {
    let (method, url, version) = line.map(request_line).unwrap_or_default();
    event.int(Column::ActivityId, method.map(activity));
    event.text(Column::Method, method);
    event.text(Column::HttpVersion, version);
    event.text(Column::Url, url);
    let Some(url) = url else { return };
    let (path, query) = path_and_query(url);
    event.text(Column::Path, Some(path));
    event.text(Column::Query, query);
    if let Some((scheme, rest)) = url.split_once("://") {
        event.text(Column::Scheme, Some(scheme));
        event.text(Column::Host, rest.split(['/', '?']).next().map(host));
    }
}

#[cfg(test)]
mod tests {
    use sekisho_event::Value;

    use super::*;

    /// Source: the examples of the guide.
    const HTTPS: &str = "https 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 0 57 \
        \"GET https://www.example.com:443/a?b=c HTTP/1.1\" \"curl/7.46.0\" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 \
        arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 \"Root=1-58337281-1d84f3d73c47ec4e58577259\" \
        \"www.example.com\" \"arn:aws:acm:us-east-2:123456789012:certificate/12345678-1234-1234-1234-123456789012\" 1 2018-07-02T22:22:48.364000Z \
        \"authenticate,forward\" \"-\" \"-\" \"10.0.0.1:80\" \"200\" \"-\" \"-\" TID_123456";

    #[test]
    fn a_request_is_told() {
        let event = SOURCE.tells(HTTPS.as_bytes()).unwrap();
        let text = |column| match event.get(column) {
            Some(Value::Text(text)) => text.to_string(),
            _ => String::new(),
        };
        assert_eq!(
            (text(Column::SrcIp), text(Column::Path), text(Column::Query)),
            ("192.168.131.39".into(), "/a".into(), "b=c".into())
        );
        assert_eq!((text(Column::Host), text(Column::Region)), ("www.example.com".into(), "us-east-2".into()));
        assert_eq!(event.get(Column::LatencyMs), Some(&Value::Int(171)));
        assert_eq!(event.get(Column::HttpStatus), Some(&Value::Int(200)));
        assert_eq!(text(Column::Action), "authenticate,forward");
    }

    #[test]
    fn addresses_of_version_6_stand_before_their_ports_with_and_without_brackets() {
        for client in ["2001:db8:4538:1:bcf4:5264:e01c:f215:50718", "[2001:db8:4538:1:bcf4:5264:e01c:f215]:50718"] {
            let line =
                HTTPS.replace("192.168.131.39:2817", client).replace("10.0.0.1:80 0.086", "2001:db8::a:443 0.086");
            let line = line.replace("https://www.example.com:443/a", "https://[2001:db8::5]:443/a");
            let event = SOURCE.tells(line.as_bytes()).unwrap();
            let is = |column, text: &str| assert_eq!(event.get(column), Some(&Value::Text(text.into())), "{client}");
            is(Column::SrcIp, "2001:db8:4538:1:bcf4:5264:e01c:f215");
            is(Column::DstIp, "2001:db8::a");
            is(Column::Host, "2001:db8::5");
            is(Column::Path, "/a");
            assert_eq!(event.get(Column::SrcPort), Some(&Value::Int(50_718)));
            assert_eq!(event.get(Column::DstPort), Some(&Value::Int(443)));
            assert_eq!(event.get(Column::HttpStatus), Some(&Value::Int(200)));
        }
    }

    #[test]
    fn a_request_that_was_none_is_told_as_far_as_it_goes() {
        let line = HTTPS.replace("GET https://www.example.com:443/a?b=c HTTP/1.1", "- http://www.example.com:80- -");
        let event = SOURCE.tells(line.as_bytes()).unwrap();
        assert_eq!(event.get(Column::Method), None);
        let endless = HTTPS.replace("0.086 0.048", "9223372036854 9223372036854");
        assert_eq!(SOURCE.tells(endless.as_bytes()).unwrap().get(Column::LatencyMs), None);
        assert_eq!(SOURCE.tells(b"http 2018").unwrap_err(), Refusal::Fields { found: 2, expected: 17 });
    }
}
