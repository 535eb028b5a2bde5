//! The requests of the Core Rule Set's own tests. What those expect is not looked at here: two engines are compared.
//!
//! Source of the format: ftw-tests-schema, `input`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::request::{Parts, Request};
use super::yaml;

/// What go-ftw fills in by running a template: such requests are not those of the file.
const TEMPLATE: &str = "{{";

/// All requests below `folder`, file by file.
///
/// # Errors
///
/// If a file cannot be read.
pub(super) fn requests(folder: &Path) -> Result<Vec<Request>> {
    let mut files = Vec::new();
    list(folder, &mut files)?;
    files.sort();
    let mut requests = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))?;
        let tree = yaml::read(&text).with_context(|| format!("read {}", file.display()))?;
        let rule = tree["rule_id"].as_str().unwrap_or("?");
        for test in tree["tests"].as_array().into_iter().flatten() {
            let number = test["test_id"].as_str().unwrap_or("?");
            for (at, stage) in test["stages"].as_array().into_iter().flatten().enumerate() {
                let name = format!("suite {rule}-{number}.{at}");
                requests.extend(request(&stage["input"], name));
            }
        }
    }
    Ok(requests)
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))? {
        let path = entry.with_context(|| format!("list {}", folder.display()))?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    Ok(())
}

/// The request of a stage; none if it is made by a template, or is not to be read.
fn request(input: &Value, name: String) -> Option<Request> {
    let text = |key: &str| input[key].as_str();
    if let Some(encoded) = text("encoded_request") {
        let encoded: String = encoded.chars().filter(|c| !c.is_whitespace()).collect();
        return Some(Request { name, bytes: STANDARD.decode(encoded).ok()? });
    }
    if input.to_string().contains(TEMPLATE) {
        return None;
    }
    let mut parts = Parts {
        method: text("method").unwrap_or("GET").to_owned(),
        target: text("uri").unwrap_or("/").to_owned(),
        version: text("version").unwrap_or("HTTP/1.1").to_owned(),
        fields: Vec::new(),
        body: text("data").unwrap_or_default().as_bytes().to_vec(),
    };
    for (name, value) in input["headers"].as_object().into_iter().flatten() {
        parts.field(name, value.as_str().unwrap_or_default());
    }
    if text("autocomplete_headers") != Some("false") {
        parts.complete();
    }
    Some(parts.into_request(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_of_every_test_is_a_request() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let text = "rule_id: 7\ntests:\n  - test_id: 1\n    stages:\n      - input:\n          method: POST\n          \
            uri: /post\n          headers:\n            Host: localhost\n          data: a=b\n      - input:\n          \
            encoded_request: \"R0VUIC8=\"\n      - input:\n          data: '{{ \"1\" | repeat 9 }}'\n";
        std::fs::write(folder.path().join("7.yaml"), text)?;
        let found = requests(folder.path())?;
        let names: Vec<&str> = found.iter().map(|request| request.name.as_str()).collect();
        assert_eq!(names, ["suite 7-1.0", "suite 7-1.1"]);
        assert_eq!(
            String::from_utf8_lossy(&found[0].bytes),
            "POST /post HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nConnection: close\r\n\r\na=b"
        );
        assert_eq!(found[1].bytes, b"GET /");
        Ok(())
    }
}
