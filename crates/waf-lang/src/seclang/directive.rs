//! Directives by name, and what they take.
//!
//! Source: ModSecurity Reference Manual, "Configuration Directives".

use super::setting::Setting;

/// What a directive does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Directive {
    Rule,
    Action,
    Marker,
    DefaultAction,
    Include {
        must_match: bool,
    },
    RemoveById,
    RemoveByTag,
    RemoveByMessage,
    UpdateTargetById,
    UpdateTargetByTag,
    UpdateTargetByMessage,
    UpdateActionById,
    Setting(Setting),
    /// Accepted, and nothing comes of it that matters here; why, for the manual.
    WithoutEffect,
}

/// A directive as the table has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) directive: Directive,
    /// How many words it takes.
    pub(super) words: (usize, usize),
}

const fn known(name: &'static str, directive: Directive, least: usize, most: usize) -> Known {
    Known { name, directive, words: (least, most) }
}

const fn setting(name: &'static str, setting: Setting) -> Known {
    known(name, Directive::Setting(setting), 1, 1)
}

/// All that are honoured or accepted. Those refused are in [`super::refused::DIRECTIVES`].
pub(super) const DIRECTIVES: &[Known] = &[
    known("Include", Directive::Include { must_match: true }, 1, 1),
    known("IncludeOptional", Directive::Include { must_match: false }, 1, 1),
    known("SecAction", Directive::Action, 1, 1),
    setting("SecArgumentSeparator", Setting::ArgumentSeparator),
    setting("SecArgumentsLimit", Setting::ArgumentsLimit),
    setting("SecAuditEngine", Setting::AuditEngine),
    setting("SecAuditLog", Setting::AuditLog),
    setting("SecAuditLogDirMode", Setting::AuditLogDirMode),
    setting("SecAuditLogFileMode", Setting::AuditLogFileMode),
    setting("SecAuditLogFormat", Setting::AuditLogFormat),
    setting("SecAuditLogParts", Setting::AuditLogParts),
    setting("SecAuditLogRelevantStatus", Setting::AuditLogRelevantStatus),
    setting("SecAuditLogStorageDir", Setting::AuditLogStorageDir),
    setting("SecAuditLogType", Setting::AuditLogType),
    setting("SecCollectionTimeout", Setting::CollectionTimeout),
    setting("SecComponentSignature", Setting::ComponentSignature),
    setting("SecCookieFormat", Setting::CookieFormat),
    known("SecDataDir", Directive::WithoutEffect, 1, 1),
    known("SecDebugLog", Directive::WithoutEffect, 1, 1),
    known("SecDebugLogLevel", Directive::WithoutEffect, 1, 1),
    known("SecDefaultAction", Directive::DefaultAction, 1, 1),
    known("SecMarker", Directive::Marker, 1, 1),
    known("SecPcreMatchLimit", Directive::WithoutEffect, 1, 1),
    known("SecPcreMatchLimitRecursion", Directive::WithoutEffect, 1, 1),
    setting("SecParseXmlIntoArgs", Setting::ParseXmlIntoArgs),
    setting("SecRequestBodyAccess", Setting::RequestBodyAccess),
    known("SecRequestBodyInMemoryLimit", Directive::WithoutEffect, 1, 1),
    setting("SecRequestBodyJsonDepthLimit", Setting::RequestBodyJsonDepthLimit),
    setting("SecRequestBodyLimit", Setting::RequestBodyLimit),
    setting("SecRequestBodyLimitAction", Setting::RequestBodyLimitAction),
    setting("SecRequestBodyNoFilesLimit", Setting::RequestBodyNoFilesLimit),
    setting("SecResponseBodyAccess", Setting::ResponseBodyAccess),
    setting("SecResponseBodyLimit", Setting::ResponseBodyLimit),
    setting("SecResponseBodyLimitAction", Setting::ResponseBodyLimitAction),
    known("SecResponseBodyMimeType", Directive::Setting(Setting::ResponseBodyMimeType), 1, 1_000),
    known("SecResponseBodyMimeTypesClear", Directive::Setting(Setting::ResponseBodyMimeTypesClear), 0, 0),
    known("SecRule", Directive::Rule, 2, 3),
    setting("SecRuleEngine", Setting::RuleEngine),
    known("SecRuleRemoveById", Directive::RemoveById, 1, 1_000),
    known("SecRuleRemoveByMsg", Directive::RemoveByMessage, 1, 1),
    known("SecRuleRemoveByTag", Directive::RemoveByTag, 1, 1),
    known("SecRuleUpdateActionById", Directive::UpdateActionById, 2, 2),
    known("SecRuleUpdateTargetById", Directive::UpdateTargetById, 2, 3),
    known("SecRuleUpdateTargetByMsg", Directive::UpdateTargetByMessage, 2, 3),
    known("SecRuleUpdateTargetByTag", Directive::UpdateTargetByTag, 2, 3),
    setting("SecSensorId", Setting::SensorId),
    setting("SecServerSignature", Setting::ServerSignature),
    known("SecStatusEngine", Directive::WithoutEffect, 1, 1),
    known("SecTmpDir", Directive::WithoutEffect, 1, 1),
    setting("SecUnicodeCodePage", Setting::UnicodeCodePage),
    known("SecUnicodeMapFile", Directive::Setting(Setting::UnicodeMapFile), 1, 2),
    known("SecUploadDir", Directive::WithoutEffect, 1, 1),
    setting("SecUploadFileLimit", Setting::UploadFileLimit),
    known("SecUploadFileMode", Directive::WithoutEffect, 1, 1),
    setting("SecWebAppId", Setting::WebAppId),
];

/// The directive of this name, in any ASCII case.
pub(super) fn find(name: &str) -> Option<&'static Known> {
    DIRECTIVES.iter().find(|known| known.name.eq_ignore_ascii_case(name))
}
