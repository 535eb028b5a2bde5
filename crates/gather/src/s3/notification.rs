//! What a queue tells of new objects.
//!
//! Source: Amazon S3 User Guide, "Event message structure" and "Using EventBridge"; Amazon SNS Developer Guide, "Message formats"; AWS CloudTrail
//! User Guide, "Configuring Amazon SNS notifications for CloudTrail".

use std::borrow::Cow;

use serde::Deserialize;

/// What a message tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notified {
    /// Objects were made: bucket and key of each. None, if it tells of something else that S3 does.
    Objects(Vec<(String, String)>),
    /// It is not understood.
    Unknown,
}

/// Messages within messages: SNS wraps once.
const DEPTH_MAX: u32 = 2;

#[derive(Deserialize)]
struct Message<'m> {
    #[serde(borrow, rename = "Records")]
    records: Option<Vec<Record<'m>>>,
    /// What S3 sends when a notification is set up.
    #[serde(borrow, rename = "Event")]
    event: Option<Cow<'m, str>>,
    #[serde(borrow, rename = "detail-type")]
    detail_type: Option<Cow<'m, str>>,
    #[serde(borrow)]
    detail: Option<S3<'m>>,
    #[serde(borrow, rename = "Message")]
    message: Option<Cow<'m, str>>,
    #[serde(borrow, rename = "s3Bucket")]
    bucket: Option<Cow<'m, str>>,
    #[serde(borrow, rename = "s3ObjectKey")]
    keys: Option<Vec<Cow<'m, str>>>,
}

#[derive(Deserialize)]
struct Record<'m> {
    #[serde(borrow, rename = "eventName", default)]
    name: Cow<'m, str>,
    #[serde(borrow)]
    s3: Option<S3<'m>>,
}

#[derive(Deserialize)]
struct S3<'m> {
    #[serde(borrow)]
    bucket: Option<Bucket<'m>>,
    #[serde(borrow)]
    object: Option<Key<'m>>,
}

#[derive(Deserialize)]
struct Bucket<'m> {
    #[serde(borrow)]
    name: Cow<'m, str>,
}

#[derive(Deserialize)]
struct Key<'m> {
    #[serde(borrow)]
    key: Cow<'m, str>,
}

/// Reads the body of a message.
#[must_use]
pub fn read_notification(body: &str) -> Notified {
    read(body, DEPTH_MAX)
}

fn read(body: &str, depth: u32) -> Notified {
    let Ok(message) = serde_json::from_str::<Message<'_>>(body) else { return Notified::Unknown };
    if let Some(records) = message.records {
        return Notified::Objects(records.into_iter().filter_map(made).collect());
    }
    if let (Some(kind), Some(detail)) = (&message.detail_type, message.detail) {
        let place = detail.bucket.zip(detail.object).filter(|_| kind == "Object Created");
        return Notified::Objects(
            place.into_iter().map(|(bucket, object)| (bucket.name.into(), object.key.into())).collect(),
        );
    }
    if let (Some(bucket), Some(keys)) = (message.bucket, message.keys) {
        return Notified::Objects(keys.into_iter().map(|key| (bucket.to_string(), key.into())).collect());
    }
    match (message.event, message.message) {
        (Some(event), _) if event == "s3:TestEvent" => Notified::Objects(Vec::new()),
        (_, Some(inner)) if depth > 0 => read(&inner, depth - 1),
        _ => Notified::Unknown,
    }
}

/// An object that was made. Its key is written as in a form.
fn made(record: Record<'_>) -> Option<(String, String)> {
    let s3 = record.s3.filter(|_| record.name.trim_start_matches("s3:").starts_with("ObjectCreated"))?;
    let (bucket, object) = s3.bucket.zip(s3.object)?;
    // As a form has it: `+` for a space, the rest percent-encoded. An equals sign is encoded, so that there is one name and no value.
    let key = form_urlencoded::parse(object.key.as_bytes()).next().map(|(key, _)| key.into_owned())?;
    Some((bucket.name.into_owned(), key))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn one(key: &str) -> Notified {
        Notified::Objects(vec![("logs".to_owned(), key.to_owned())])
    }

    #[test]
    fn every_way_of_telling_is_understood() {
        let record = |name: &str| {
            json!({"Records": [{"eventSource": "aws:s3", "eventName": name,
                "s3": {"bucket": {"name": "logs", "arn": "x"}, "object": {"key": "a+b/%E3%81%82.gz", "size": 1, "eTag": "x"}}}]})
        };
        let s3 = record("ObjectCreated:Put").to_string();
        assert_eq!(read_notification(&s3), one("a b/あ.gz"));
        assert_eq!(read_notification(&record("s3:ObjectCreated:Post").to_string()), one("a b/あ.gz"));
        assert_eq!(read_notification(&json!({"Type": "Notification", "Message": s3}).to_string()), one("a b/あ.gz"));
        let bridge = json!({"version": "0", "detail-type": "Object Created", "source": "aws.s3",
            "detail": {"bucket": {"name": "logs"}, "object": {"key": "a b+c.gz", "etag": "x"}}});
        assert_eq!(read_notification(&bridge.to_string()), one("a b+c.gz"));
        let trail = json!({"s3Bucket": "logs", "s3ObjectKey": ["AWSLogs/1.json.gz"]});
        let wrapped = json!({"Type": "Notification", "Message": trail.to_string()});
        assert_eq!(read_notification(&wrapped.to_string()), one("AWSLogs/1.json.gz"));
    }

    #[test]
    fn what_tells_of_no_object_is_understood_or_not() {
        let nothing = Notified::Objects(Vec::new());
        assert_eq!(read_notification(r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"logs"}"#), nothing);
        assert_eq!(read_notification(r#"{"Records":[{"eventName":"ObjectRemoved:Delete","s3":{}}]}"#), nothing);
        for body in ["", "{}", "[]", r#"{"Message":"{}"}"#, r#"{"Records":1}"#] {
            assert_eq!(read_notification(body), Notified::Unknown, "{body}");
        }
    }

    proptest! {
        #[test]
        fn any_body_is_read(body: String) {
            _ = read_notification(&body);
        }
    }
}
