//! Holds the loader's tables against the API model of AWS: every structure, every member, every enumeration.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sekisho_model::SourceFile;
use serde_json::Value;

use super::checked::tests::shapes_below;
use super::shape::{Role, Shape};
use super::{
    action, address, association, country, data_protection, field, json_body, label, logging, overrides, resource,
    rule, rule_group,
};
use super::{firewall_manager, group_config};
use super::{statement, token, transformation, visibility, web_acl};
use crate::document::Document;
use crate::report::Report;

/// The model, or none if it is missing and may be.
fn model() -> Option<Value> {
    shared("wafv2-model.json")
}

/// A file of the shared folder about AWS WAF, or none if it is missing and may be.
///
/// # Panics
///
/// If it is missing where `CI` is set.
#[expect(clippy::disallowed_methods, reason = "tests find the shared folder by the environment")]
pub(super) fn shared(name: &str) -> Option<Value> {
    let shared = std::env::var_os("SEKISHO_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let file = shared.join("data/aws-waf").join(name);
    let Ok(text) = std::fs::read(&file) else {
        assert!(std::env::var_os("CI").is_none(), "{} is missing", file.display());
        eprintln!("skipped: {} is missing", file.display());
        return None;
    };
    Some(serde_json::from_slice(&text).unwrap())
}

/// Every structure of the API that the loader reads.
fn shapes() -> Vec<&'static Shape> {
    let mut shapes = vec![
        &web_acl::GET_WEB_ACL_RESPONSE,
        &web_acl::WEB_ACL,
        &rule::RULE,
        &visibility::VISIBILITY_CONFIG,
        &data_protection::DATA_PROTECTION_CONFIG,
        &data_protection::DATA_PROTECTION,
        &data_protection::FIELD_TO_PROTECT,
        &logging::GET_LOGGING_CONFIGURATION_RESPONSE,
        &logging::LOGGING_CONFIGURATION,
        &logging::LOGGING_FILTER,
        &logging::FILTER,
        &logging::CONDITION,
        &logging::ACTION_CONDITION,
        &logging::LABEL_NAME_CONDITION,
        &rule_group::RULE_GROUP,
        &resource::IP_SET,
        &resource::REGEX_PATTERN_SET,
        &resource::REGEX,
        &resource::GET_IP_SET_RESPONSE,
        &resource::GET_REGEX_PATTERN_SET_RESPONSE,
        &resource::GET_RULE_GROUP_RESPONSE,
        &action::RULE_ACTION,
        &action::DEFAULT_ACTION,
        &action::OVERRIDE_ACTION,
        &action::BLOCK_ACTION,
        &action::ALLOW_ACTION,
        &action::COUNT_ACTION,
        &action::CAPTCHA_ACTION,
        &action::CHALLENGE_ACTION,
        &action::NONE_ACTION,
        &token::CAPTCHA_CONFIG,
        &token::CHALLENGE_CONFIG,
        &token::IMMUNITY_TIME_PROPERTY,
        &action::CUSTOM_RESPONSE,
        &action::CUSTOM_REQUEST_HANDLING,
        &action::CUSTOM_HTTP_HEADER,
        &action::CUSTOM_RESPONSE_BODY,
        &association::ASSOCIATION_CONFIG,
        &association::RESOURCE_TYPE_CONFIG,
        &address::FORWARDED_IP_CONFIG,
        &address::IP_SET_FORWARDED_IP_CONFIG,
        &label::LABEL,
        &overrides::RULE_ACTION_OVERRIDE,
        &overrides::EXCLUDED_RULE,
        &transformation::TEXT_TRANSFORMATION,
        &transformation::PRE_PARSE_TEXT_TRANSFORMATION,
        &field::FIELD_TO_MATCH,
        &field::HEADER_MATCH_PATTERN,
        &field::COOKIE_MATCH_PATTERN,
        &field::ALL,
        &json_body::JSON_MATCH_PATTERN,
        &statement::STATEMENT,
    ];
    shapes.push(&statement::rate_based::custom_key::CUSTOM_KEY);
    shapes.extend(statement::rate_based::custom_key::KINDS.iter().map(|kind| &kind.shape));
    shapes.extend(statement::KINDS.iter().map(|kind| &kind.shape));
    shapes.push(&firewall_manager::FIREWALL_MANAGER_RULE_GROUP);
    shapes.push(&firewall_manager::FIREWALL_MANAGER_STATEMENT);
    shapes_below(&group_config::CONFIG, &mut shapes);
    shapes_below(&web_acl::ON_SOURCE_DDOS_PROTECTION_CONFIG, &mut shapes);
    shapes_below(&web_acl::APPLICATION_CONFIG, &mut shapes);
    // `BodyValues` is ours and out of reach of AWS documents.
    shapes.extend(field::FIELDS.iter().map(|(shape, _)| shape).filter(|shape| shape.name != "BodyValues"));
    shapes
}

