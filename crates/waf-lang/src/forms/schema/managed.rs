//! What a managed rule group is told besides its name, as [`super`] describes them.

use super::Kind::{Flag, Many, One, Text, Texts, Whole, Wholes};
use super::resource::REGEX;
use super::{Structure, member};

pub(in crate::forms) static MANAGED_RULE_GROUP_CONFIG: Structure = Structure {
    name: "ManagedRuleGroupConfig",
    members: &[
        member("LoginPath", "login_path", Text),
        member("PayloadType", "payload_type", Text),
        member("UsernameField", "username_field", One(&USERNAME_FIELD)),
        member("PasswordField", "password_field", One(&PASSWORD_FIELD)),
        member(
            "AWSManagedRulesBotControlRuleSet",
            "aws_managed_rules_bot_control_rule_set",
            One(&AWS_MANAGED_RULES_BOT_CONTROL_RULE_SET),
        ),
        member("AWSManagedRulesATPRuleSet", "aws_managed_rules_atp_rule_set", One(&AWS_MANAGED_RULES_ATP_RULE_SET)),
        member("AWSManagedRulesACFPRuleSet", "aws_managed_rules_acfp_rule_set", One(&AWS_MANAGED_RULES_ACFP_RULE_SET)),
        member(
            "AWSManagedRulesAntiDDoSRuleSet",
            "aws_managed_rules_anti_ddos_rule_set",
            One(&AWS_MANAGED_RULES_ANTI_DDOS_RULE_SET),
        ),
        member("OWASPCoreRuleSet", "owasp_core_rule_set", One(&OWASP_CORE_RULE_SET)),
    ],
};

/// No API of AWS has it; its names in other forms follow theirs.
pub(in crate::forms) static OWASP_CORE_RULE_SET: Structure = Structure {
    name: "OWASPCoreRuleSet",
    members: &[
        member("ParanoiaLevel", "paranoia_level", Whole),
        member("InboundAnomalyScoreThreshold", "inbound_anomaly_score_threshold", Whole),
        member("OutboundAnomalyScoreThreshold", "outbound_anomaly_score_threshold", Whole),
    ],
};

pub(in crate::forms) static USERNAME_FIELD: Structure =
    Structure { name: "UsernameField", members: &[member("Identifier", "identifier", Text)] };

pub(in crate::forms) static PASSWORD_FIELD: Structure =
    Structure { name: "PasswordField", members: &[member("Identifier", "identifier", Text)] };

pub(in crate::forms) static AWS_MANAGED_RULES_BOT_CONTROL_RULE_SET: Structure = Structure {
    name: "AWSManagedRulesBotControlRuleSet",
    members: &[
        member("InspectionLevel", "inspection_level", Text),
        member("EnableMachineLearning", "enable_machine_learning", Flag),
    ],
};

pub(in crate::forms) static AWS_MANAGED_RULES_ATP_RULE_SET: Structure = Structure {
    name: "AWSManagedRulesATPRuleSet",
    members: &[
        member("LoginPath", "login_path", Text),
        member("RequestInspection", "request_inspection", One(&REQUEST_INSPECTION)),
        member("ResponseInspection", "response_inspection", One(&RESPONSE_INSPECTION)),
        member("EnableRegexInPath", "enable_regex_in_path", Flag),
    ],
};

pub(in crate::forms) static REQUEST_INSPECTION: Structure = Structure {
    name: "RequestInspection",
    members: &[
        member("PayloadType", "payload_type", Text),
        member("UsernameField", "username_field", One(&USERNAME_FIELD)),
        member("PasswordField", "password_field", One(&PASSWORD_FIELD)),
    ],
};

pub(in crate::forms) static RESPONSE_INSPECTION: Structure = Structure {
    name: "ResponseInspection",
    members: &[
        member("StatusCode", "status_code", One(&RESPONSE_INSPECTION_STATUS_CODE)),
        member("Header", "header", One(&RESPONSE_INSPECTION_HEADER)),
        member("BodyContains", "body_contains", One(&RESPONSE_INSPECTION_BODY_CONTAINS)),
        member("Json", "json", One(&RESPONSE_INSPECTION_JSON)),
    ],
};

