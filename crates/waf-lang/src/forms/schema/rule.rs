//! Rules and actions, as [`super`] describes them.

use super::Kind::{Flag, Many, One, Text, Whole};
use super::resource::{CAPTCHA_CONFIG, CHALLENGE_CONFIG};
use super::statement::STATEMENT;
use super::{Structure, api_only, member};

pub(in crate::forms) static RULE: Structure = Structure {
    name: "Rule",
    members: &[
        member("Name", "name", Text),
        member("Priority", "priority", Whole),
        member("Statement", "statement", One(&STATEMENT)),
        member("Action", "action", One(&RULE_ACTION)),
        member("OverrideAction", "override_action", One(&OVERRIDE_ACTION)),
        member("RuleLabels", "rule_label", Many(&LABEL)),
        member("VisibilityConfig", "visibility_config", One(&VISIBILITY_CONFIG)),
        member("CaptchaConfig", "captcha_config", One(&CAPTCHA_CONFIG)),
        member("ChallengeConfig", "challenge_config", One(&CHALLENGE_CONFIG)),
    ],
};

pub(in crate::forms) static LABEL: Structure = Structure { name: "Label", members: &[member("Name", "name", Text)] };

pub(in crate::forms) static VISIBILITY_CONFIG: Structure = Structure {
    name: "VisibilityConfig",
    members: &[
        member("SampledRequestsEnabled", "sampled_requests_enabled", Flag),
        member("CloudWatchMetricsEnabled", "cloudwatch_metrics_enabled", Flag),
        member("MetricName", "metric_name", Text),
    ],
};

pub(in crate::forms) static RULE_ACTION: Structure = Structure {
    name: "RuleAction",
    members: &[
        member("Block", "block", One(&BLOCK_ACTION)),
        member("Allow", "allow", One(&ALLOW_ACTION)),
        member("Count", "count", One(&COUNT_ACTION)),
        member("Captcha", "captcha", One(&CAPTCHA_ACTION)),
        member("Challenge", "challenge", One(&CHALLENGE_ACTION)),
        api_only("Monetize", One(&MONETIZE_ACTION)),
    ],
};

pub(in crate::forms) static BLOCK_ACTION: Structure =
    Structure { name: "BlockAction", members: &[member("CustomResponse", "custom_response", One(&CUSTOM_RESPONSE))] };

pub(in crate::forms) static ALLOW_ACTION: Structure = Structure {
    name: "AllowAction",
    members: &[member("CustomRequestHandling", "custom_request_handling", One(&CUSTOM_REQUEST_HANDLING))],
};

pub(in crate::forms) static COUNT_ACTION: Structure = Structure {
    name: "CountAction",
    members: &[member("CustomRequestHandling", "custom_request_handling", One(&CUSTOM_REQUEST_HANDLING))],
};

pub(in crate::forms) static CAPTCHA_ACTION: Structure = Structure {
    name: "CaptchaAction",
    members: &[member("CustomRequestHandling", "custom_request_handling", One(&CUSTOM_REQUEST_HANDLING))],
};

pub(in crate::forms) static CHALLENGE_ACTION: Structure = Structure {
    name: "ChallengeAction",
    members: &[member("CustomRequestHandling", "custom_request_handling", One(&CUSTOM_REQUEST_HANDLING))],
};

pub(in crate::forms) static MONETIZE_ACTION: Structure =
    Structure { name: "MonetizeAction", members: &[api_only("PriceMultiplier", Text)] };

pub(in crate::forms) static OVERRIDE_ACTION: Structure = Structure {
    name: "OverrideAction",
    members: &[member("Count", "count", One(&COUNT_ACTION)), member("None", "none", One(&NONE_ACTION))],
};

pub(in crate::forms) static NONE_ACTION: Structure = Structure { name: "NoneAction", members: &[] };

pub(in crate::forms) static CUSTOM_RESPONSE: Structure = Structure {
    name: "CustomResponse",
    members: &[
        member("ResponseCode", "response_code", Whole),
        member("CustomResponseBodyKey", "custom_response_body_key", Text),
        member("ResponseHeaders", "response_header", Many(&CUSTOM_HTTP_HEADER)),
    ],
};

pub(in crate::forms) static CUSTOM_HTTP_HEADER: Structure =
    Structure { name: "CustomHTTPHeader", members: &[member("Name", "name", Text), member("Value", "value", Text)] };

pub(in crate::forms) static CUSTOM_REQUEST_HANDLING: Structure = Structure {
    name: "CustomRequestHandling",
    members: &[member("InsertHeaders", "insert_header", Many(&CUSTOM_HTTP_HEADER))],
};
