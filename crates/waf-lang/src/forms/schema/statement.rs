//! Statements, as [`super`] describes them.

use super::Kind::{Blob, Many, One, Text, Texts, Whole, Wholes};
use super::field::{FIELD_TO_MATCH, PRE_PARSE_TEXT_TRANSFORMATION, TEXT_TRANSFORMATION};
use super::managed::MANAGED_RULE_GROUP_CONFIG;
use super::rate::RATE_BASED_STATEMENT_CUSTOM_KEY;
use super::rule::RULE_ACTION;
use super::{Structure, api_only, member};

pub(in crate::forms) static STATEMENT: Structure = Structure {
    name: "Statement",
    members: &[
        member("ByteMatchStatement", "byte_match_statement", One(&BYTE_MATCH_STATEMENT)),
        member("SqliMatchStatement", "sqli_match_statement", One(&SQLI_MATCH_STATEMENT)),
        member("XssMatchStatement", "xss_match_statement", One(&XSS_MATCH_STATEMENT)),
        member("SizeConstraintStatement", "size_constraint_statement", One(&SIZE_CONSTRAINT_STATEMENT)),
        member("GeoMatchStatement", "geo_match_statement", One(&GEO_MATCH_STATEMENT)),
        member("RuleGroupReferenceStatement", "rule_group_reference_statement", One(&RULE_GROUP_REFERENCE_STATEMENT)),
        member("IPSetReferenceStatement", "ip_set_reference_statement", One(&IP_SET_REFERENCE_STATEMENT)),
        member(
            "RegexPatternSetReferenceStatement",
            "regex_pattern_set_reference_statement",
            One(&REGEX_PATTERN_SET_REFERENCE_STATEMENT),
        ),
        member("RateBasedStatement", "rate_based_statement", One(&RATE_BASED_STATEMENT)),
        member("AndStatement", "and_statement", One(&AND_STATEMENT)),
        member("OrStatement", "or_statement", One(&OR_STATEMENT)),
        member("NotStatement", "not_statement", One(&NOT_STATEMENT)),
        member("ManagedRuleGroupStatement", "managed_rule_group_statement", One(&MANAGED_RULE_GROUP_STATEMENT)),
        member("LabelMatchStatement", "label_match_statement", One(&LABEL_MATCH_STATEMENT)),
        member("RegexMatchStatement", "regex_match_statement", One(&REGEX_MATCH_STATEMENT)),
        member("AsnMatchStatement", "asn_match_statement", One(&ASN_MATCH_STATEMENT)),
    ],
};

pub(in crate::forms) static BYTE_MATCH_STATEMENT: Structure = Structure {
    name: "ByteMatchStatement",
    members: &[
        member("SearchString", "search_string", Blob),
        member("FieldToMatch", "field_to_match", One(&FIELD_TO_MATCH)),
        member("TextTransformations", "text_transformation", Many(&TEXT_TRANSFORMATION)),
        api_only("PreParseTextTransformations", Many(&PRE_PARSE_TEXT_TRANSFORMATION)),
        member("PositionalConstraint", "positional_constraint", Text),
    ],
};

pub(in crate::forms) static SQLI_MATCH_STATEMENT: Structure = Structure {
    name: "SqliMatchStatement",
    members: &[
        member("FieldToMatch", "field_to_match", One(&FIELD_TO_MATCH)),
        member("TextTransformations", "text_transformation", Many(&TEXT_TRANSFORMATION)),
        api_only("PreParseTextTransformations", Many(&PRE_PARSE_TEXT_TRANSFORMATION)),
        member("SensitivityLevel", "sensitivity_level", Text),
    ],
};

pub(in crate::forms) static XSS_MATCH_STATEMENT: Structure = Structure {
    name: "XssMatchStatement",
    members: &[
        member("FieldToMatch", "field_to_match", One(&FIELD_TO_MATCH)),
        member("TextTransformations", "text_transformation", Many(&TEXT_TRANSFORMATION)),
        api_only("PreParseTextTransformations", Many(&PRE_PARSE_TEXT_TRANSFORMATION)),
    ],
};

pub(in crate::forms) static SIZE_CONSTRAINT_STATEMENT: Structure = Structure {
    name: "SizeConstraintStatement",
    members: &[
        member("FieldToMatch", "field_to_match", One(&FIELD_TO_MATCH)),
        member("ComparisonOperator", "comparison_operator", Text),
        member("Size", "size", Whole),
        member("TextTransformations", "text_transformation", Many(&TEXT_TRANSFORMATION)),
        api_only("PreParseTextTransformations", Many(&PRE_PARSE_TEXT_TRANSFORMATION)),
    ],
};

pub(in crate::forms) static GEO_MATCH_STATEMENT: Structure = Structure {
    name: "GeoMatchStatement",
    members: &[
        member("CountryCodes", "country_codes", Texts),
        member("ForwardedIPConfig", "forwarded_ip_config", One(&FORWARDED_IP_CONFIG)),
    ],
};

pub(in crate::forms) static FORWARDED_IP_CONFIG: Structure = Structure {
    name: "ForwardedIPConfig",
    members: &[member("HeaderName", "header_name", Text), member("FallbackBehavior", "fallback_behavior", Text)],
};

