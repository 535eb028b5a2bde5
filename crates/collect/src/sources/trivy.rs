//! Trivy: weaknesses of images, packages and configurations.
//!
//! A report is one object; each weakness in it becomes a record of its own, with what the report says of where it was found.
//!
//! Source: Trivy documentation, "Reporting", "JSON"; `pkg/types/report.go` names the members.

use sekisho_event::{Class, Column, Event};

use crate::json::Object;
use crate::severity::severity_id;
use crate::source::{Context, Refusal, Source};
use crate::split::{Framing, Piece};

/// Trivy's reports, `trivy … --format json`.
pub(super) const SOURCE: Source = Source {
    name: "trivy",
    about: "Trivy: weaknesses of images and configurations",
    framing: Framing::Report { cut },
    parse,
};

/// Members of a result whose items are findings.
const FINDINGS: [&str; 3] = ["Vulnerabilities", "Misconfigurations", "Secrets"];

fn cut(report: &[u8], give: &mut dyn FnMut(Piece<'_>)) {
    let whole = Piece { raw: report, header: "", is_cut: false };
    let Ok(mut object) = Object::parse(report) else { return give(whole) };
    let header = |text: Option<std::borrow::Cow<'_, str>>| text.map(std::borrow::Cow::into_owned);
    let (artifact, created) = (header(object.text("ArtifactName")), header(object.text("CreatedAt")));
    let mut given = false;
    for mut result in object.objects("Results") {
        let (target, class) = (result.text("Target"), result.text("Class"));
        let said = serde_json::json!({ "artifact": artifact, "created": created, "target": target, "class": class })
            .to_string();
        for member in FINDINGS {
            for item in result.items(member) {
                give(Piece { raw: item.as_bytes(), header: &said, is_cut: false });
                given = true;
            }
        }
    }
    if !given {
        give(whole);
    }
}

fn parse<'r>(raw: &'r [u8], context: Context<'r>) -> Result<Event<'r>, Refusal> {
    let mut finding = Object::parse(raw)?;
    let mut event = Event::new(Class::VulnerabilityFinding);
    let mut said = Object::parse(context.header.as_bytes()).ok();
    let mut header = |name: &str| said.as_mut().and_then(|said| said.text(name));
    let (artifact, created, target) = (header("artifact"), header("created"), header("target"));
    if let Some(cve) = finding.text("VulnerabilityID") {
        event.text(Column::RuleUid, Some(cve.clone()));
        event.texts(Column::Cves, vec![cve]);
        event.texts(Column::Packages, finding.text("PkgName").into_iter().collect());
        let fixed = finding.text("FixedVersion");
        event.text(Column::Remediation, fixed.map(|version| format!("update to {version}")));
    } else if let Some(check) = finding.either("ID", "RuleID") {
        event = Event::new(if finding.copy("CauseMetadata").is_some() {
            Class::ComplianceFinding
        } else {
            Class::DetectionFinding
        });
        event.text(Column::RuleUid, Some(check));
        event.text(Column::Remediation, finding.text("Resolution"));
        event.text(Column::ComplianceStatus, finding.text("Status"));
        event.text(Column::Message, finding.text("Message"));
    } else if finding.text("SchemaVersion").is_some() {
        // A report without a finding says that there was none.
        event = Event::new(Class::DetectionFinding);
        event.text(Column::Message, Some("no findings"));
        event.text(Column::DeviceHost, finding.text("ArtifactName"));
    } else {
        return Err(Refusal::Missing("VulnerabilityID"));
    }
    let created = created.as_deref().and_then(crate::time::rfc3339).or_else(|| finding.time("CreatedAt"));
    let at = created.or_else(|| crate::time::millis(context.received_ms));
    event.time(Column::Time, Some(at.ok_or(Refusal::Missing("CreatedAt"))?));
    event.text(Column::Product, Some("Trivy"));
    event.text(Column::Title, finding.text("Title"));
    event.text(Column::Description, finding.text("Description"));
    event.texts(Column::Resources, artifact.into_iter().collect());
    event.text(Column::FilePath, target);
    let severity = finding.text("Severity");
    let id = severity.as_deref().map_or(0, severity_id);
    event.int(Column::SeverityId, Some(id));
    event.text(Column::Severity, severity);
    event.int(Column::ActivityId, Some(1));
    event.set_unmapped(finding.rest());
    Ok(event)
}

#[cfg(test)]
mod tests {
    use sekisho_event::Value;

    use super::*;
    use crate::Splitter;

    const REPORT: &str = r#"{"SchemaVersion":2,"CreatedAt":"2026-11-22T01:02:03.123456789Z","ArtifactName":"shop:1","ArtifactType":"container_image","Results":[
        {"Target":"shop:1 (debian 12)","Class":"os-pkgs","Type":"debian","Vulnerabilities":[
            {"VulnerabilityID":"CVE-2026-1","PkgName":"zlib1g","InstalledVersion":"1","FixedVersion":"2","Severity":"HIGH","Title":"t"},
            {"VulnerabilityID":"CVE-2026-2","PkgName":"libc6","Severity":"LOW"}]},
        {"Target":"Dockerfile","Class":"config","Misconfigurations":[{"ID":"DS002","Title":"root","Severity":"MEDIUM","Status":"FAIL","CauseMetadata":{}}]}]}"#;

    fn records(report: &str) -> Vec<(Vec<u8>, String)> {
        let mut records = Vec::new();
        let mut splitter = Splitter::new(&SOURCE);
        let mut give = |piece: Piece<'_>| records.push((piece.raw.to_vec(), piece.header.to_owned()));
        splitter.push(report.as_bytes(), &mut give);
        splitter.end(&mut give);
        records
    }

    #[test]
    fn each_finding_of_a_report_is_an_event() {
        let records = records(REPORT);
        let events: Vec<_> = records
            .iter()
            .map(|(raw, header)| SOURCE.parse(raw, Context { header, received_ms: 0 }).unwrap())
            .collect();
        assert_eq!(events.len(), 3);
        assert_eq!(events[0].get(Column::Time), Some(&Value::Time(1_795_309_323_123_456)));
        assert_eq!(events[0].get(Column::Packages), Some(&Value::Texts(vec!["zlib1g".into()])));
        assert_eq!(events[1].get(Column::Resources), Some(&Value::Texts(vec!["shop:1".into()])));
        assert_eq!(
            (events[2].class(), events[2].get(Column::FilePath)),
            (Class::ComplianceFinding, Some(&Value::Text("Dockerfile".into())))
        );
    }

    #[test]
    fn a_clean_report_says_so_and_a_broken_one_is_kept() {
        let clean = r#"{"SchemaVersion":2,"CreatedAt":"2026-11-22T01:02:03Z","ArtifactName":"shop:1","Results":[{"Target":"x"}]}"#;
        let kept = records(clean);
        let event = SOURCE.parse(&kept[0].0, Context { header: "", received_ms: 0 }).unwrap();
        assert_eq!(event.get(Column::Message), Some(&Value::Text("no findings".into())));
        assert_eq!(records("{\"a\":")[0].0, b"{\"a\":");
        assert_eq!(SOURCE.tells(b"{}").unwrap_err(), Refusal::Missing("VulnerabilityID"));
    }
}
