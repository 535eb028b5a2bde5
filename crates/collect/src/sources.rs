//! The sources, one a file.

mod alb;
mod auditd;
mod aws_waf;
mod cloudfront;
mod cloudtrail;
mod guardduty;
mod inspector;
mod json;
mod nginx;
mod route53;
mod s3_access;
mod securityhub;
mod syslog;
mod trivy;
mod vpc_flow;

use crate::Source;

/// All sources, as `sekisho ingest` lists them.
pub const SOURCES: &[&Source] = &[
    &aws_waf::SOURCE,
    &cloudtrail::SOURCE,
    &alb::SOURCE,
    &cloudfront::SOURCE,
    &vpc_flow::SOURCE,
    &s3_access::SOURCE,
    &route53::SOURCE,
    &guardduty::SOURCE,
    &securityhub::SOURCE,
    &inspector::SOURCE,
    &auditd::SOURCE,
    &syslog::SOURCE,
    &nginx::SOURCE,
    &trivy::SOURCE,
    &json::SOURCE,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::Context;

    #[test]
    fn names_are_unique() {
        let names: BTreeSet<_> = SOURCES.iter().map(|source| source.name).collect();
        assert_eq!(names.len(), SOURCES.len());
    }

    proptest! {
        #[test]
        fn any_record_tells_an_event_or_is_refused(raw: Vec<u8>, header in "[ -~]{0,40}") {
            for source in SOURCES {
                _ = source.parse(&raw, Context { header: &header, received_ms: 0 });
            }
        }

        #[test]
        fn any_object_tells_an_event_or_is_refused(raw in r#"\{("[a-zA-Z]{1,12}":("[a-z0-9:.-]{0,9}"|[0-9]{1,20}|null|true|\{\}|\[\]),?){0,5}\}"#) {
            for source in SOURCES {
                _ = source.tells(raw.as_bytes());
            }
        }
    }
}