pub(in crate::forms) static RESPONSE_INSPECTION_STATUS_CODE: Structure = Structure {
    name: "ResponseInspectionStatusCode",
    members: &[member("SuccessCodes", "success_codes", Wholes), member("FailureCodes", "failure_codes", Wholes)],
};

pub(in crate::forms) static RESPONSE_INSPECTION_HEADER: Structure = Structure {
    name: "ResponseInspectionHeader",
    members: &[
        member("Name", "name", Text),
        member("SuccessValues", "success_values", Texts),
        member("FailureValues", "failure_values", Texts),
    ],
};

pub(in crate::forms) static RESPONSE_INSPECTION_BODY_CONTAINS: Structure = Structure {
    name: "ResponseInspectionBodyContains",
    members: &[member("SuccessStrings", "success_strings", Texts), member("FailureStrings", "failure_strings", Texts)],
};

pub(in crate::forms) static RESPONSE_INSPECTION_JSON: Structure = Structure {
    name: "ResponseInspectionJson",
    members: &[
        member("Identifier", "identifier", Text),
        member("SuccessValues", "success_values", Texts),
        member("FailureValues", "failure_values", Texts),
    ],
};

pub(in crate::forms) static AWS_MANAGED_RULES_ACFP_RULE_SET: Structure = Structure {
    name: "AWSManagedRulesACFPRuleSet",
    members: &[
        member("CreationPath", "creation_path", Text),
        member("RegistrationPagePath", "registration_page_path", Text),
        member("RequestInspection", "request_inspection", One(&REQUEST_INSPECTION_ACFP)),
        member("ResponseInspection", "response_inspection", One(&RESPONSE_INSPECTION)),
        member("EnableRegexInPath", "enable_regex_in_path", Flag),
    ],
};

pub(in crate::forms) static REQUEST_INSPECTION_ACFP: Structure = Structure {
    name: "RequestInspectionACFP",
    members: &[
        member("PayloadType", "payload_type", Text),
        member("UsernameField", "username_field", One(&USERNAME_FIELD)),
        member("PasswordField", "password_field", One(&PASSWORD_FIELD)),
        member("EmailField", "email_field", One(&EMAIL_FIELD)),
        member("PhoneNumberFields", "phone_number_fields", Many(&PHONE_NUMBER_FIELD)),
        member("AddressFields", "address_fields", Many(&ADDRESS_FIELD)),
    ],
};

pub(in crate::forms) static EMAIL_FIELD: Structure =
    Structure { name: "EmailField", members: &[member("Identifier", "identifier", Text)] };

pub(in crate::forms) static PHONE_NUMBER_FIELD: Structure =
    Structure { name: "PhoneNumberField", members: &[member("Identifier", "identifier", Text)] };

pub(in crate::forms) static ADDRESS_FIELD: Structure =
    Structure { name: "AddressField", members: &[member("Identifier", "identifier", Text)] };

pub(in crate::forms) static AWS_MANAGED_RULES_ANTI_DDOS_RULE_SET: Structure = Structure {
    name: "AWSManagedRulesAntiDDoSRuleSet",
    members: &[
        member("ClientSideActionConfig", "client_side_action_config", One(&CLIENT_SIDE_ACTION_CONFIG)),
        member("SensitivityToBlock", "sensitivity_to_block", Text),
    ],
};

pub(in crate::forms) static CLIENT_SIDE_ACTION_CONFIG: Structure = Structure {
    name: "ClientSideActionConfig",
    members: &[member("Challenge", "challenge", One(&CLIENT_SIDE_ACTION))],
};

pub(in crate::forms) static CLIENT_SIDE_ACTION: Structure = Structure {
    name: "ClientSideAction",
    members: &[
        member("UsageOfAction", "usage_of_action", Text),
        member("Sensitivity", "sensitivity", Text),
        member("ExemptUriRegularExpressions", "exempt_uri_regular_expression", Many(&REGEX)),
    ],
};
