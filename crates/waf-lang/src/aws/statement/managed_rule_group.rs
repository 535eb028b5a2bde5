//! `ManagedRuleGroupStatement`: a group that a vendor looks after; here, one that ships with Sekisho.
//!
//! Source: AWS WAF Developer Guide, "Managed rule group statement".

use sekisho_waf::ir::Group;

use super::{GroupUse, Lower, Lowering, StatementKind};
use crate::aws::catalogue::CoreRuleSet;
use crate::aws::overrides::{GroupOwner, apply};
use crate::aws::rule::TopLevel;
use crate::aws::shape::{Charset, Members, Shape, optional, required, text};
use crate::aws::{core_rule_set, group_config, known_group};
use crate::document::Node;
use crate::report::quoted;

pub(crate) static KIND: StatementKind = StatementKind {
    shape: Shape {
        name: "ManagedRuleGroupStatement",
        members: &[
            required("VendorName"),
            required("Name"),
            optional("Version"),
            optional("ExcludedRules"),
            optional("ScopeDownStatement"),
            optional("ManagedRuleGroupConfigs"),
            optional("RuleActionOverrides"),
        ],
    },
    lower: Lower::Group(lower),
};

fn lower(members: Members<'_>, top: &TopLevel<'_>, lowering: &mut Lowering<'_>) -> Option<GroupUse> {
    let text_of = |name| members.get(name).and_then(Node::as_str).unwrap_or_default();
    let is_core_rule_set = core_rule_set::is_core_rule_set(text_of("VendorName"), text_of("Name"));
    let mut settings = core_rule_set::Settings::default();
    let group = find(members, top, lowering);
    if let Some(node) = members.get("Version")
        && let Some(version) = text(node, 1..=64, Charset::Metric, lowering.report)
    {
        let why =
            if is_core_rule_set { "rules are those of the folder given" } else { "one version of each group ships" };
        let message = format!("the version {} has no effect: {why}", quoted(version));
        lowering.report.push(node.warning("no-effect", message));
    }
    if let Some(node) = members.get("ManagedRuleGroupConfigs") {
        let name = members.get("Name").and_then(Node::as_str);
        if is_core_rule_set {
            settings = core_rule_set::read_settings(node, lowering.report);
        } else {
            group_config::check(node, name, lowering.report);
        }
    }
    let scope_down = members.get("ScopeDownStatement").map(|node| lowering.nested(node));
    let rules = match top.catalogue.core_rule_set() {
        CoreRuleSet::Read(rules) if is_core_rule_set => Some(&**rules),
        _ => None,
    };
    let owner = rules.map_or(GroupOwner::Vendor, GroupOwner::CoreRuleSet);
    let mut group = apply(group?, members, owner, top, lowering.report)?;
    if let Some(rules) = rules {
        core_rule_set::finish(&mut group, rules, settings);
    }
    let scope_down = match scope_down {
        Some(condition) => Some(condition?),
        None => None,
    };
    Some(GroupUse { group, scope_down })
}

fn find(members: Members<'_>, top: &TopLevel<'_>, lowering: &mut Lowering<'_>) -> Option<Group> {
    let vendor = members.get("VendorName").and_then(|node| text(node, 1..=128, Charset::NotBlank, lowering.report));
    let name_node = members.get("Name");
    let name = name_node.and_then(|node| text(node, 1..=128, Charset::Name, lowering.report));
    let (Some(vendor), Some(name), Some(name_node)) = (vendor, name, name_node) else {
        lowering.cost.set_unknown();
        return None;
    };
    let shipped = top.catalogue.get(vendor, name);
    match shipped.and_then(|group| group.capacity).or_else(|| known_group::wcu(vendor, name)) {
        Some(wcu) => lowering.cost.add(wcu),
        None if core_rule_set::is_core_rule_set(vendor, name) => lowering.cost.add_beyond_aws(core_rule_set::WCU),
        None => lowering.cost.set_unknown(),
    }
    if let Some(group) = shipped {
        return Some(group.as_used());
    }
    if core_rule_set::is_core_rule_set(vendor, name) {
        return match top.catalogue.core_rule_set() {
            CoreRuleSet::Read(rules) => Some(core_rule_set::as_used(rules, name_node, lowering.report)),
            CoreRuleSet::Unread => None,
            CoreRuleSet::Missing => {
                let message = "the rule files of the OWASP Core Rule Set were not given";
                let help = "name the folder it was unpacked to: `--crs DIR`, or `crs` of `[seclang]` or of a test file";
                lowering.report.push(name_node.error("unknown-group", message).help(help));
                None
            }
        };
    }
    let message = format!("no managed rule group {} of vendor {} ships", quoted(name), quoted(vendor));
    let help = help(vendor, name, top, lowering);
    lowering.report.push(name_node.error("unknown-group", message).help(help));
    None
}

/// What whoever names a group that does not ship can do.
fn help(vendor: &str, name: &str, top: &TopLevel<'_>, lowering: &Lowering<'_>) -> String {
    if group_config::is_told(name) {
        return "it lives on what AWS knows of clients of all its customers: remove the rule".to_owned();
    }
    if core_rule_set::is_core_rule_set(&vendor.to_uppercase(), core_rule_set::NAME) {
        return format!("did you mean `{}` of `{}`?", core_rule_set::NAME, core_rule_set::VENDOR);
    }
    let of_vendor = || top.catalogue.iter().filter(|group| group.vendor == vendor).map(|group| group.name.as_str());
    // A group that AWS has is no slip of another's name.
    let misspelt = known_group::wcu(vendor, name).is_none();
    if let Some(help) = lowering.report.did_you_mean(name, of_vendor()).filter(|_| misspelt) {
        return help;
    }
    let names: Vec<_> = of_vendor().collect();
    if names.is_empty() {
        format!("none of vendor {} does", quoted(vendor))
    } else {
        format!("those that do are {}", names.join(", "))
    }
}
