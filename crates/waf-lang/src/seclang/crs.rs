//! The OWASP Core Rule Set as it lies in a folder: which files are loaded, in which order, and what is set besides.
//!
//! Source: CRS documentation, "Installation", "Plugins".

use sekisho_model::{Diagnostic, Diagnostics};

use super::files::RuleFiles;
use super::load::Entry;

/// What is set apart from the files. What is not given stays as the files say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CrsOptions {
    /// `tx.blocking_paranoia_level` and `tx.detection_paranoia_level`, from 1 to 4.
    pub paranoia: Option<u8>,
    /// `tx.inbound_anomaly_score_threshold`.
    pub inbound_threshold: Option<u32>,
    /// `tx.outbound_anomaly_score_threshold`.
    pub outbound_threshold: Option<u32>,
    /// Rules that follow the setup, before plugins and rules.
    pub after_setup: Vec<Entry>,
}

/// The number of the rule that sets the options. It is beyond those that are reserved for anyone.
const OPTIONS_RULE: u64 = 9_999_999_901;

/// Where loading of the CRS in a folder begins, in order: the base configuration, its setup, the options, plugins and
/// rules.
///
/// # Errors
///
/// A folder that lacks the rules is reported.
pub fn entries(folder: &str, files: &dyn RuleFiles, options: &CrsOptions) -> Result<Vec<Entry>, Diagnostics> {
    let folder = folder.trim_end_matches('/');
    let mut entries = Vec::new();
    let one = |names: [&str; 2]| -> Result<Option<String>, Diagnostics> {
        for name in names {
            let found = expand(files, &format!("{}/{name}", escaped(folder)))?;
            if let Some(path) = found.into_iter().next() {
                return Ok(Some(path));
            }
        }
        Ok(None)
    };
    entries.extend(one(["modsecurity.conf", "modsecurity.conf-recommended"])?.map(Entry::File));
    match one(["crs-setup.conf", "crs-setup.conf.example"])? {
        Some(setup) => entries.push(Entry::File(setup)),
        None => {
            let message = format!("`{folder}` has neither crs-setup.conf nor crs-setup.conf.example");
            let problem = Diagnostic::error("no-crs", message);
            return Err(problem.help("name the folder that the Core Rule Set was unpacked to").into());
        }
    }
    entries.extend(set(options));
    entries.extend(options.after_setup.iter().cloned());
    for pattern in ["plugins/*-config.conf", "plugins/*-before.conf"] {
        entries.extend(expand(files, &format!("{}/{pattern}", escaped(folder)))?.into_iter().map(Entry::File));
    }
    let rules = expand(files, &format!("{}/rules/*.conf", escaped(folder)))?;
    if rules.is_empty() {
        let problem = Diagnostic::error("no-crs", format!("`{folder}/rules` has no rule files"));
        return Err(problem.help("name the folder that the Core Rule Set was unpacked to").into());
    }
    entries.extend(rules.into_iter().map(Entry::File));
    let after = expand(files, &format!("{}/plugins/*-after.conf", escaped(folder)))?;
    entries.extend(after.into_iter().map(Entry::File));
    Ok(entries)
}

fn expand(files: &dyn RuleFiles, pattern: &str) -> Result<Vec<String>, Diagnostics> {
    files.expand(pattern).map_err(|why| {
        Diagnostics::from(Diagnostic::error("unreadable-folder", format!("cannot look for `{pattern}`: {why}")))
    })
}

/// A path as a pattern that matches it alone.
fn escaped(path: &str) -> String {
    path.chars().fold(String::new(), |mut pattern, character| {
        match character {
            '*' | '?' | '[' => pattern.extend(['[', character, ']']),
            _ => pattern.push(character),
        }
        pattern
    })
}

/// A rule that sets the options, if any is given.
fn set(options: &CrsOptions) -> Option<Entry> {
    let mut variables = Vec::new();
    if let Some(level) = options.paranoia {
        variables.push(format!("tx.blocking_paranoia_level={level}"));
        variables.push(format!("tx.detection_paranoia_level={level}"));
    }
    if let Some(score) = options.inbound_threshold {
        variables.push(format!("tx.inbound_anomaly_score_threshold={score}"));
    }
    if let Some(score) = options.outbound_threshold {
        variables.push(format!("tx.outbound_anomaly_score_threshold={score}"));
    }
    if variables.is_empty() {
        return None;
    }
    let settings: Vec<String> = variables.iter().map(|variable| format!("setvar:'{variable}'")).collect();
    let text = format!("SecAction \"id:{OPTIONS_RULE},phase:1,pass,nolog,t:none,{}\"\n", settings.join(","));
    Some(Entry::text("<options>", text))
}
