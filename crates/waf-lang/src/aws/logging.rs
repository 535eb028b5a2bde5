//! The logging configuration of a web ACL: which records are kept, and what they do not show.
//!
//! Where records go is a matter of the program's own configuration, so the destinations of AWS have no effect here.
//!
//! Source: AWS WAF Developer Guide, "Configuring logging for a protection pack (web ACL)"; API reference,
//! `LoggingConfiguration`.

use sekisho_model::{Diagnostics, SourceFile};
use sekisho_waf::ir::{LogBehavior, LogCondition, LogFilter, LogRequirement, LoggedAction, Logging, RedactedPart};

use super::arn::{self, ResourceKind};
use super::field::FIELD_TO_MATCH;
use super::label::QUALIFIED;
use super::shape::{Charset, Members, Shape, choice, empty, items, no_effect, optional, required, text};
use crate::document::{Document, Node};
use crate::forms::{Content, is_logging, read_all};
use crate::report::{Report, quoted};

pub(crate) static GET_LOGGING_CONFIGURATION_RESPONSE: Shape =
    Shape { name: "GetLoggingConfigurationResponse", members: &[optional("LoggingConfiguration")] };

pub(crate) static LOGGING_CONFIGURATION: Shape = Shape {
    name: "LoggingConfiguration",
    members: &[
        required("ResourceArn"),
        no_effect("LogDestinationConfigs"),
        optional("RedactedFields"),
        no_effect("ManagedByFirewallManager"),
        optional("LoggingFilter"),
        no_effect("LogType"),
        no_effect("LogScope"),
    ],
};

pub(crate) static LOGGING_FILTER: Shape =
    Shape { name: "LoggingFilter", members: &[required("Filters"), required("DefaultBehavior")] };

pub(crate) static FILTER: Shape =
    Shape { name: "Filter", members: &[required("Behavior"), required("Requirement"), required("Conditions")] };

pub(crate) static CONDITION: Shape =
    Shape { name: "Condition", members: &[optional("ActionCondition"), optional("LabelNameCondition")] };

pub(crate) static ACTION_CONDITION: Shape = Shape { name: "ActionCondition", members: &[required("Action")] };

pub(crate) static LABEL_NAME_CONDITION: Shape = Shape { name: "LabelNameCondition", members: &[required("LabelName")] };

static SINGLE_HEADER: Shape = Shape { name: "SingleHeader", members: &[required("Name")] };
static WHOLE_PART: Shape = empty("the redacted field");

/// Fields of one configuration. Source: API model, `RedactedFields`.
const REDACTED_MAX: usize = 100;
/// Filters of one configuration and conditions of one filter: AWS names no limit, and nobody reads more.
const FILTERS_MAX: usize = 1_000;

pub(crate) static BEHAVIORS: &[(&str, LogBehavior)] = &[("KEEP", LogBehavior::Keep), ("DROP", LogBehavior::Drop)];

pub(crate) static REQUIREMENTS: &[(&str, LogRequirement)] =
    &[("MEETS_ALL", LogRequirement::All), ("MEETS_ANY", LogRequirement::Any)];

pub(crate) static ACTIONS: &[(&str, LoggedAction)] = &[
    ("ALLOW", LoggedAction::Allow),
    ("BLOCK", LoggedAction::Block),
    ("COUNT", LoggedAction::Count),
    ("CAPTCHA", LoggedAction::Captcha),
    ("CHALLENGE", LoggedAction::Challenge),
    ("EXCLUDED_AS_COUNT", LoggedAction::ExcludedAsCount),
    ("MONETIZE", LoggedAction::Monetize),
];

/// Loads a logging configuration in any of the [forms](crate::forms), such as the output of `aws wafv2
/// get-logging-configuration`, for the web ACL with the ARN `policy_id`.
///
/// # Errors
///
/// All problems are in the diagnostics; with an error among them there is no configuration. One that was made for another
/// web ACL is an error.
#[must_use]
pub fn load_logging(file: &SourceFile, policy_id: &str) -> (Option<Logging>, Diagnostics) {
    let mut report = Report::new();
    let documents = read_all(&[file], None, &mut report).into_iter().flat_map(Content::into_documents);
    // The file may be the web ACL's own; a document alone is taken for what it is given as.
    let documents: Vec<Document> = documents.collect();
    let own = match documents.as_slice() {
        [only] => Some(only),
        several => {
            let is_own = |document: &&Document| {
                let inner = document.root().get("LoggingConfiguration").unwrap_or(document.root());
                inner.get("ResourceArn").and_then(Node::as_str) == Some(policy_id)
            };
            let mut logging = several.iter().filter(|document| is_logging(document.root()));
            let found = logging.clone().find(is_own).or_else(|| logging.next());
            if found.is_none() && !report.has_errors() {
                report.error(file, 0..0, "no-logging", "the file holds no logging configuration");
            }
            found
        }
    };
    let logging = own.and_then(|document| read(document.root(), policy_id, &mut report));
    let diagnostics = report.into_diagnostics();
    (logging.filter(|_| !diagnostics.has_errors()), diagnostics)
}

