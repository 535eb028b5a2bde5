//! Severities of findings, as AWS and scanners name them.

/// OCSF's number of a name; 0 if it is none of them. Source: OCSF, `severity_id`.
pub(crate) fn severity_id(name: &str) -> i64 {
    match name {
        "INFORMATIONAL" => 1,
        "LOW" => 2,
        "MEDIUM" => 3,
        "HIGH" => 4,
        "CRITICAL" => 5,
        _ => 0,
    }
}
