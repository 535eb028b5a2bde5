//! Amazon S3 server access logs: requests to buckets.
//!
//! Source: Amazon S3 User Guide, "Amazon S3 server access log format".

use sekisho_event::{Class, Column, Event};

use super::aws_waf::activity;
use crate::fields::{path_and_query, request_line, spaced};
use crate::source::{Context, Refusal, Source, text};
use crate::split::{Framing, Header};
use crate::time;

/// Fields that every version of the log has.
const FIELDS_MIN: usize = 18;

/// S3 server access logs.
pub(super) const SOURCE: Source = Source {
    name: "s3-access",
    about: "Amazon S3 server access logs: requests to buckets",
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
    event.time(Column::Time, Some(field(2).and_then(time::common_log).ok_or(Refusal::Field("time", "a moment"))?));
    event.text(Column::Product, Some("S3"));
    event.text(Column::DstService, field(1));
    event.text(Column::SrcIp, field(3));
    if let Some(requester) = field(4) {
        event.text(if requester.starts_with("arn:") { Column::UserArn } else { Column::UserName }, Some(requester));
    }
    event.text(Column::RequestUid, field(5));
    event.text(Column::Operation, field(6));
    let (method, target, version) = field(8).map(request_line).unwrap_or_default();
    event.int(Column::ActivityId, method.map(activity));
    event.text(Column::Method, method);
    event.text(Column::HttpVersion, version);
    if let Some((path, query)) = target.map(path_and_query) {
        event.text(Column::Path, Some(path));
        event.text(Column::Query, query);
    }
    if let (Some(bucket), Some(key)) = (field(1), field(7)) {
        event.texts(Column::Resources, vec![format!("arn:aws:s3:::{bucket}/{key}").into()]);
    }
    let status = number(9);
    event.int(Column::HttpStatus, status);
    event.text(Column::Status, status.map(|status| if status < 400 { "Success" } else { "Failure" }));
    event.int(Column::SeverityId, Some(if status == Some(403) { 2 } else { 1 }));
    event.text(Column::ErrorCode, field(10));
    event.int(Column::ResponseBytes, number(11));
    event.int(Column::LatencyMs, number(13));
    event.text(Column::Referrer, field(15));
    event.text(Column::UserAgent, field(16));
    event.text(Column::AuthProtocol, field(19));
    event.text(Column::TlsCipher, field(20));
    event.text(Column::Host, field(22));
    event.text(Column::TlsVersion, field(23));
    Ok(event)
}

#[cfg(test)]
mod tests {
    use sekisho_event::Value;

    use super::*;

    #[test]
    fn the_guides_example_is_told() {
        let raw = b"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be amzn-s3-demo-bucket1 [06/Feb/2019:00:00:38 +0000] 192.0.2.3 \
            79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be A1206F460EXAMPLE REST.GET.BUCKETPOLICY a%20b \
            \"GET /amzn-s3-demo-bucket1?policy HTTP/1.1\" 404 NoSuchBucketPolicy 297 - 38 - \"-\" \"S3Console/0.4\" - \
            BNaBsXZQQDbssi6xMBdBU2sLt+Yf5kZDmeBUP35sFoKa3sLLeMC78iwEIWxs99CRUrbS4n11234= SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader \
            amzn-s3-demo-bucket1.s3.us-west-1.amazonaws.com TLSV1.2 - Yes";
        let event = SOURCE.tells(raw).unwrap();
        assert_eq!(event.get(Column::Time), Some(&Value::Time(1_549_411_238_000_000)));
        assert_eq!(event.get(Column::ErrorCode), Some(&Value::Text("NoSuchBucketPolicy".into())));
        assert_eq!(
            event.get(Column::Resources),
            Some(&Value::Texts(vec!["arn:aws:s3:::amzn-s3-demo-bucket1/a%20b".into()]))
        );
        assert_eq!(event.get(Column::TlsVersion), Some(&Value::Text("TLSV1.2".into())));
    }

    #[test]
    fn a_broken_line_is_refused() {
        assert!(matches!(SOURCE.tells(b"a b [c"), Err(Refusal::Fields { .. })));
    }
}