/// Reads the answer of `get-logging-configuration`, or the configuration within it.
pub(crate) fn read(root: Node<'_>, policy_id: &str, report: &mut Report) -> Option<Logging> {
    let whole = root.get(GET_LOGGING_CONFIGURATION_RESPONSE.members[0].name);
    let node = match whole {
        Some(inner) => {
            GET_LOGGING_CONFIGURATION_RESPONSE.open(root, report)?;
            inner
        }
        None => root,
    };
    let members = LOGGING_CONFIGURATION.open(node, report)?;
    if let Some(node) = members.get("ResourceArn")
        && let Some(arn) = arn::read(node, ResourceKind::WebAcl, report)
        && arn.text != policy_id
    {
        // Both in full: names of web ACLs often differ in their ends alone.
        let message = format!("this is the logging configuration of `{}`", arn.text);
        let help = format!("give the one of the web ACL in force, `{policy_id}`");
        report.push(node.error("other-web-acl", message).help(help));
    }
    let mut logging = Logging::default();
    if let Some(node) = members.get("RedactedFields") {
        logging.redacted = read_redacted(node, report);
    }
    if let Some(members) = members.get("LoggingFilter").and_then(|node| LOGGING_FILTER.open(node, report)) {
        read_filters(members, &mut logging, report);
    }
    Some(logging)
}

fn read_redacted(node: Node<'_>, report: &mut Report) -> Vec<RedactedPart> {
    let fields = items(node, 0..REDACTED_MAX + 1, report).unwrap_or_default();
    fields.into_iter().filter_map(|field| read_redacted_field(field, report)).collect()
}

fn read_redacted_field(field: Node<'_>, report: &mut Report) -> Option<RedactedPart> {
    let (member, inner) = FIELD_TO_MATCH.open_union(field, report)?;
    let whole = match member.name {
        "SingleHeader" => {
            let name = SINGLE_HEADER.open(inner, report)?.get("Name")?;
            return text(name, 1..=64, Charset::NotBlank, report)
                .map(|name| RedactedPart::Header(name.to_ascii_lowercase()));
        }
        "UriPath" => RedactedPart::UriPath,
        "QueryString" => RedactedPart::QueryString,
        "Method" => RedactedPart::Method,
        other => {
            let message = format!("{} cannot be redacted", quoted(other));
            let help = "records can be kept free of UriPath, QueryString, Method and a SingleHeader";
            report.push(field.error("not-redactable", message).help(help));
            return None;
        }
    };
    WHOLE_PART.open(inner, report)?;
    Some(whole)
}

fn read_filters(members: Members<'_>, logging: &mut Logging, report: &mut Report) {
    let default = members.get("DefaultBehavior").and_then(|node| choice(node, "behavior", BEHAVIORS, report));
    logging.default_behavior = default.unwrap_or(LogBehavior::Keep);
    let Some(list) = members.get("Filters").and_then(|node| items(node, 1..FILTERS_MAX + 1, report)) else { return };
    logging.filters = list.into_iter().filter_map(|node| read_filter(node, report)).collect();
}

fn read_filter(node: Node<'_>, report: &mut Report) -> Option<LogFilter> {
    let members = FILTER.open(node, report)?;
    let behavior = members.get("Behavior").and_then(|node| choice(node, "behavior", BEHAVIORS, report));
    let requirement = members.get("Requirement").and_then(|node| choice(node, "requirement", REQUIREMENTS, report));
    let list = members.get("Conditions").and_then(|node| items(node, 1..FILTERS_MAX + 1, report))?;
    let conditions = list.into_iter().filter_map(|node| read_condition(node, report)).collect();
    Some(LogFilter { behavior: behavior?, requirement: requirement?, conditions })
}

fn read_condition(node: Node<'_>, report: &mut Report) -> Option<LogCondition> {
    let (member, inner) = CONDITION.open_union(node, report)?;
    if member.name == "ActionCondition" {
        let action_node = ACTION_CONDITION.open(inner, report)?.get("Action")?;
        let action = choice(action_node, "action", ACTIONS, report)?;
        if action == LoggedAction::Monetize {
            let message = "no rule here asks for a payment: this condition never holds";
            report.push(action_node.warning("never-holds", message));
        }
        return Some(LogCondition::Action(action));
    }
    let label_node = LABEL_NAME_CONDITION.open(inner, report)?.get("LabelName")?;
    let label = text(label_node, 1..=1024, Charset::Label, report)?;
    if !label.starts_with(QUALIFIED) {
        let message = format!("{} is not fully qualified: this condition never holds", quoted(label));
        report.push(label_node.warning("never-holds", message).help("labels in records begin with `awswaf:`"));
    }
    Some(LogCondition::Label(label.to_owned()))
}