#[test]
fn every_member_of_every_structure_has_its_role() {
    let Some(model) = model() else { return };
    for shape in shapes() {
        let structure = &model["shapes"][shape.name];
        assert_eq!(structure["type"], "structure", "{} is no structure of the API", shape.name);
        let theirs: BTreeSet<&str> = structure["members"].as_object().unwrap().keys().map(String::as_str).collect();
        let ours: BTreeSet<&str> = shape.members.iter().map(|member| member.name).collect();
        assert_eq!(ours, theirs, "{}", shape.name);
        let needed: BTreeSet<&str> =
            structure["required"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap()).collect();
        for member in shape.members.iter().filter(|member| member.role == Role::Required) {
            // An answer of the API without its web ACL is empty; a document found by its ARN has one.
            let ours_alone = [("GetWebACLResponse", "WebACL")];
            let known = needed.contains(member.name) || ours_alone.contains(&(shape.name, member.name));
            assert!(known, "{}.{} is not required by AWS", shape.name, member.name);
        }
        for name in needed {
            let member = shape.members.iter().find(|member| member.name == name).unwrap();
            let switch = shape.name == "VisibilityConfig" && name.ends_with("Enabled");
            assert!(member.role != Role::Optional || switch, "{}.{name} is required by AWS", shape.name);
        }
    }
}

#[test]
fn a_structure_that_is_read_has_only_known_structures_below() {
    let Some(model) = model() else { return };
    let known: BTreeSet<&str> = shapes().iter().map(|shape| shape.name).collect();
    for shape in shapes() {
        for member in shape.members.iter().filter(|member| matches!(member.role, Role::Required | Role::Optional)) {
            let mut below = &model["shapes"][shape.name]["members"][member.name]["shape"];
            while let Some(inner) = ["member", "value"].iter().find_map(|key| model["shapes"][below.as_str()?].get(key))
            {
                below = &inner["shape"];
            }
            let name = below.as_str().unwrap();
            let is_structure = model["shapes"][name]["type"] == "structure";
            assert!(!is_structure || known.contains(name), "{}.{name}", shape.name);
        }
    }
}

