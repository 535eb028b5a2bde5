//! ModSecurity 3 within nginx, as Debian ships both: the peer that runs the same rule files.
//!
//! Everything it writes stands in the folder of a run. The rules are those of [`rules_folder`], read in place; what a run
//! sets besides is appended to them, so that the checkpoint can be given the very same file.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::nginx;
use crate::process::environment;
use crate::server::{Server, free_address};

/// The module as Debian's package `libnginx-mod-http-modsecurity` installs it.
pub(crate) const MODULE: &str = "/usr/lib/nginx/modules/ngx_http_modsecurity_module.so";

/// Largest body nginx takes, in MB: more than the rules let through.
const BODY_MB_MAX: u32 = 16;

/// What a run sets besides what the Core Rule Set itself says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting<'a> {
    /// Paranoia level that blocks, 1 to 4.
    pub(crate) paranoia: u8,
    /// Score from which a request is refused.
    pub(crate) inbound: u32,
    /// Score from which a response is refused.
    pub(crate) outbound: u32,
    /// Where every transaction is written, as JSON; none for no audit log.
    pub(crate) audit_log: Option<&'a Path>,
    /// Directives behind the rules.
    pub(crate) after: &'a str,
}

/// The Core Rule Set among the shared data.
///
/// # Errors
///
/// If it is not there.
pub(crate) fn rules_folder(root: &Path) -> Result<PathBuf> {
    let shared = environment("SEKISHO_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    let folder = shared.join("data/crs");
    if !folder.join("rules").is_dir() {
        bail!("{} holds no Core Rule Set: set SEKISHO_SHARED to the folder of the shared data", folder.display());
    }
    folder.canonicalize().with_context(|| format!("resolve {}", folder.display()))
}

/// Writes a rule file `name` into `folder` that includes the Core Rule Set at `crs`, and returns its path.
///
/// # Errors
///
/// If it cannot be written.
pub(crate) fn write_rules(folder: &Path, name: &str, crs: &Path, setting: Setting<'_>) -> Result<PathBuf> {
    let path = folder.join(name);
    std::fs::write(&path, rules(folder, crs, setting)?).with_context(|| format!("write {}", path.display()))?;
    Ok(path)
}

fn rules(folder: &Path, crs: &Path, setting: Setting<'_>) -> Result<String> {
    let (folder, crs) = (folder.display(), crs.display());
    let Setting { paranoia, inbound, outbound, audit_log, after } = setting;
    let mut text = String::new();
    writeln!(text, "Include {crs}/modsecurity.conf-recommended")?;
    writeln!(text, "SecRuleEngine On\nSecTmpDir {folder}\nSecDataDir {folder}")?;
    match audit_log {
        Some(log) => {
            writeln!(text, "SecAuditEngine On\nSecAuditLogFormat JSON\nSecAuditLogType Serial")?;
            writeln!(text, "SecAuditLogParts AHZ\nSecAuditLog {}", log.display())?;
        }
        None => writeln!(text, "SecAuditEngine Off")?,
    }
    writeln!(text, "Include {crs}/crs-setup.conf.example")?;
    writeln!(
        text,
        "SecAction \"id:9000000,phase:1,pass,t:none,nolog,setvar:tx.blocking_paranoia_level={paranoia},\
         setvar:tx.inbound_anomaly_score_threshold={inbound},setvar:tx.outbound_anomaly_score_threshold={outbound}\""
    )?;
    writeln!(text, "Include {crs}/rules/*.conf\n{after}")?;
    Ok(text)
}

/// Starts nginx with the module before `backend`, holding requests against the rules at `rules`.
///
/// # Errors
///
/// If it does not start or does not answer: a rule it does not know is told in the message.
pub(crate) fn start(folder: &Path, name: &str, workers: u32, rules: &Path, backend: &str) -> Result<Server> {
    let address = free_address()?;
    let server = format!(
        "access_log off;\nclient_max_body_size {BODY_MB_MAX}m;\n\
         upstream backend {{ server {backend}; keepalive 64; keepalive_requests 1000000000; }}\n\
         server {{ listen {address};\nignore_invalid_headers off;\nunderscores_in_headers on;\nmodsecurity on;\nmodsecurity_rules_file {};\n\
         location / {{ proxy_pass http://backend; proxy_http_version 1.1;\n\
         proxy_set_header Connection \"\"; proxy_set_header Host $http_host; }} }}",
        rules.display()
    );
    nginx::start_with(folder, name, &address, workers, &[MODULE], &server)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_run_sets_stands_before_the_rules_and_behind_the_base() -> Result<()> {
        let setting = Setting { paranoia: 2, inbound: 5, outbound: 4, audit_log: None, after: "SecMarker \"END\"" };
        let text = rules(Path::new("/f"), Path::new("/crs"), setting)?;
        let at = |what: &str| text.find(what).with_context(|| format!("{what} in {text}"));
        assert!(at("modsecurity.conf-recommended")? < at("SecRuleEngine On")?);
        assert!(at("blocking_paranoia_level=2")? < at("rules/*.conf")?);
        assert!(at("rules/*.conf")? < at("SecMarker")?);
        assert!(text.contains("SecAuditEngine Off") && !text.contains("SecAuditLog "));
        Ok(())
    }
}
