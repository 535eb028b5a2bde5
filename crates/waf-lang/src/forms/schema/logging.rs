//! Logging configurations, as [`super`] describes them.

use super::Kind::{Flag, Many, One, Text, Texts};
use super::field::FIELD_TO_MATCH;
use super::{Structure, api_only, member};

pub(in crate::forms) static LOGGING_CONFIGURATION: Structure = Structure {
    name: "LoggingConfiguration",
    members: &[
        member("ResourceArn", "resource_arn", Text),
        member("LogDestinationConfigs", "log_destination_configs", Texts),
        member("RedactedFields", "redacted_fields", Many(&FIELD_TO_MATCH)),
        api_only("ManagedByFirewallManager", Flag),
        member("LoggingFilter", "logging_filter", One(&LOGGING_FILTER)),
        api_only("LogType", Text),
        api_only("LogScope", Text),
    ],
};

pub(in crate::forms) static LOGGING_FILTER: Structure = Structure {
    name: "LoggingFilter",
    members: &[member("Filters", "filter", Many(&FILTER)), member("DefaultBehavior", "default_behavior", Text)],
};

pub(in crate::forms) static FILTER: Structure = Structure {
    name: "Filter",
    members: &[
        member("Behavior", "behavior", Text),
        member("Requirement", "requirement", Text),
        member("Conditions", "condition", Many(&CONDITION)),
    ],
};

pub(in crate::forms) static CONDITION: Structure = Structure {
    name: "Condition",
    members: &[
        member("ActionCondition", "action_condition", One(&ACTION_CONDITION)),
        member("LabelNameCondition", "label_name_condition", One(&LABEL_NAME_CONDITION)),
    ],
};

pub(in crate::forms) static ACTION_CONDITION: Structure =
    Structure { name: "ActionCondition", members: &[member("Action", "action", Text)] };

pub(in crate::forms) static LABEL_NAME_CONDITION: Structure =
    Structure { name: "LabelNameCondition", members: &[member("LabelName", "label_name", Text)] };
