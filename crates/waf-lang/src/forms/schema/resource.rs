//! Web ACLs, rule groups and sets, as [`super`] describes them.

use super::Kind::{Flag, Many, Map, One, Text, Texts, Whole};
use super::rule::{ALLOW_ACTION, BLOCK_ACTION, RULE, VISIBILITY_CONFIG};
use super::web_acl::{
    APPLICATION_CONFIG, ASSOCIATION_CONFIG, DATA_PROTECTION_CONFIG, FIREWALL_MANAGER_RULE_GROUP, MONETIZATION_CONFIG,
    ON_SOURCE_DDOS_PROTECTION_CONFIG,
};
use super::{Structure, api_only, member, not_in_terraform};

pub(in crate::forms) static WEB_ACL: Structure = Structure {
    name: "WebACL",
    members: &[
        member("Name", "name", Text),
        api_only("Id", Text),
        api_only("ARN", Text),
        member("DefaultAction", "default_action", One(&DEFAULT_ACTION)),
        member("Description", "description", Text),
        member("Rules", "rule", Many(&RULE)),
        member("VisibilityConfig", "visibility_config", One(&VISIBILITY_CONFIG)),
        member("DataProtectionConfig", "data_protection_config", One(&DATA_PROTECTION_CONFIG)),
        api_only("Capacity", Whole),
        api_only("PreProcessFirewallManagerRuleGroups", Many(&FIREWALL_MANAGER_RULE_GROUP)),
        api_only("PostProcessFirewallManagerRuleGroups", Many(&FIREWALL_MANAGER_RULE_GROUP)),
        api_only("ManagedByFirewallManager", Flag),
        api_only("LabelNamespace", Text),
        member("CustomResponseBodies", "custom_response_body", Map(&CUSTOM_RESPONSE_BODY)),
        member("CaptchaConfig", "captcha_config", One(&CAPTCHA_CONFIG)),
        member("ChallengeConfig", "challenge_config", One(&CHALLENGE_CONFIG)),
        member("TokenDomains", "token_domains", Texts),
        member("AssociationConfig", "association_config", One(&ASSOCIATION_CONFIG)),
        api_only("RetrofittedByFirewallManager", Flag),
        not_in_terraform("OnSourceDDoSProtectionConfig", One(&ON_SOURCE_DDOS_PROTECTION_CONFIG)),
        api_only("ApplicationConfig", One(&APPLICATION_CONFIG)),
        api_only("MonetizationConfig", One(&MONETIZATION_CONFIG)),
    ],
};

pub(in crate::forms) static RULE_GROUP: Structure = Structure {
    name: "RuleGroup",
    members: &[
        member("Name", "name", Text),
        api_only("Id", Text),
        member("Capacity", "capacity", Whole),
        api_only("ARN", Text),
        member("Description", "description", Text),
        member("Rules", "rule", Many(&RULE)),
        member("VisibilityConfig", "visibility_config", One(&VISIBILITY_CONFIG)),
        api_only("LabelNamespace", Text),
        member("CustomResponseBodies", "custom_response_body", Map(&CUSTOM_RESPONSE_BODY)),
        not_in_terraform("AvailableLabels", Many(&LABEL_SUMMARY)),
        not_in_terraform("ConsumedLabels", Many(&LABEL_SUMMARY)),
        api_only("MonetizationConfig", One(&MONETIZATION_CONFIG)),
    ],
};

pub(in crate::forms) static IP_SET: Structure = Structure {
    name: "IPSet",
    members: &[
        member("Name", "name", Text),
        api_only("Id", Text),
        api_only("ARN", Text),
        member("Description", "description", Text),
        member("IPAddressVersion", "ip_address_version", Text),
        member("Addresses", "addresses", Texts),
    ],
};

pub(in crate::forms) static REGEX_PATTERN_SET: Structure = Structure {
    name: "RegexPatternSet",
    members: &[
        member("Name", "name", Text),
        api_only("Id", Text),
        api_only("ARN", Text),
        member("Description", "description", Text),
        member("RegularExpressionList", "regular_expression", Many(&REGEX)),
    ],
};

pub(in crate::forms) static REGEX: Structure =
    Structure { name: "Regex", members: &[member("RegexString", "regex_string", Text)] };

pub(in crate::forms) static DEFAULT_ACTION: Structure = Structure {
    name: "DefaultAction",
    members: &[member("Block", "block", One(&BLOCK_ACTION)), member("Allow", "allow", One(&ALLOW_ACTION))],
};

pub(in crate::forms) static CUSTOM_RESPONSE_BODY: Structure = Structure {
    name: "CustomResponseBody",
    members: &[member("ContentType", "content_type", Text), member("Content", "content", Text)],
};

pub(in crate::forms) static CAPTCHA_CONFIG: Structure = Structure {
    name: "CaptchaConfig",
    members: &[member("ImmunityTimeProperty", "immunity_time_property", One(&IMMUNITY_TIME_PROPERTY))],
};

pub(in crate::forms) static IMMUNITY_TIME_PROPERTY: Structure =
    Structure { name: "ImmunityTimeProperty", members: &[member("ImmunityTime", "immunity_time", Whole)] };

pub(in crate::forms) static CHALLENGE_CONFIG: Structure = Structure {
    name: "ChallengeConfig",
    members: &[member("ImmunityTimeProperty", "immunity_time_property", One(&IMMUNITY_TIME_PROPERTY))],
};

pub(in crate::forms) static LABEL_SUMMARY: Structure =
    Structure { name: "LabelSummary", members: &[not_in_terraform("Name", Text)] };
