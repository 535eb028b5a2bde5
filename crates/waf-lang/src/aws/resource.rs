//! The documents a web ACL refers to by ARN: IP sets, regex pattern sets and rule groups.
//!
//! Documents are told apart by what they hold and read when something refers to them, once; so a folder may hold
//! more than one web ACL needs.
//!
//! Source: API reference, `GetIPSet`, `GetRegexPatternSet`, `GetRuleGroup`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use sekisho_waf::ir::{IpSet, RegexSource};

use super::arn::{self, ResourceKind};
use super::capacity::GroupCapacity;
use super::pattern;
use super::rule_group::{self, OwnGroup};
use super::shape::{Charset, Shape, choice, no_effect, optional, required, text};
use super::token::Immunity;
use crate::document::{Document, Node};
use crate::report::{Report, quoted};

pub(crate) static IP_SET: Shape = Shape {
    name: "IPSet",
    members: &[
        no_effect("Name"),
        no_effect("Id"),
        required("ARN"),
        no_effect("Description"),
        required("IPAddressVersion"),
        required("Addresses"),
    ],
};

pub(crate) static REGEX_PATTERN_SET: Shape = Shape {
    name: "RegexPatternSet",
    members: &[
        no_effect("Name"),
        no_effect("Id"),
        optional("ARN"),
        no_effect("Description"),
        optional("RegularExpressionList"),
    ],
};

pub(crate) static REGEX: Shape = Shape { name: "Regex", members: &[optional("RegexString")] };

pub(crate) static GET_IP_SET_RESPONSE: Shape =
    Shape { name: "GetIPSetResponse", members: &[optional("IPSet"), no_effect("LockToken")] };
pub(crate) static GET_REGEX_PATTERN_SET_RESPONSE: Shape =
    Shape { name: "GetRegexPatternSetResponse", members: &[optional("RegexPatternSet"), no_effect("LockToken")] };
pub(crate) static GET_RULE_GROUP_RESPONSE: Shape =
    Shape { name: "GetRuleGroupResponse", members: &[optional("RuleGroup"), no_effect("LockToken")] };

pub(crate) static ADDRESS_VERSIONS: &[(&str, AddressVersion)] =
    &[("IPV4", AddressVersion::V4), ("IPV6", AddressVersion::V6)];

/// Which addresses a set holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AddressVersion {
    V4,
    V6,
}

/// The documents, by ARN, and what was read from them so far.
#[derive(Debug, Default)]
pub(crate) struct Resources<'d> {
    by_arn: HashMap<(ResourceKind, &'d str), Resource<'d>>,
    ip_sets: Cache<Arc<IpSet>>,
    patterns: Cache<Vec<RegexSource>>,
    groups: Cache<OwnGroup>,
}

/// What was read, by ARN; nothing where it had errors.
type Cache<T> = RefCell<HashMap<String, Option<T>>>;

#[derive(Debug, Clone, Copy)]
struct Resource<'d> {
    node: Node<'d>,
    /// Whether it came as the API prints it.
    whole_answer: bool,
}

impl<'d> Resources<'d> {
    /// Tells the documents apart and indexes them.
    pub(crate) fn index(documents: &'d [Document], report: &mut Report) -> Self {
        let mut resources = Self::default();
        for document in documents {
            resources.add(document.root(), report);
        }
        resources
    }

    fn add(&mut self, root: Node<'d>, report: &mut Report) {
        let Some((kind, node, whole_answer)) = identify(root, report) else { return };
        let Some(arn) = node.get("ARN") else {
            report.push(node.error("missing-field", format!("the {} needs an `ARN`", kind.word())));
            return;
        };
        let Some(found) = arn::read(arn, kind, report) else { return };
        if self.by_arn.insert((kind, found.text), Resource { node, whole_answer }).is_some() {
            report.push(arn.error("duplicate-resource", "another document has this ARN too"));
        }
    }

    /// The IP set an ARN names.
    pub(crate) fn ip_set(&self, arn: Node<'_>, report: &mut Report) -> Option<Arc<IpSet>> {
        self.read_once(ResourceKind::IpSet, arn, &self.ip_sets, report, |resource, report| {
            read_ip_set(resource.node, report).map(Arc::new)
        })
    }

    /// The patterns of the set an ARN names.
    pub(crate) fn patterns(&self, arn: Node<'_>, report: &mut Report) -> Option<Vec<RegexSource>> {
        self.read_once(ResourceKind::RegexPatternSet, arn, &self.patterns, report, |resource, report| {
            read_patterns(resource.node, report)
        })
    }

    /// The rule group an ARN names, before overrides. `immunity` is the web ACL's: always the same one.
    pub(crate) fn rule_group(&self, arn: Node<'_>, immunity: Immunity, report: &mut Report) -> Option<OwnGroup> {
        self.read_once(ResourceKind::RuleGroup, arn, &self.groups, report, |resource, report| {
            rule_group::read(resource.node, resource.whole_answer, self, immunity, report)
        })
    }

