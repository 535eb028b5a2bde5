//! Amazon GuardDuty: threats that were detected.
//!
//! Source: Amazon GuardDuty User Guide, "GuardDuty finding format"; API reference, `Finding`. Findings come as exported to S3, as the API
//! gives them, or in events of EventBridge.

use sekisho_event::{Class, Column, Event};

use crate::json::Object;
use crate::source::{Context, Refusal, Source};
use crate::split::Framing;

/// GuardDuty's findings.
pub(super) const SOURCE: Source = Source {
    name: "guardduty",
    about: "Amazon GuardDuty: threats that were detected",
    framing: Framing::Json { member: "Findings", depth: 1 },
    parse,
};

fn parse<'r>(raw: &'r [u8], _: Context<'r>) -> Result<Event<'r>, Refusal> {
    let mut record = Object::parse(raw)?;
    let mut event = Event::new(Class::DetectionFinding);
    match record.open("detail") {
        Some(finding) => tell(finding, &mut event)?,
        None => tell(&mut record, &mut event)?,
    }
    event.set_unmapped(record.rest());
    Ok(event)
}

fn tell<'r>(finding: &mut Object<'r>, event: &mut Event<'r>) -> Result<(), Refusal> {
    let uid = finding.either("id", "Id").ok_or(Refusal::Missing("id"))?;
    let kind = finding.either("type", "Type").ok_or(Refusal::Missing("type"))?;
    let service = if finding.copy("service").is_some() { "service" } else { "Service" };
    let (mut first, mut last) = (None, None);
    if let Some(service) = finding.open(service) {
        first = service.time("eventFirstSeen").or_else(|| service.time("EventFirstSeen"));
        last = service.time("eventLastSeen").or_else(|| service.time("EventLastSeen"));
        action(service, event);
    }
    let updated = finding.time("updatedAt").or_else(|| finding.time("UpdatedAt"));
    event.time(Column::Time, Some(last.or(updated).ok_or(Refusal::Missing("updatedAt"))?));
    event.time(Column::FirstSeen, first);
    event.time(Column::LastSeen, last);
    event.text(Column::Product, Some("GuardDuty"));
    event.text(Column::EventUid, Some(uid.clone()));
    event.text(Column::FindingUid, Some(uid));
    event.text(Column::RuleUid, Some(kind.clone()));
    event.texts(Column::FindingTypes, vec![kind]);
    event.text(Column::AccountUid, finding.either("accountId", "AccountId"));
    event.text(Column::Region, finding.either("region", "Region"));
    event.text(Column::Title, finding.either("title", "Title"));
    event.text(Column::Description, finding.either("description", "Description"));
    severity(finding, event);
    let resource = if finding.copy("resource").is_some() { "resource" } else { "Resource" };
    if let Some(resource) = finding.open(resource) {
        resource_of(resource, event);
    }
    event.int(Column::ActivityId, Some(1));
    Ok(())
}

/// 1 to 3.9 low, 4 to 6.9 medium, 7 to 8.9 high, 9 to 10 critical. Source: the guide, "Severity levels of GuardDuty findings".
fn severity<'r>(finding: &mut Object<'r>, event: &mut Event<'r>) {
    let Some(written) = finding.either("severity", "Severity") else { return };
    let Some(tenths) = written.parse::<f64>().ok().filter(|number| (0.0..=10.0).contains(number)) else { return };
    let tenths = (tenths * 10.0).round() as i64;
    event.int(Column::SeverityTenths, Some(tenths));
    let (id, name) = match tenths {
        ..40 => (2, "LOW"),
        40..70 => (3, "MEDIUM"),
        70..90 => (4, "HIGH"),
        _ => (5, "CRITICAL"),
    };
    event.int(Column::SeverityId, Some(id));
    event.text(Column::Severity, Some(name));
}

/// Who did it, from where.
fn action<'r>(service: &mut Object<'r>, event: &mut Event<'r>) {
    let Some(action) = service.open("action") else { return };
    event.text(Column::Action, action.text("actionType"));
    for kind in ["networkConnectionAction", "awsApiCallAction", "kubernetesApiCallAction", "rdsLoginAttemptAction"] {
        let Some(details) = action.open(kind) else { continue };
        event.text(Column::Operation, details.text("api"));
        event.text(Column::Service, details.text("serviceName"));
        event.text(Column::Protocol, details.text("protocol").map(|name| name.to_ascii_lowercase()));
        event.text(Column::Direction, details.text("connectionDirection"));
        remote(details, event);
    }
    if let Some(probe) = action.open("portProbeAction")
        && let Some(mut details) = probe.objects("portProbeDetails").into_iter().next()
    {
        remote(&mut details, event);
    }
    if let Some(dns) = action.open("dnsRequestAction") {
        event.text(Column::QueryName, dns.text("domain"));
    }
}

