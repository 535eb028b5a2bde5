//! `ManagedRuleGroupConfigs`: what the groups against bots, fraud and floods are told of an application.
//!
//! None of those groups ships, so whoever names one is refused by the group's name. What is told to it is checked all the
//! same, and told to a group that takes nothing it is an error.
//!
//! Source: API reference, `ManagedRuleGroupConfig`.

use super::checked::{Holds, Structure};
use super::core_rule_set;
use super::shape::{Member, Shape, optional, required};
use crate::document::Node;
use crate::report::{Report, quoted};

pub(crate) static PAYLOAD_TYPES: &[(&str, ())] = &[("JSON", ()), ("FORM_ENCODED", ())];
pub(crate) static INSPECTION_LEVELS: &[(&str, ())] = &[("COMMON", ()), ("TARGETED", ())];
pub(crate) static SENSITIVITIES: &[(&str, ())] = &[("LOW", ()), ("MEDIUM", ()), ("HIGH", ())];
pub(crate) static USAGES: &[(&str, ())] = &[("ENABLED", ()), ("DISABLED", ())];

const PATH_CHARS_MAX: usize = 256;
const FIELD_CHARS_MAX: usize = 512;
/// `LoginPath` of the group against account takeover has no limit of its own in the API.
const TEXT_CHARS_MAX: usize = 65_536;
const CODES: Holds = Holds::List(1..=10, &Holds::Number(0..=999));
const VALUE: Holds = Holds::Text(100);
const PAYLOAD_TYPE: Holds = Holds::Word("payload type", PAYLOAD_TYPES);
const SENSITIVITY: Holds = Holds::Word("sensitivity", SENSITIVITIES);

pub(crate) static CONFIG: Structure = Structure {
    shape: Shape {
        name: "ManagedRuleGroupConfig",
        members: &[
            optional("LoginPath"),
            optional("PayloadType"),
            optional("UsernameField"),
            optional("PasswordField"),
            optional("AWSManagedRulesBotControlRuleSet"),
            optional("AWSManagedRulesATPRuleSet"),
            optional("AWSManagedRulesACFPRuleSet"),
            optional("AWSManagedRulesAntiDDoSRuleSet"),
        ],
    },
    holds: &[
        Holds::Text(PATH_CHARS_MAX),
        PAYLOAD_TYPE,
        Holds::One(&USERNAME),
        Holds::One(&PASSWORD),
        Holds::One(&BOT_CONTROL),
        Holds::One(&TAKEOVER),
        Holds::One(&CREATION),
        Holds::One(&FLOOD),
    ],
};

const FIELD_MEMBERS: &[Member] = &[required("Identifier")];
const FIELD_HOLDS: &[Holds] = &[Holds::Text(FIELD_CHARS_MAX)];

/// Where a field stands in what is sent.
const fn field(name: &'static str) -> Structure {
    Structure { shape: Shape { name, members: FIELD_MEMBERS }, holds: FIELD_HOLDS }
}

static USERNAME: Structure = field("UsernameField");
static PASSWORD: Structure = field("PasswordField");
static EMAIL: Structure = field("EmailField");
static PHONE_NUMBER: Structure = field("PhoneNumberField");
static ADDRESS: Structure = field("AddressField");

static BOT_CONTROL: Structure = Structure {
    shape: Shape {
        name: "AWSManagedRulesBotControlRuleSet",
        members: &[required("InspectionLevel"), optional("EnableMachineLearning")],
    },
    holds: &[Holds::Word("inspection level", INSPECTION_LEVELS), Holds::Flag],
};

static TAKEOVER: Structure = Structure {
    shape: Shape {
        name: "AWSManagedRulesATPRuleSet",
        members: &[
            required("LoginPath"),
            optional("RequestInspection"),
            optional("ResponseInspection"),
            optional("EnableRegexInPath"),
        ],
    },
    holds: &[Holds::Text(TEXT_CHARS_MAX), Holds::One(&REQUEST), Holds::One(&RESPONSE), Holds::Flag],
};

static REQUEST: Structure = Structure {
    shape: Shape {
        name: "RequestInspection",
        members: &[required("PayloadType"), required("UsernameField"), required("PasswordField")],
    },
    holds: &[PAYLOAD_TYPE, Holds::One(&USERNAME), Holds::One(&PASSWORD)],
};

static CREATION: Structure = Structure {
    shape: Shape {
        name: "AWSManagedRulesACFPRuleSet",
        members: &[
            required("CreationPath"),
            required("RegistrationPagePath"),
            required("RequestInspection"),
            optional("ResponseInspection"),
            optional("EnableRegexInPath"),
        ],
    },
    holds: &[
        Holds::Text(PATH_CHARS_MAX),
        Holds::Text(PATH_CHARS_MAX),
        Holds::One(&REQUEST_OF_CREATION),
        Holds::One(&RESPONSE),
        Holds::Flag,
    ],
};

