//! AWS Security Hub: findings of many products in one form.
//!
//! Source: AWS Security Hub User Guide, "AWS Security Finding Format (ASFF)". Findings come in events of EventBridge, as the API gives them, or one
//! after another.

use sekisho_event::{Class, Column, Event};

use crate::json::Object;
use crate::severity::severity_id;
use crate::source::{Context, Refusal, Source};
use crate::split::Framing;

/// Security Hub's findings.
pub(super) const SOURCE: Source = Source {
    name: "securityhub",
    about: "AWS Security Hub: findings of many products",
    framing: Framing::Json { member: "Findings", depth: 2 },
    parse,
};

fn parse<'r>(raw: &'r [u8], _: Context<'r>) -> Result<Event<'r>, Refusal> {
    let mut finding = Object::parse(raw)?;
    let uid = finding.text("Id").ok_or(Refusal::Missing("Id"))?;
    let cves: Vec<_> =
        finding.objects("Vulnerabilities").into_iter().filter_map(|mut known| known.text("Id")).collect();
    let compliance = finding.open("Compliance").and_then(|compliance| compliance.text("Status"));
    let class = match (cves.is_empty(), &compliance) {
        (false, _) => Class::VulnerabilityFinding,
        (true, Some(_)) => Class::ComplianceFinding,
        (true, None) => Class::DetectionFinding,
    };
    let mut event = Event::new(class);
    let first = finding.time("FirstObservedAt").or_else(|| finding.time("CreatedAt"));
    let last = finding.time("UpdatedAt").or_else(|| finding.time("LastObservedAt"));
    event.time(Column::Time, Some(last.or(first).ok_or(Refusal::Missing("UpdatedAt"))?));
    event.time(Column::FirstSeen, first);
    event.time(Column::LastSeen, last);
    event.text(Column::EventUid, Some(uid.clone()));
    event.text(Column::FindingUid, Some(uid));
    event.text(Column::Product, finding.text("ProductName").or_else(|| Some("Security Hub".into())));
    event.text(Column::RuleUid, finding.text("GeneratorId"));
    event.text(Column::AccountUid, finding.text("AwsAccountId"));
    event.text(Column::Region, finding.text("Region"));
    event.text(Column::Title, finding.text("Title"));
    event.text(Column::Description, finding.text("Description"));
    event.text(Column::RecordType, finding.text("RecordState"));
    event.texts(Column::FindingTypes, finding.texts("Types"));
    event.text(Column::ComplianceStatus, compliance);
    severity(&mut finding, &mut event);
    if let Some(workflow) = finding.open("Workflow") {
        event.text(Column::FindingStatus, workflow.text("Status"));
    }
    if let Some(recommendation) = finding.open("Remediation").and_then(|remediation| remediation.open("Recommendation"))
    {
        event.text(Column::Remediation, recommendation.text("Text"));
    }
    let packages = finding.objects("Vulnerabilities").into_iter().flat_map(|known| known.objects("VulnerablePackages"));
    event.texts(Column::Packages, packages.filter_map(|mut package| package.text("Name")).collect());
    event.texts(Column::Cves, cves);
    let (mut uids, mut kinds) = (Vec::new(), Vec::new());
    for mut resource in finding.objects("Resources") {
        uids.extend(resource.text("Id"));
        kinds.extend(resource.text("Type"));
    }
    event.texts(Column::Resources, uids);
    event.texts(Column::ResourceTypes, kinds);
    event.int(Column::ActivityId, Some(1));
    event.set_unmapped(finding.rest());
    Ok(event)
}

fn severity<'r>(finding: &mut Object<'r>, event: &mut Event<'r>) {
    let Some(severity) = finding.open("Severity") else { return };
    let label = severity.text("Label");
    let id = label.as_deref().map_or(0, severity_id);
    event.int(Column::SeverityId, Some(id));
    event.text(Column::Severity, label);
}

#[cfg(test)]
mod tests {
    use sekisho_event::Value;

    use super::*;

    #[test]
    fn a_finding_is_of_the_class_of_what_it_says() {
        let finding = |more: &str| {
            format!(
                r#"{{"SchemaVersion":"2018-10-08","Id":"f","ProductName":"Inspector","AwsAccountId":"111122223333","Region":"eu-west-1","Types":["a/b"],
                "CreatedAt":"2026-11-20T00:00:00Z","UpdatedAt":"2026-11-21T00:00:00.5Z","Severity":{{"Label":"HIGH","Normalized":70}},"Title":"t",
                "Resources":[{{"Type":"AwsEc2Instance","Id":"arn:aws:ec2:eu-west-1:111122223333:instance/i-1"}}],"Workflow":{{"Status":"NEW"}}{more}}}"#
            )
        };
        let plain = finding("");
        let event = SOURCE.tells(plain.as_bytes()).unwrap();
        assert_eq!((event.class(), event.get(Column::SeverityId)), (Class::DetectionFinding, Some(&Value::Int(4))));
        assert_eq!(event.get(Column::FindingStatus), Some(&Value::Text("NEW".into())));
        let check = finding(r#","Compliance":{"Status":"FAILED"}"#);
        assert_eq!(SOURCE.tells(check.as_bytes()).unwrap().class(), Class::ComplianceFinding);
        let known = finding(r#","Vulnerabilities":[{"Id":"CVE-2026-1","VulnerablePackages":[{"Name":"openssl"}]}]"#);
        let event = SOURCE.tells(known.as_bytes()).unwrap();
        assert_eq!(event.class(), Class::VulnerabilityFinding);
        assert_eq!(event.get(Column::Cves), Some(&Value::Texts(vec!["CVE-2026-1".into()])));
        assert_eq!(event.get(Column::Packages), Some(&Value::Texts(vec!["openssl".into()])));
    }

    #[test]
    fn what_is_no_finding_is_refused() {
        assert_eq!(SOURCE.tells(b"{}").unwrap_err(), Refusal::Missing("Id"));
        assert_eq!(SOURCE.tells(br#"{"Id":"a"}"#).unwrap_err(), Refusal::Missing("UpdatedAt"));
    }
}
