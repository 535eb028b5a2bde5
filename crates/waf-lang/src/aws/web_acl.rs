//! The web ACL itself.
//!
//! Source: API reference, `WebACL`.

use sekisho_waf::ir::Policy;

use super::action::{ResponseBodies, read_default_action};
use super::arn::{self, Arn, ResourceKind};
use super::association::{self, ResourceType};
use super::capacity::{self, Capacity};
use super::catalogue::ManagedCatalogue;
use super::checked::{Holds, Structure};
use super::label::LabelContext;
use super::resource::Resources;
use super::rule::{RuleContext, TopLevel, read_rules};
use super::scope::Scope;
use super::search_string::SearchEncoding;
use super::shape::{Charset, Members, Shape, no_effect, optional, required, text, unsupported};
use super::token::{Immunity, read_domains};
use super::{data_protection, firewall_manager, visibility};
use crate::document::Node;
use crate::report::{Report, quoted};

pub(crate) static GET_WEB_ACL_RESPONSE: Shape = Shape {
    name: "GetWebACLResponse",
    members: &[required("WebACL"), no_effect("LockToken"), no_effect("ApplicationIntegrationURL")],
};

pub(crate) static WEB_ACL: Shape = Shape {
    name: "WebACL",
    members: &[
        required("Name"),
        no_effect("Id"),
        required("ARN"),
        required("DefaultAction"),
        no_effect("Description"),
        optional("Rules"),
        required("VisibilityConfig"),
        optional("DataProtectionConfig"),
        no_effect("Capacity"),
        optional("PreProcessFirewallManagerRuleGroups"),
        optional("PostProcessFirewallManagerRuleGroups"),
        no_effect("ManagedByFirewallManager"),
        optional("LabelNamespace"),
        optional("CustomResponseBodies"),
        optional("CaptchaConfig"),
        optional("ChallengeConfig"),
        optional("TokenDomains"),
        optional("AssociationConfig"),
        no_effect("RetrofittedByFirewallManager"),
        optional("OnSourceDDoSProtectionConfig"),
        optional("ApplicationConfig"),
        unsupported("MonetizationConfig", "it is for the action `Monetize`, which does not exist here"),
    ],
};

pub(crate) static LOW_REPUTATION_MODES: &[(&str, ())] = &[("ACTIVE_UNDER_DDOS", ()), ("ALWAYS_ON", ())];

pub(crate) static ON_SOURCE_DDOS_PROTECTION_CONFIG: Structure = Structure {
    shape: Shape { name: "OnSourceDDoSProtectionConfig", members: &[required("ALBLowReputationMode")] },
    holds: &[Holds::Word("low reputation mode", LOW_REPUTATION_MODES)],
};

/// What the console was told of the application; it changes nothing.
pub(crate) static APPLICATION_CONFIG: Structure = Structure {
    shape: Shape { name: "ApplicationConfig", members: &[optional("Attributes")] },
    holds: &[Holds::List(1..=10, &Holds::One(&APPLICATION_ATTRIBUTE))],
};

static APPLICATION_ATTRIBUTE: Structure = Structure {
    shape: Shape { name: "ApplicationAttribute", members: &[optional("Name"), optional("Values")] },
    holds: &[Holds::Name(64), Holds::List(1..=50, &Holds::Text(64))],
};

/// What was read of a web ACL.
#[derive(Debug)]
pub(crate) struct ReadAcl {
    /// The policy, if nothing of it is missing.
    pub(crate) policy: Option<Policy>,
    /// What it takes, if that is known of each rule.
    pub(crate) capacity: Option<Capacity>,
}