static REQUEST_OF_CREATION: Structure = Structure {
    shape: Shape {
        name: "RequestInspectionACFP",
        members: &[
            required("PayloadType"),
            optional("UsernameField"),
            optional("PasswordField"),
            optional("EmailField"),
            optional("PhoneNumberFields"),
            optional("AddressFields"),
        ],
    },
    holds: &[
        PAYLOAD_TYPE,
        Holds::One(&USERNAME),
        Holds::One(&PASSWORD),
        Holds::One(&EMAIL),
        Holds::List(0..=usize::MAX, &Holds::One(&PHONE_NUMBER)),
        Holds::List(0..=usize::MAX, &Holds::One(&ADDRESS)),
    ],
};

static RESPONSE: Structure = Structure {
    shape: Shape {
        name: "ResponseInspection",
        members: &[optional("StatusCode"), optional("Header"), optional("BodyContains"), optional("Json")],
    },
    holds: &[
        Holds::One(&RESPONSE_STATUS),
        Holds::One(&RESPONSE_HEADER),
        Holds::One(&RESPONSE_BODY),
        Holds::One(&RESPONSE_JSON),
    ],
};

static RESPONSE_STATUS: Structure = Structure {
    shape: Shape {
        name: "ResponseInspectionStatusCode",
        members: &[required("SuccessCodes"), required("FailureCodes")],
    },
    holds: &[CODES, CODES],
};

static RESPONSE_HEADER: Structure = Structure {
    shape: Shape {
        name: "ResponseInspectionHeader",
        members: &[required("Name"), required("SuccessValues"), required("FailureValues")],
    },
    holds: &[Holds::Text(200), Holds::List(1..=3, &VALUE), Holds::List(1..=3, &VALUE)],
};

static RESPONSE_BODY: Structure = Structure {
    shape: Shape {
        name: "ResponseInspectionBodyContains",
        members: &[required("SuccessStrings"), required("FailureStrings")],
    },
    holds: &[Holds::List(1..=5, &VALUE), Holds::List(1..=5, &VALUE)],
};

static RESPONSE_JSON: Structure = Structure {
    shape: Shape {
        name: "ResponseInspectionJson",
        members: &[required("Identifier"), required("SuccessValues"), required("FailureValues")],
    },
    holds: &[Holds::Text(FIELD_CHARS_MAX), Holds::List(1..=5, &VALUE), Holds::List(1..=5, &VALUE)],
};

static FLOOD: Structure = Structure {
    shape: Shape {
        name: "AWSManagedRulesAntiDDoSRuleSet",
        members: &[required("ClientSideActionConfig"), optional("SensitivityToBlock")],
    },
    holds: &[Holds::One(&CLIENT_SIDE), SENSITIVITY],
};

static CLIENT_SIDE: Structure = Structure {
    shape: Shape { name: "ClientSideActionConfig", members: &[required("Challenge")] },
    holds: &[Holds::One(&CLIENT_SIDE_ACTION)],
};

static CLIENT_SIDE_ACTION: Structure = Structure {
    shape: Shape {
        name: "ClientSideAction",
        members: &[required("UsageOfAction"), optional("Sensitivity"), optional("ExemptUriRegularExpressions")],
    },
    holds: &[Holds::Word("usage", USAGES), SENSITIVITY, Holds::List(0..=5, &Holds::One(&EXEMPT))],
};

static EXEMPT: Structure = Structure {
    shape: Shape { name: "Regex", members: &[optional("RegexString")] },
    holds: &[Holds::Text(FIELD_CHARS_MAX)],
};

/// The groups that are told something.
static TOLD: [&str; 4] = [
    "AWSManagedRulesBotControlRuleSet",
    "AWSManagedRulesATPRuleSet",
    "AWSManagedRulesACFPRuleSet",
    "AWSManagedRulesAntiDDoSRuleSet",
];
/// The group that the members without a group's name belong to: they are older than the others.
const OLDEST: &str = "AWSManagedRulesATPRuleSet";

/// Whether a group is one that is told something.
pub(crate) fn is_told(group: &str) -> bool {
    TOLD.contains(&group)
}

/// Checks the configurations of a group.
pub(crate) fn check(node: Node<'_>, group: Option<&str>, report: &mut Report) {
    for config in node.array(report).unwrap_or_default() {
        let mut entries = config.as_object().into_iter().flatten();
        if let Some((key, _)) = entries.find(|(key, _)| key.text() == core_rule_set::CONFIG_MEMBER) {
            let message = format!("`{}` is for the group `CoreRuleSet` of `OWASP`", key.text());
            report.push(key.error("unexpected-field", message));
            continue;
        }
        CONFIG.check(config, report);
        let Some(group) = group else { continue };
        for (key, _) in config.as_object().into_iter().flatten() {
            let known = CONFIG.shape.members.iter().find(|member| member.name == key.text());
            let Some(member) = known else { continue };
            let owner = TOLD.into_iter().find(|told| *told == member.name).unwrap_or(OLDEST);
            if !is_told(group) {
                let message = format!("the group {} takes no configuration", quoted(group));
                report.push(key.error("unexpected-field", message));
            } else if owner != group {
                let message = format!("`{}` configures {}, not {}", member.name, quoted(owner), quoted(group));
                report.push(key.error("unexpected-field", message));
            }
        }
    }
}
