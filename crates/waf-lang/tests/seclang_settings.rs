//! Directives of SecLang that set something once for all.

use sekisho_waf::ir::phased::{
    AuditEngine, AuditFormat, AuditParts, AuditStorage, EngineMode, OverLimit, PhasedSettings,
};
use sekisho_waf_lang::seclang::{Entry, LoadOptions, Loaded, NoFiles, load};

fn loaded(text: &str) -> Loaded {
    load(&[Entry::text("rules.conf", text)], &NoFiles, &LoadOptions::default())
}

#[track_caller]
fn settings(text: &str) -> PhasedSettings {
    let loaded = loaded(text);
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.diagnostics.render(false));
    loaded.policy.expect("no error was found").settings
}

#[track_caller]
fn finds(text: &str, expected: &[&str]) {
    let loaded = loaded(text);
    let codes: Vec<&str> = loaded.diagnostics.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, expected, "{}", loaded.diagnostics.render(false));
    assert!(loaded.policy.is_none());
}

#[test]
fn settings_are_read() {
    let text = r#"
        SecRuleEngine DetectionOnly
        SecRequestBodyAccess On
        SecRequestBodyLimit 1
        SecRequestBodyNoFilesLimit 2
        SecRequestBodyLimitAction ProcessPartial
        SecRequestBodyJsonDepthLimit 3
        SecArgumentsLimit 4
        SecUploadFileLimit 5
        SecResponseBodyAccess On
        SecResponseBodyLimit 6
        SecResponseBodyLimitAction ProcessPartial
        SecResponseBodyMimeType text/HTML text/xml
        SecResponseBodyMimeType text/xml application/json
        SecAuditEngine RelevantOnly
        SecAuditLog /a
        SecAuditLogDirMode 0750
        SecAuditLogFileMode default
        SecAuditLogFormat json
        SecAuditLogParts ABZ
        SecAuditLogRelevantStatus "^5"
        SecAuditLogStorageDir /b
        SecAuditLogType concurrent
        SecCollectionTimeout 7
        SecArgumentSeparator ";"
        SecCookieFormat 1
        SecComponentSignature "a/1"
        SecComponentSignature "b/2"
        SecServerSignature "c"
        SecWebAppId d
        SecSensorId e
    "#;
    let found = settings(text);
    let mut expected = PhasedSettings { engine: EngineMode::DetectionOnly, ..PhasedSettings::default() };
    let request = &mut expected.request_body;
    (request.access, request.bytes_max, request.no_files_bytes_max) = (true, 1, 2);
    (request.over_limit, request.json_depth_max) = (OverLimit::ProcessPartial, 3);
    (request.arguments_max, request.files_max) = (4, 5);
    let response = &mut expected.response_body;
    (response.access, response.bytes_max, response.over_limit) = (true, 6, OverLimit::ProcessPartial);
    response.content_types = ["text/html", "text/xml", "application/json"].map(str::to_owned).to_vec();
    let audit = &mut expected.audit;
    (audit.engine, audit.format) = (AuditEngine::RelevantOnly, AuditFormat::Json);
    (audit.storage, audit.dir_mode) = (AuditStorage::Concurrent, Some(0o750));
    (audit.log, audit.storage_dir) = (Some("/a".to_owned()), Some("/b".to_owned()));
    (audit.relevant_status, audit.parts) = (Some("^5".to_owned()), AuditParts::of("ABZ").unwrap());
    expected.collection_timeouts.seconds = 7;
    (expected.argument_separator, expected.cookies_v1) = (Some(b';'), true);
    expected.component_signatures = vec!["a/1".to_owned(), "b/2".to_owned()];
    expected.server_signature = Some("c".to_owned());
    (expected.web_app_id, expected.sensor_id) = (Some("d".to_owned()), Some("e".to_owned()));
    assert_eq!(found, expected);
    let cleared = settings("SecResponseBodyMimeTypesClear\nSecResponseBodyMimeType text/css\n");
    assert_eq!(cleared.response_body.content_types, ["text/css"]);
}