/// Reads a document: the answer of `get-web-acl`, or the bare web ACL.
pub(crate) fn read(
    root: Node<'_>,
    resources: &Resources<'_>,
    catalogue: &ManagedCatalogue,
    resource: Option<ResourceType>,
    report: &mut Report,
) -> Option<ReadAcl> {
    let whole_answer = root.get(GET_WEB_ACL_RESPONSE.members[0].name).is_some();
    let node = if whole_answer { GET_WEB_ACL_RESPONSE.open(root, report)?.get("WebACL")? } else { root };
    let members = WEB_ACL.open(node, report)?;
    let name = members.get("Name").and_then(|node| text(node, 1..=128, Charset::Name, report));
    let arn = members.get("ARN").and_then(|node| arn::read(node, ResourceKind::WebAcl, report));
    check_other_protection(members, report);
    let visibility = members.get("VisibilityConfig").and_then(|node| visibility::read(node, report));
    let account = arn.map_or("", |arn| arn.account);
    let protection = members.get("DataProtectionConfig").and_then(|node| data_protection::read(node, account, report));
    let bodies = ResponseBodies::read(members.get("CustomResponseBodies"), report);
    let default_action = members.get("DefaultAction").and_then(|node| read_default_action(node, &bodies, report));
    let body_inspected_bytes_max =
        members.get("AssociationConfig").and_then(|node| association::read(node, resource, report));
    let prefix = namespace(members.get("LabelNamespace"), arn, report);
    let labels = LabelContext::of_rules(prefix, members.get("Rules"));
    let scope = Scope::of_aws(labels, SearchEncoding::of(node, whole_answer), resources);
    let immunity = Immunity::read(members, report);
    let token_domains = members.get("TokenDomains").map(|node| read_domains(node, report)).unwrap_or_default();
    let top = TopLevel { resources, catalogue, bodies: &bodies, immunity };
    let context = RuleContext { scope: &scope, bodies: &bodies, immunity, top: Some(top) };
    let mut managed = |name| members.get(name).map(|node| firewall_manager::read(node, &context, report));
    let first = managed("PreProcessFirewallManagerRuleGroups").unwrap_or_default();
    let last = managed("PostProcessFirewallManagerRuleGroups").unwrap_or_default();
    let own = members.get("Rules").map(|node| read_rules(node, &context, report)).unwrap_or_default();
    let read = first.before(own).before(last);
    let capacity = capacity::of_web_acl(members, &read.costs, resources, report);
    let whole = name.zip(arn).zip(default_action).zip(visibility);
    let policy = whole.map(|(((name, arn), default_action), visibility)| Policy {
        name: name.to_owned(),
        id: arn.text.to_owned(),
        default_action,
        rules: read.rules,
        body_inspected_bytes_max,
        token_domains,
        visibility,
        protection: protection.unwrap_or_default(),
    });
    Some(ReadAcl { policy, capacity })
}

/// What the labels of this web ACL begin with.
fn namespace(given: Option<Node<'_>>, arn: Option<Arn<'_>>, report: &mut Report) -> String {
    let from_arn = arn.map(|arn| format!("awswaf:{}:{}:{}:", arn.account, ResourceKind::WebAcl.word(), arn.name));
    checked_namespace(given, from_arn, report)
}

/// The namespace of the ARN; a `LabelNamespace` that differs is an error, since labels would mean something else.
pub(crate) fn checked_namespace(given: Option<Node<'_>>, from_arn: Option<String>, report: &mut Report) -> String {
    let given = given.and_then(|node| Some((node, text(node, 1..=1024, Charset::Label, report)?)));
    match (given, from_arn) {
        (Some((node, given)), Some(from_arn)) => {
            if given != from_arn {
                let message = format!("the ARN makes the label namespace {}", quoted(&from_arn));
                report.push(node.error("namespace-mismatch", message).help("remove `LabelNamespace`, or correct it"));
            }
            from_arn
        }
        (Some((_, given)), None) => given.to_owned(),
        (None, from_arn) => from_arn.unwrap_or_default(),
    }
}

/// Protection that is no rule of this web ACL, and the description of what it protects.
fn check_other_protection(members: Members<'_>, report: &mut Report) {
    if let Some(node) = members.get("ApplicationConfig") {
        APPLICATION_CONFIG.check(node, report);
    }
    if let Some(node) = members.get("OnSourceDDoSProtectionConfig") {
        ON_SOURCE_DDOS_PROTECTION_CONFIG.check(node, report);
        let message = "`OnSourceDDoSProtectionConfig` has no effect: it configures the load balancers of AWS";
        report.push(node.warning("no-effect", message));
    }
}
