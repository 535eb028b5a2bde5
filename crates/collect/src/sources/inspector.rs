//! Amazon Inspector: known weaknesses of programs and networks.
//!
//! Source: Amazon Inspector User Guide, "EventBridge schema for Amazon Inspector events"; API reference, `Finding`. Findings come in events of
//! EventBridge, or in exported reports.

use sekisho_event::{Class, Column, Event};

use crate::json::Object;
use crate::severity::severity_id;
use crate::source::{Context, Refusal, Source};
use crate::split::Framing;
use crate::time;

/// Inspector's findings.
pub(super) const SOURCE: Source = Source {
    name: "inspector",
    about: "Amazon Inspector: known weaknesses of programs",
    framing: Framing::Json { member: "findings", depth: 1 },
    parse,
};

fn parse<'r>(raw: &'r [u8], _: Context<'r>) -> Result<Event<'r>, Refusal> {
    let mut record = Object::parse(raw)?;
    let mut event = Event::new(Class::VulnerabilityFinding);
    let (region, at) = (record.text("region"), record.time("time"));
    match record.open("detail") {
        Some(finding) => tell(finding, at, &mut event)?,
        None => tell(&mut record, at, &mut event)?,
    }
    event.text(Column::Region, region);
    event.set_unmapped(record.rest());
    Ok(event)
}

fn tell<'r>(finding: &mut Object<'r>, at: Option<i64>, event: &mut Event<'r>) -> Result<(), Refusal> {
    let uid = finding.text("findingArn").ok_or(Refusal::Missing("findingArn"))?;
    let (first, last) = (moment(finding, "firstObservedAt"), moment(finding, "lastObservedAt"));
    let updated = moment(finding, "updatedAt").or(at).or(last);
    event.time(Column::Time, Some(updated.ok_or(Refusal::Missing("updatedAt"))?));
    event.time(Column::FirstSeen, first);
    event.time(Column::LastSeen, last);
    event.text(Column::Product, Some("Inspector"));
    event.text(Column::EventUid, Some(uid.clone()));
    event.text(Column::FindingUid, Some(uid));
    event.text(Column::AccountUid, finding.text("awsAccountId"));
    event.text(Column::Title, finding.text("title"));
    event.text(Column::Description, finding.text("description"));
    event.text(Column::FindingStatus, finding.text("status"));
    event.texts(Column::FindingTypes, finding.text("type").into_iter().collect());
    let severity = finding.text("severity");
    let id = severity.as_deref().map_or(0, severity_id);
    event.int(Column::SeverityId, Some(id));
    event.text(Column::Severity, severity);
    let score = finding.text("inspectorScore").and_then(|score| score.parse::<f64>().ok());
    let score = score.filter(|score| (0.0..=10.0).contains(score));
    event.int(Column::SeverityTenths, score.map(|score| (score * 10.0).round() as i64));
    if let Some(details) = finding.open("packageVulnerabilityDetails") {
        event.texts(Column::Cves, details.text("vulnerabilityId").into_iter().collect());
        let packages = details.objects("vulnerablePackages").into_iter();
        event.texts(Column::Packages, packages.filter_map(|mut package| package.text("name")).collect());
    }
    if let Some(recommendation) = finding.open("remediation").and_then(|remediation| remediation.open("recommendation"))
    {
        event.text(Column::Remediation, recommendation.text("text"));
    }
    let (mut uids, mut kinds) = (Vec::new(), Vec::new());
    for mut resource in finding.objects("resources") {
        uids.extend(resource.text("id"));
        kinds.extend(resource.text("type"));
    }
    event.texts(Column::Resources, uids);
    event.texts(Column::ResourceTypes, kinds);
    event.int(Column::ActivityId, Some(1));
    Ok(())
}

/// RFC 3339, seconds, or `Jan 19, 2022, 10:46:15 PM`, as each way of getting findings writes it.
fn moment(finding: &mut Object<'_>, name: &str) -> Option<i64> {
    if let Some(moment) = finding.time(name) {
        return Some(moment);
    }
    let text = finding.text(name)?;
    let words = || time::in_utc("%b %d, %Y, %I:%M:%S %p", &text.replace('\u{202f}', " "));
    time::seconds(&text).or_else(words)
}

#[cfg(test)]
mod tests {
    use sekisho_event::Value;

    use super::*;

    #[test]
    fn findings_are_told_whichever_way_they_come() {
        let finding = |last: &str| {
            format!(
                r#"{{"awsAccountId":"111122223333","description":"d","findingArn":"arn:aws:inspector2:us-east-1:111122223333:finding/f","firstObservedAt":{last},
                "lastObservedAt":{last},"updatedAt":{last},"packageVulnerabilityDetails":{{"vulnerabilityId":"CVE-2026-1","vulnerablePackages":[{{"name":"zlib"}}]}},
                "inspectorScore":7.5,"remediation":{{"recommendation":{{"text":"update"}}}},"resources":[{{"id":"i-1","type":"AWS_EC2_INSTANCE"}}],
                "severity":"HIGH","status":"ACTIVE","title":"t","type":"PACKAGE_VULNERABILITY"}}"#
            )
        };
        for last in ["\"2022-01-19T22:46:15Z\"", "1642632375.0", "\"Jan 19, 2022, 10:46:15 PM\""] {
            let bare = finding(last);
            let wrapped = format!(r#"{{"time":"2022-01-19T22:46:15Z","region":"us-east-1","detail":{bare}}}"#);
            for raw in [&bare, &wrapped] {
                let event = SOURCE.tells(raw.as_bytes()).unwrap();
                assert_eq!(event.get(Column::Time), Some(&Value::Time(1_642_632_375_000_000)), "{raw}");
                assert_eq!(event.get(Column::SeverityTenths), Some(&Value::Int(75)));
                assert_eq!(event.get(Column::Packages), Some(&Value::Texts(vec!["zlib".into()])));
            }
        }
    }

    #[test]
    fn what_is_no_finding_is_refused() {
        assert_eq!(SOURCE.tells(b"{}").unwrap_err(), Refusal::Missing("findingArn"));
        assert_eq!(
            SOURCE.tells(br#"{"findingArn":"a","updatedAt":"soon"}"#).unwrap_err(),
            Refusal::Missing("updatedAt")
        );
    }
}