#[test]
fn every_enumeration_is_the_api_s() {
    let Some(model) = model() else { return };
    fn names<T>(table: &[(&'static str, T)]) -> Vec<&'static str> {
        table.iter().map(|(name, _)| *name).collect()
    }
    let transformations: Vec<_> = transformation::names().map(|(name, _)| name).collect();
    for (shape, ours) in [
        ("TextTransformationType", transformations),
        ("PreParseTextTransformationType", names(transformation::PRE_PARSE_NAMES)),
        ("PositionalConstraint", names(statement::byte_match::POSITIONS)),
        ("ComparisonOperator", names(statement::size_constraint::COMPARISONS)),
        ("SensitivityLevel", names(statement::sqli_match::SENSITIVITIES)),
        ("LabelMatchScope", names(statement::label_match::SCOPES)),
        ("RateBasedStatementAggregateKeyType", names(statement::rate_based::KEY_TYPES)),
        ("OversizeHandling", names(field::OVERSIZE_HANDLINGS)),
        ("MapMatchScope", names(field::MAP_SCOPES)),
        ("JsonMatchScope", names(json_body::JSON_SCOPES)),
        ("BodyParsingFallbackBehavior", names(json_body::INVALID_FALLBACKS)),
        ("FallbackBehavior", names(address::FALLBACKS)),
        ("ForwardedIPPosition", names(address::POSITIONS)),
        ("ResponseContentType", names(action::CONTENT_TYPES)),
        ("AssociatedResourceType", names(association::RESOURCE_TYPES)),
        ("SizeInspectionLimit", names(association::LIMITS)),
        ("FieldToProtectType", names(data_protection::FIELD_TYPES)),
        ("DataProtectionAction", names(data_protection::ACTIONS)),
        ("FilterBehavior", names(logging::BEHAVIORS)),
        ("FilterRequirement", names(logging::REQUIREMENTS)),
        ("ActionValue", names(logging::ACTIONS)),
        ("PayloadType", names(group_config::PAYLOAD_TYPES)),
        ("InspectionLevel", names(group_config::INSPECTION_LEVELS)),
        ("SensitivityToAct", names(group_config::SENSITIVITIES)),
        ("UsageOfAction", names(group_config::USAGES)),
        ("LowReputationMode", names(web_acl::LOW_REPUTATION_MODES)),
        ("IPAddressVersion", names(resource::ADDRESS_VERSIONS)),
        ("CountryCode", country::COUNTRY_CODES.split(' ').collect()),
    ] {
        let theirs: BTreeSet<&str> =
            model["shapes"][shape]["enum"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        assert_eq!(ours.into_iter().collect::<BTreeSet<_>>(), theirs, "{shape}");
    }
}

#[test]
fn lengths_ranges_and_patterns_are_the_api_s() {
    let Some(model) = model() else { return };
    for (shape, min, max, pattern) in [
        ("EntityName", Some(1), Some(128), r"^[\w\-]+$"),
        ("MetricName", Some(1), Some(255), r"^[\w#:\.\-/]+$"),
        ("LabelName", Some(1), Some(1024), r"^[0-9A-Za-z_\-:]+$"),
        ("LabelMatchKey", Some(1), Some(1024), r"^[0-9A-Za-z_\-:]+$"),
        ("ResourceArn", Some(20), Some(2048), r".*\S.*"),
        ("FieldToMatchData", Some(1), Some(64), r".*\S.*"),
        ("JsonPointerPath", Some(1), Some(512), "([/])|([/](([^~])|(~[01]))+)"),
        ("JsonPointerPaths", Some(1), None, ""),
        ("PreParseTextTransformations", None, None, ""),
        ("SingleCookieName", Some(1), Some(60), r".*\S.*"),
        ("ForwardedIPHeaderName", Some(1), Some(255), "^[a-zA-Z0-9-]+$"),
        ("CustomHTTPHeaderName", Some(1), Some(64), "^[a-zA-Z0-9._$-]+$"),
        ("CustomHTTPHeaderValue", Some(1), Some(255), ".*"),
        ("ResponseContent", Some(1), Some(10_240), r"[\s\S]*"),
        ("RegexPatternString", Some(1), Some(512), ".*"),
        ("TimeWindowSecond", Some(60), Some(259_200), ""),
        ("TokenDomain", Some(1), Some(253), r"^[\w\.\-/]+$"),
        ("TokenDomains", None, None, ""),
        ("VendorName", Some(1), Some(128), r".*\S.*"),
        ("VersionKeyString", Some(1), Some(64), r"^[\w#:\.\-/]+$"),
        ("IPAddress", Some(1), Some(50), r".*\S.*"),
        ("ResponseStatusCode", Some(200), Some(599), ""),
        ("RateLimit", Some(10), Some(2_000_000_000), ""),
        ("Size", Some(0), Some(21_474_836_480_i64), ""),
        ("ASN", Some(0), Some(i64::from(u32::MAX)), ""),
        ("RateBasedStatementCustomKeys", None, Some(5), ""),
        ("LabelNamespace", Some(1), Some(1024), r"^[0-9A-Za-z_\-:]+:$"),
        ("AsnList", Some(1), Some(100), ""),
        ("DataProtections", Some(1), Some(26), ""),
        ("RedactedFields", None, Some(100), ""),
        ("Filters", Some(1), None, ""),
        ("Conditions", Some(1), None, ""),
        ("FieldToProtectKeys", None, Some(100), ""),
        ("FieldToProtectKeyName", Some(1), Some(64), r".*\S.*"),
        ("HeaderNames", Some(1), Some(199), ""),
        ("CookieNames", Some(1), Some(199), ""),
        ("ExcludedRules", None, Some(100), ""),
        ("RuleActionOverrides", None, Some(100), ""),
        ("CustomHTTPHeaders", Some(1), None, ""),
        ("TextTransformations", Some(1), None, ""),
        ("CountryCodes", Some(1), None, ""),
        ("RulePriority", Some(0), None, ""),
        ("IPAddresses", None, None, ""),
        ("RegularExpressionList", None, None, ""),
        ("Rules", None, None, ""),
        ("Labels", None, None, ""),
    ] {
        let theirs = &model["shapes"][shape];
        assert_eq!(theirs["min"].as_i64(), min, "{shape}");
        assert_eq!(theirs["max"].as_i64(), max, "{shape}");
        assert_eq!(theirs["pattern"].as_str().unwrap_or_default(), pattern, "{shape}");
    }
}

#[test]
fn every_unsupported_member_is_refused_by_name() {
    for shape in shapes() {
        for member in shape.members.iter().filter(|member| matches!(member.role, Role::Unsupported(_))) {
            let text = format!("{{\"{}\": {{}}}}", member.name);
            let mut report = Report::new();
            let document = Document::read_json(&SourceFile::new("t", text), &mut report).unwrap();
            shape.open(document.root(), &mut report);
            let wanted = format!("not supported: {} `{}`", shape.name, member.name);
            let found = report.into_diagnostics().iter().any(|diagnostic| diagnostic.message == wanted);
            assert!(found, "{wanted}");
        }
    }
}