pub(in crate::forms) static RULE_GROUP_REFERENCE_STATEMENT: Structure = Structure {
    name: "RuleGroupReferenceStatement",
    members: &[
        member("ARN", "arn", Text),
        member("ExcludedRules", "excluded_rule", Many(&EXCLUDED_RULE)),
        member("RuleActionOverrides", "rule_action_override", Many(&RULE_ACTION_OVERRIDE)),
    ],
};

pub(in crate::forms) static EXCLUDED_RULE: Structure =
    Structure { name: "ExcludedRule", members: &[member("Name", "name", Text)] };

pub(in crate::forms) static RULE_ACTION_OVERRIDE: Structure = Structure {
    name: "RuleActionOverride",
    members: &[member("Name", "name", Text), member("ActionToUse", "action_to_use", One(&RULE_ACTION))],
};

pub(in crate::forms) static IP_SET_REFERENCE_STATEMENT: Structure = Structure {
    name: "IPSetReferenceStatement",
    members: &[
        member("ARN", "arn", Text),
        member("IPSetForwardedIPConfig", "ip_set_forwarded_ip_config", One(&IP_SET_FORWARDED_IP_CONFIG)),
    ],
};

pub(in crate::forms) static IP_SET_FORWARDED_IP_CONFIG: Structure = Structure {
    name: "IPSetForwardedIPConfig",
    members: &[
        member("HeaderName", "header_name", Text),
        member("FallbackBehavior", "fallback_behavior", Text),
        member("Position", "position", Text),
    ],
};

pub(in crate::forms) static REGEX_PATTERN_SET_REFERENCE_STATEMENT: Structure = Structure {
    name: "RegexPatternSetReferenceStatement",
    members: &[
        member("ARN", "arn", Text),
        member("FieldToMatch", "field_to_match", One(&FIELD_TO_MATCH)),
        member("TextTransformations", "text_transformation", Many(&TEXT_TRANSFORMATION)),
        api_only("PreParseTextTransformations", Many(&PRE_PARSE_TEXT_TRANSFORMATION)),
    ],
};

pub(in crate::forms) static RATE_BASED_STATEMENT: Structure = Structure {
    name: "RateBasedStatement",
    members: &[
        member("Limit", "limit", Whole),
        member("EvaluationWindowSec", "evaluation_window_sec", Whole),
        member("AggregateKeyType", "aggregate_key_type", Text),
        member("ScopeDownStatement", "scope_down_statement", One(&STATEMENT)),
        member("ForwardedIPConfig", "forwarded_ip_config", One(&FORWARDED_IP_CONFIG)),
        member("CustomKeys", "custom_key", Many(&RATE_BASED_STATEMENT_CUSTOM_KEY)),
    ],
};

pub(in crate::forms) static AND_STATEMENT: Structure =
    Structure { name: "AndStatement", members: &[member("Statements", "statement", Many(&STATEMENT))] };

pub(in crate::forms) static OR_STATEMENT: Structure =
    Structure { name: "OrStatement", members: &[member("Statements", "statement", Many(&STATEMENT))] };

pub(in crate::forms) static NOT_STATEMENT: Structure =
    Structure { name: "NotStatement", members: &[member("Statement", "statement", One(&STATEMENT))] };

pub(in crate::forms) static MANAGED_RULE_GROUP_STATEMENT: Structure = Structure {
    name: "ManagedRuleGroupStatement",
    members: &[
        member("VendorName", "vendor_name", Text),
        member("Name", "name", Text),
        member("Version", "version", Text),
        member("ExcludedRules", "excluded_rule", Many(&EXCLUDED_RULE)),
        member("ScopeDownStatement", "scope_down_statement", One(&STATEMENT)),
        member("ManagedRuleGroupConfigs", "managed_rule_group_configs", Many(&MANAGED_RULE_GROUP_CONFIG)),
        member("RuleActionOverrides", "rule_action_override", Many(&RULE_ACTION_OVERRIDE)),
    ],
};

pub(in crate::forms) static LABEL_MATCH_STATEMENT: Structure =
    Structure { name: "LabelMatchStatement", members: &[member("Scope", "scope", Text), member("Key", "key", Text)] };

pub(in crate::forms) static REGEX_MATCH_STATEMENT: Structure = Structure {
    name: "RegexMatchStatement",
    members: &[
        member("RegexString", "regex_string", Text),
        member("FieldToMatch", "field_to_match", One(&FIELD_TO_MATCH)),
        member("TextTransformations", "text_transformation", Many(&TEXT_TRANSFORMATION)),
        api_only("PreParseTextTransformations", Many(&PRE_PARSE_TEXT_TRANSFORMATION)),
    ],
};

pub(in crate::forms) static ASN_MATCH_STATEMENT: Structure = Structure {
    name: "AsnMatchStatement",
    members: &[
        member("AsnList", "asn_list", Wholes),
        member("ForwardedIPConfig", "forwarded_ip_config", One(&FORWARDED_IP_CONFIG)),
    ],
};