#[test]
fn settings_are_held_to_their_values() {
    for line in ["SecRuleEngine Maybe", "SecRequestBodyAccess 1", "SecAuditLogFormat XML", "SecCookieFormat 2"] {
        finds(line, &["invalid-value"]);
    }
    for line in ["SecArgumentSeparator &&", "SecAuditLogDirMode 9"] {
        finds(line, &["invalid-value"]);
    }
    finds("SecRequestBodyLimit lots", &["invalid-number"]);
    finds("SecRequestBodyLimit -1", &["invalid-number"]);
    finds("SecAuditLogParts AQ", &["invalid-audit-part"]);
    finds("SecRuleEngine On Off", &["surplus-argument"]);
    finds("SecRuleEngine", &["missing-argument"]);
    let engine =
        |options| load(&[Entry::text("a", "SecRuleEngine Off\n")], &NoFiles, &options).policy.unwrap().settings;
    assert_eq!(engine(LoadOptions { engine: Some(EngineMode::On), ..LoadOptions::default() }).engine, EngineMode::On);
    assert_eq!(engine(LoadOptions::default()).engine, EngineMode::Off);
}

/// What no linear engine can match is refused with the name of the setting that lets it run, and taken with it.
#[test]
fn expressions_go_back_only_where_that_is_allowed() {
    let rule =
        |expression: &str| format!("SecRule ARGS|!ARGS:/{expression}/ \"@rx {expression}\" \"id:1,phase:2,pass\"");
    let loaded = |expression: &str, steps: Option<u32>| {
        let backtracking = steps.and_then(std::num::NonZeroU32::new);
        let options = LoadOptions { backtracking, ..LoadOptions::default() };
        load(&[Entry::text("t.conf", rule(expression))], &NoFiles, &options)
    };
    for expression in ["a(?!b)", "(?<=a)b", r"(a)\1", "(?>a*)ab"] {
        let refused = loaded(expression, None);
        let told = refused.diagnostics.render(false);
        assert!(refused.policy.is_none() && told.contains("cannot be matched in linear time"), "{told}");
        assert!(told.contains("--backtracking STEPS") && told.contains("`[seclang]`"), "{told}");
        let taken = loaded(expression, Some(1_000));
        let steps = taken.policy.and_then(|policy| policy.settings.backtracking_steps_max);
        assert_eq!(steps.map(std::num::NonZeroU32::get), Some(1_000), "{}", taken.diagnostics.render(false));
    }
    for expression in ["(?R)", "(?(1)a)", "(?<=a+)b"] {
        for steps in [None, Some(1_000)] {
            let told = loaded(expression, steps).diagnostics.render(false);
            assert!(told.contains("invalid-expression") && !told.contains("--backtracking"), "{told}");
        }
    }
}

/// What logs do not show is known when rules are loaded, and refused if it cannot be.
#[test]
fn what_logs_do_not_show_is_named() {
    use sekisho_waf::ir::phased::SanitisedPart as P;
    let found = settings(
        r#"SecAction "id:1,phase:1,pass,nolog,sanitiseArg:Password,sanitizeRequestHeader:X-Key"
           SecRule ARGS:pin|REQUEST_COOKIES "@rx ." "id:2,phase:2,pass,nolog,sanitiseMatchedBytes:0/4"
           SecRule RESPONSE_HEADERS:X-Secret "@rx ." "id:3,phase:3,pass,nolog,sanitiseMatched"
           SecAction "id:4,phase:1,pass,nolog,sanitiseArg:removed"
           SecRuleRemoveById 4"#,
    );
    let header = |name: &str| P::RequestHeader(name.to_owned());
    let argument = |name: &str| P::Argument(name.to_owned());
    let expected = [argument("password"), argument("pin"), header("x-key"), P::ResponseHeader("x-secret".to_owned())];
    assert_eq!(found.sanitised, expected);
    for rule in [
        r#"SecRule ARGS "@verifyCC \d{13,16}" "id:1,phase:2,pass,nolog,sanitiseMatched""#,
        r#"SecAction "id:1,phase:2,pass,nolog,sanitiseArg:%{tx.name}""#,
    ] {
        let loaded = load(&[Entry::text("t.conf", rule)], &NoFiles, &LoadOptions::default());
        assert!(loaded.policy.is_none(), "{rule}");
    }
}