    /// What the groups that something referred to take, by name.
    pub(crate) fn group_capacities(&self) -> Vec<GroupCapacity> {
        let groups = self.groups.borrow();
        let mut capacities: Vec<_> = groups.values().flatten().map(|own| own.capacity.clone()).collect();
        capacities.sort_by(|left, right| left.name.cmp(&right.name));
        capacities
    }

    fn read_once<T: Clone>(
        &self,
        kind: ResourceKind,
        node: Node<'_>,
        cache: &Cache<T>,
        report: &mut Report,
        read: impl FnOnce(&Resource<'d>, &mut Report) -> Option<T>,
    ) -> Option<T> {
        let arn = arn::read(node, kind, report)?;
        if let Some(known) = cache.borrow().get(arn.text) {
            return known.clone();
        }
        let Some(resource) = self.by_arn.get(&(kind, arn.text)) else {
            let scope = if arn.global { "CLOUDFRONT" } else { "REGIONAL" };
            let same_kind = self.by_arn.keys().filter(|(other, _)| *other == kind).map(|(_, arn)| *arn);
            let help = report.did_you_mean(arn.text, same_kind).unwrap_or_else(|| {
                format!(
                    "give the output of `aws wafv2 {} --scope {scope} --name {} --id {}` along",
                    kind.command(),
                    arn.name,
                    arn.id
                )
            });
            let message = format!("no document was given for the {} {}", kind.word(), quoted(arn.name));
            report.push(node.error("missing-resource", message).help(help));
            return None;
        };
        let value = read(resource, report);
        cache.borrow_mut().insert(arn.text.to_owned(), value.clone());
        value
    }
}

/// What a document holds, and whether it came as the API prints it.
fn identify<'d>(root: Node<'d>, report: &mut Report) -> Option<(ResourceKind, Node<'d>, bool)> {
    let answers: [(&'static Shape, ResourceKind); 3] = [
        (&GET_IP_SET_RESPONSE, ResourceKind::IpSet),
        (&GET_REGEX_PATTERN_SET_RESPONSE, ResourceKind::RegexPatternSet),
        (&GET_RULE_GROUP_RESPONSE, ResourceKind::RuleGroup),
    ];
    for (shape, kind) in answers {
        if let Some(node) = root.get(shape.members[0].name) {
            shape.open(root, report)?;
            return Some((kind, node, true));
        }
    }
    let bare = [
        ("Addresses", ResourceKind::IpSet),
        ("RegularExpressionList", ResourceKind::RegexPatternSet),
        ("Rules", ResourceKind::RuleGroup),
    ];
    let found = bare.into_iter().find(|(member, _)| root.get(member).is_some() && root.get("DefaultAction").is_none());
    if found.is_none() {
        let message = "this document is no IP set, regex pattern set or rule group, and is not used";
        report.push(root.warning("unknown-resource", message));
    }
    found.map(|(_, kind)| (kind, root, false))
}

fn read_ip_set(node: Node<'_>, report: &mut Report) -> Option<IpSet> {
    let members = IP_SET.open(node, report)?;
    let version =
        members.get("IPAddressVersion").and_then(|node| choice(node, "address version", ADDRESS_VERSIONS, report));
    let mut whole = true;
    let mut ranges = Vec::new();
    for item in members.get("Addresses")?.array(report)? {
        match read_range(item, version, report) {
            Some(range) => ranges.push(range),
            None => whole = false,
        }
    }
    let id = members.get("ARN")?.as_str()?.to_owned();
    (whole && version.is_some()).then_some(IpSet { id, addresses: ranges.into_iter().collect() })
}

fn read_range(node: Node<'_>, version: Option<AddressVersion>, report: &mut Report) -> Option<IpNet> {
    let written = text(node, 1..=50, Charset::NotBlank, report)?;
    let Ok(range) = written.parse::<IpNet>() else {
        let message = format!("{} is no address range in CIDR notation", quoted(written));
        let diagnostic = node.error("bad-address", message);
        report.push(match written.parse::<IpAddr>() {
            Ok(address) => diagnostic.help(format!("a single address is written `{}`", IpNet::from(address))),
            Err(_) => diagnostic,
        });
        return None;
    };
    let actual = if matches!(range, IpNet::V4(_)) { AddressVersion::V4 } else { AddressVersion::V6 };
    if version.is_some_and(|version| version != actual) {
        let message = format!("{} is not of the set's `IPAddressVersion`", quoted(written));
        report.push(node.error("bad-address", message));
        return None;
    }
    if range.prefix_len() == 0 {
        report.push(node.error("bad-address", "a range of all addresses, `/0`, is not accepted"));
        return None;
    }
    Some(range.trunc())
}

fn read_patterns(node: Node<'_>, report: &mut Report) -> Option<Vec<RegexSource>> {
    let members = REGEX_PATTERN_SET.open(node, report)?;
    let Some(list) = members.get("RegularExpressionList") else { return Some(Vec::new()) };
    let patterns: Vec<_> = list
        .array(report)?
        .into_iter()
        .map(|item| {
            let Some(regex) = REGEX.open(item, report)?.get("RegexString") else {
                report.push(item.error("missing-field", "Regex needs `RegexString`"));
                return None;
            };
            pattern::read(regex, report)
        })
        .collect();
    patterns.into_iter().collect()
}
