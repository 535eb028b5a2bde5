//! Directives that set something once for all.

use sekisho_waf::ir::phased::PhasedSettings;

use super::reading::Reading;
use super::word::{Part, Word};
use super::{choice, unicode_map};
use crate::report::quoted;

/// What is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    ArgumentSeparator,
    ArgumentsLimit,
    AuditEngine,
    AuditLog,
    AuditLogDirMode,
    AuditLogFileMode,
    AuditLogFormat,
    AuditLogParts,
    AuditLogRelevantStatus,
    AuditLogStorageDir,
    AuditLogType,
    CollectionTimeout,
    ComponentSignature,
    CookieFormat,
    ParseXmlIntoArgs,
    RequestBodyAccess,
    RequestBodyJsonDepthLimit,
    RequestBodyLimit,
    RequestBodyLimitAction,
    RequestBodyNoFilesLimit,
    ResponseBodyAccess,
    ResponseBodyLimit,
    ResponseBodyLimitAction,
    ResponseBodyMimeType,
    ResponseBodyMimeTypesClear,
    RuleEngine,
    SensorId,
    ServerSignature,
    UnicodeCodePage,
    UnicodeMapFile,
    UploadFileLimit,
    WebAppId,
}

/// Settings while files are read.
#[derive(Debug, Default)]
pub(super) struct Settings {
    pub(super) settings: PhasedSettings,
    /// Whether `SecResponseBodyMimeType` was given, which replaces what is set without it.
    mime_types_given: bool,
    unicode: unicode_map::Choice,
}

impl Settings {
    /// Reads the words of a directive.
    pub(super) fn read(&mut self, setting: Setting, words: &[Word], reading: &mut Reading<'_>) {
        let Some(word) = words.first() else {
            // `SecResponseBodyMimeTypesClear`, which alone takes no word.
            self.settings.response_body.content_types.clear();
            self.mime_types_given = true;
            return;
        };
        let part = word.part().trim();
        match setting {
            Setting::ResponseBodyMimeType => self.mime_types(words),
            Setting::UnicodeMapFile => self.unicode.file(words, reading),
            Setting::UnicodeCodePage => self.unicode.page(part, reading),
            Setting::CookieFormat => {
                let formats = &[("0", false), ("1", true)];
                put(&mut self.settings.cookies_v1, choice::one(part, formats, &mut reading.report));
            }
            Setting::ArgumentSeparator => self.separator(part, reading),
            Setting::ComponentSignature => self.settings.component_signatures.push(part.text().to_owned()),
            Setting::ServerSignature => self.settings.server_signature = Some(part.text().to_owned()),
            Setting::SensorId => self.settings.sensor_id = Some(part.text().to_owned()),
            Setting::WebAppId => self.settings.web_app_id = Some(part.text().to_owned()),
            Setting::RuleEngine => {
                put(&mut self.settings.engine, choice::one(part, choice::ENGINE_MODES, &mut reading.report));
            }
            Setting::CollectionTimeout => {
                put(&mut self.settings.collection_timeouts.seconds, choice::number(part, &mut reading.report));
            }
            _ => {
                if !self.body(setting, part, reading) {
                    self.audit(setting, part, reading);
                }
            }
        }
    }

    /// The settings, once all files are read.
    pub(super) fn finish(mut self, reading: &mut Reading<'_>) -> PhasedSettings {
        self.settings.unicode_map = self.unicode.finish(reading);
        self.settings
    }

    fn body(&mut self, setting: Setting, part: Part<'_>, reading: &mut Reading<'_>) -> bool {
        let (request, response) = (&mut self.settings.request_body, &mut self.settings.response_body);
        let report = &mut reading.report;
        match setting {
            Setting::ParseXmlIntoArgs => {
                put(&mut request.xml_into_args, choice::one(part, choice::XML_INTO_ARGS, report))
            }
            Setting::RequestBodyAccess => put(&mut request.access, choice::one(part, choice::SWITCH, report)),
            Setting::RequestBodyLimit => put(&mut request.bytes_max, choice::number(part, report)),
            Setting::RequestBodyNoFilesLimit => put(&mut request.no_files_bytes_max, choice::number(part, report)),
            Setting::RequestBodyLimitAction => {
                put(&mut request.over_limit, choice::one(part, choice::OVER_LIMIT, report))
            }
            Setting::RequestBodyJsonDepthLimit => put(&mut request.json_depth_max, choice::number(part, report)),
            Setting::ArgumentsLimit => put(&mut request.arguments_max, choice::number(part, report)),
            Setting::UploadFileLimit => put(&mut request.files_max, choice::number(part, report)),
            Setting::ResponseBodyAccess => put(&mut response.access, choice::one(part, choice::SWITCH, report)),
            Setting::ResponseBodyLimit => put(&mut response.bytes_max, choice::number(part, report)),
            Setting::ResponseBodyLimitAction => {
                put(&mut response.over_limit, choice::one(part, choice::OVER_LIMIT, report))
            }
            _ => return false,
        }
        true
    }

    fn audit(&mut self, setting: Setting, part: Part<'_>, reading: &mut Reading<'_>) {
        let audit = &mut self.settings.audit;
        let report = &mut reading.report;
        let text = || Some(part.text().to_owned());
        match setting {
            Setting::AuditEngine => put(&mut audit.engine, choice::one(part, choice::AUDIT_ENGINES, report)),
            Setting::AuditLog => audit.log = text(),
            Setting::AuditLogDirMode => audit.dir_mode = mode(part, reading),
            Setting::AuditLogFileMode => audit.file_mode = mode(part, reading),
            Setting::AuditLogFormat => put(&mut audit.format, choice::one(part, choice::AUDIT_FORMATS, report)),
            Setting::AuditLogParts => put(&mut audit.parts, choice::audit_parts(part, report)),
            Setting::AuditLogRelevantStatus => audit.relevant_status = text(),
            Setting::AuditLogStorageDir => audit.storage_dir = text(),
            Setting::AuditLogType => put(&mut audit.storage, choice::one(part, choice::AUDIT_STORAGES, report)),
            _ => {}
        }
    }

    fn mime_types(&mut self, words: &[Word]) {
        let types = &mut self.settings.response_body.content_types;
        if !self.mime_types_given {
            types.clear();
            self.mime_types_given = true;
        }
        let given = words.iter().flat_map(|word| word.part().split_white_space());
        for name in given.map(|part| part.text().to_ascii_lowercase()) {
            if !types.contains(&name) {
                types.push(name);
            }
        }
    }

    fn separator(&mut self, part: Part<'_>, reading: &mut Reading<'_>) {
        match part.text().as_bytes() {
            [byte] => self.settings.argument_separator = Some(*byte),
            _ => {
                let message = format!("{} is not one character", quoted(part.text()));
                let problem =
                    part.error("invalid-value", message).help("write one ASCII character, such as `&` or `;`");
                reading.report.push(problem);
            }
        }
    }
}

fn put<T>(slot: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *slot = value;
    }
}

/// Reads permissions in octal; `default` leaves them to the system.
fn mode(part: Part<'_>, reading: &mut Reading<'_>) -> Option<u32> {
    let text = part.text();
    if text.eq_ignore_ascii_case("default") {
        return None;
    }
    let found = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o7777);
    if found.is_none() {
        let message = format!("{} is no mode of a file", quoted(text));
        reading
            .report
            .push(part.error("invalid-value", message).help("write octal digits, such as `0600`, or `default`"));
    }
    found
}