fn remote<'r>(details: &mut Object<'r>, event: &mut Event<'r>) {
    if let Some(port) = details.open("localPortDetails") {
        event.int(Column::DstPort, port.int("port"));
    }
    if let Some(address) = details.open("remoteIpDetails") {
        event.text(Column::SrcIp, address.text("ipAddressV4").or_else(|| address.text("ipAddressV6")));
        if let Some(organization) = address.open("organization") {
            event.int(Column::SrcAsn, organization.int("asn"));
        }
        if let Some(country) = address.open("country") {
            event.text(Column::SrcCountry, country.text("countryCode"));
        }
    }
    if let Some(port) = details.open("remotePortDetails") {
        event.int(Column::SrcPort, port.int("port"));
    }
}

fn resource_of<'r>(resource: &mut Object<'r>, event: &mut Event<'r>) {
    let kind = resource.text("resourceType");
    event.texts(Column::ResourceTypes, kind.into_iter().collect());
    let mut uids = Vec::new();
    if let Some(key) = resource.open("accessKeyDetails") {
        event.text(Column::AccessKey, key.text("accessKeyId"));
        event.text(Column::UserName, key.text("userName"));
        event.text(Column::UserType, key.text("userType"));
    }
    if let Some(instance) = resource.open("instanceDetails") {
        let uid = instance.text("instanceId");
        event.text(Column::SrcInstance, uid.clone());
        uids.extend(uid);
    }
    for mut bucket in resource.objects("s3BucketDetails") {
        uids.extend(bucket.text("arn"));
    }
    if let Some(cluster) = resource.open("eksClusterDetails") {
        uids.extend(cluster.text("arn"));
    }
    event.texts(Column::Resources, uids);
}

#[cfg(test)]
mod tests {
    use sekisho_event::Value;

    use super::*;

    const FINDING: &str = r#"{"schemaVersion":"2.0","accountId":"111122223333","region":"us-east-1","partition":"aws","id":"f1",
        "arn":"arn:aws:guardduty:us-east-1:111122223333:detector/d/finding/f1","type":"UnauthorizedAccess:EC2/SSHBruteForce",
        "resource":{"resourceType":"Instance","instanceDetails":{"instanceId":"i-99999999","instanceType":"m3.xlarge"}},
        "service":{"serviceName":"guardduty","detectorId":"d","action":{"actionType":"NETWORK_CONNECTION","networkConnectionAction":{
        "connectionDirection":"INBOUND","protocol":"TCP","blocked":false,"localPortDetails":{"port":22,"portName":"SSH"},
        "remoteIpDetails":{"ipAddressV4":"198.51.100.1","country":{"countryName":"X"},"organization":{"asn":"64500","org":"o"}},
        "remotePortDetails":{"port":32794}}},"eventFirstSeen":"2026-11-22T01:00:00.000Z","eventLastSeen":"2026-11-22T01:05:00.000Z","count":3},
        "severity":8,"createdAt":"2026-11-22T01:01:00.000Z","updatedAt":"2026-11-22T01:06:00.000Z","title":"t","description":"d"}"#;

    #[test]
    fn a_finding_is_told_bare_and_in_an_event() {
        let wrapped = format!(r#"{{"version":"0","detail-type":"GuardDuty Finding","detail":{FINDING}}}"#);
        for raw in [FINDING, &wrapped] {
            let event = SOURCE.tells(raw.as_bytes()).unwrap();
            assert_eq!(event.get(Column::Time), Some(&Value::Time(1_795_309_500_000_000)));
            assert_eq!(event.get(Column::SrcIp), Some(&Value::Text("198.51.100.1".into())));
            assert_eq!(
                (event.get(Column::SeverityId), event.get(Column::SeverityTenths)),
                (Some(&Value::Int(4)), Some(&Value::Int(80)))
            );
            assert_eq!(
                (event.get(Column::DstPort), event.get(Column::SrcAsn)),
                (Some(&Value::Int(22)), Some(&Value::Int(64_500)))
            );
            assert_eq!(event.get(Column::Resources), Some(&Value::Texts(vec!["i-99999999".into()])));
            assert!(event.unmapped().contains("createdAt") && !event.unmapped().contains("SSHBruteForce"));
        }
    }

    #[test]
    fn what_is_no_finding_is_refused() {
        assert_eq!(SOURCE.tells(b"{}").unwrap_err(), Refusal::Missing("id"));
        assert_eq!(SOURCE.tells(br#"{"id":"a","type":"b"}"#).unwrap_err(), Refusal::Missing("updatedAt"));
    }
}
