//! What ModSecurity knows and this engine does not honour, by name and with the reason.

use super::word::Part;
use crate::report::{Report, quoted};

/// A name and why it is refused.
pub(super) type Refused = (&'static str, &'static str);

/// The way out.
pub(super) const HELP: &str = "leave it out; docs/seclang.md says what is honoured";

/// What a rule cannot be honoured for, though it may be sound elsewhere.
pub(super) const UNHONOURED: &[&str] = &[
    "unsupported-action",
    "unsupported-control",
    "unsupported-operator",
    "unsupported-selector",
    "unsupported-variable",
    "unsupported-xpath",
    "invalid-expression",
    "macro-in-expression",
    "unreadable-file",
];

/// Why a name is refused, in any ASCII case.
pub(super) fn reason(table: &[Refused], name: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, reason)| *reason)
}

const APACHE: &str = "only Apache's own state has it";
const NEVER_SET: &str = "no version in use sets it";

/// What kind of name is read, for what is told of one that is not honoured.
pub(super) struct Names {
    /// Such as `the operator`, and what stands before its name.
    pub(super) what: &'static str,
    pub(super) mark: &'static str,
    /// The codes of names that are refused and of names that nobody knows.
    pub(super) codes: (&'static str, &'static str),
    pub(super) refused: &'static [Refused],
}

/// Tells that a name is refused, or known to nobody.
pub(super) fn tell(name: Part<'_>, names: &Names, known: impl Iterator<Item = &'static str>, report: &mut Report) {
    let text = name.text();
    let Names { what, mark, codes, refused } = names;
    if let Some(reason) = reason(refused, text) {
        let message = format!("{what} `{mark}{text}` is not supported: {reason}");
        report.push(name.error(codes.0, message).help(HELP));
        return;
    }
    let help = report.did_you_mean(text, known);
    let problem = name.error(codes.1, format!("{what} {} is unknown", quoted(&format!("{mark}{text}"))));
    report.push(problem.help(help.unwrap_or_else(|| "see the list in docs/seclang.md".to_owned())));
}

/// Variables.
pub(super) const VARIABLES: &[Refused] = &[
    ("PERF_ALL", "performance is measured outside of rules"),
    ("PERF_COMBINED", "performance is measured outside of rules"),
    ("PERF_GC", "performance is measured outside of rules"),
    ("PERF_LOGGING", "performance is measured outside of rules"),
    ("PERF_PHASE1", "performance is measured outside of rules"),
    ("PERF_PHASE2", "performance is measured outside of rules"),
    ("PERF_PHASE3", "performance is measured outside of rules"),
    ("PERF_PHASE4", "performance is measured outside of rules"),
    ("PERF_PHASE5", "performance is measured outside of rules"),
    ("PERF_RULES", "performance is measured outside of rules"),
    ("PERF_SREAD", "performance is measured outside of rules"),
    ("PERF_SWRITE", "performance is measured outside of rules"),
    ("SCRIPT_BASENAME", APACHE),
    ("SCRIPT_FILENAME", APACHE),
    ("SCRIPT_GID", APACHE),
    ("SCRIPT_GROUPNAME", APACHE),
    ("SCRIPT_MODE", APACHE),
    ("SCRIPT_UID", APACHE),
    ("SCRIPT_USERNAME", APACHE),
    ("SDBM_DELETE_ERROR", NEVER_SET),
    ("STREAM_INPUT_BODY", "it exists for `@rsub`, which changes bodies; use `REQUEST_BODY`"),
    ("STREAM_OUTPUT_BODY", "it exists for `@rsub`, which changes bodies; use `RESPONSE_BODY`"),
    ("USERAGENT_IP", APACHE),
    ("WEBSERVER_ERROR_LOG", "the checkpoint does not see the error log of a web server"),
];

/// Operators.
pub(super) const OPERATORS: &[Refused] = &[
    ("fuzzyHash", "it needs files of ssdeep hashes"),
    ("gsbLookup", "Google ended the service it asks"),
    ("inspectFile", "rules may not run programs"),
    ("rbl", "a request would wait for the name system; keep a list for `@ipMatchFromFile`"),
    ("rsub", "rules may not change bodies"),
    ("validateDTD", "documents are never held against external definitions"),
    ("validateHash", "hashes of links would need changed responses"),
    ("validateSchema", "documents are never held against external definitions"),
];

/// Actions.
pub(super) const ACTIONS: &[Refused] = &[
    ("append", "rules may not change responses"),
    ("exec", "rules may not run programs"),
    ("pause", "a rule that waits lets an attacker use up connections; use rate-based rules"),
    ("prepend", "rules may not change responses"),
    ("proxy", "where requests go is up to the routes of the configuration"),
];

/// What `ctl` changes.
pub(super) const CONTROLS: &[Refused] = &[
    ("hashEnforcement", "hashes of links would need changed responses"),
    ("hashEngine", "hashes of links would need changed responses"),
];

/// Directives.
pub(super) const DIRECTIVES: &[Refused] = &[
    ("SecAuditLog2", "one audit log is written; copy it with whatever ships logs"),
    ("SecCacheTransformations", "each transformation runs once a value in any case"),
    ("SecChrootDir", "confine the program with its service manager"),
    ("SecConnEngine", "limits of connections are settings of the listener"),
    ("SecConnReadStateLimit", "limits of connections are settings of the listener"),
    ("SecConnWriteStateLimit", "limits of connections are settings of the listener"),
    ("SecContentInjection", "rules may not change bodies"),
    ("SecCookieV0Separator", "cookies are separated by semicolons (RFC 6265)"),
    ("SecDisableBackendCompression", "what is asked of the service is up to the configuration"),
    ("SecGeoLookupDb", "the database is an option of the service"),
    ("SecGsbLookupDb", "Google ended the service it belongs to"),
    ("SecGuardianLog", "it runs a program; read the records instead"),
    ("SecHashEngine", "hashes of links would need changed responses"),
    ("SecHashKey", "hashes of links would need changed responses"),
    ("SecHashMethodPm", "hashes of links would need changed responses"),
    ("SecHashMethodRx", "hashes of links would need changed responses"),
    ("SecHashParam", "hashes of links would need changed responses"),
    ("SecHttpBlKey", "a request would wait for the name system"),
    ("SecInterceptOnError", "what happens if the engine fails is a setting of the service"),
    ("SecReadStateLimit", "limits of connections are settings of the listener"),
    ("SecRemoteRules", "rules are loaded from files only"),
    ("SecRemoteRulesFailAction", "rules are loaded from files only"),
    ("SecRuleInheritance", "there is one context, which inherits from none"),
    ("SecRulePerfTime", "performance is measured outside of rules"),
    ("SecRuleScript", "rules may not run programs"),
    ("SecStreamInBodyInspection", "rules may not change bodies"),
    ("SecStreamOutBodyInspection", "rules may not change bodies"),
    ("SecTmpSaveUploadedFiles", "uploaded files are never written to disk"),
    ("SecUploadKeepFiles", "uploaded files are never written to disk"),
    ("SecWriteStateLimit", "limits of connections are settings of the listener"),
    ("SecXmlExternalEntity", "external entities are never read"),
];
