//! The managed rule groups a web ACL may name.

use std::collections::BTreeMap;
use std::sync::Arc;

use sekisho_waf::ir::phased::PhasedPolicy;
use sekisho_waf::ir::{Group, Rule};

/// A managed rule group, before any web ACL uses it.
#[derive(Debug, Clone, PartialEq)]
pub struct ManagedGroup {
    /// The vendor's name, such as `AWS`.
    pub vendor: String,
    /// The group's name, such as `AWSManagedRulesCommonRuleSet`.
    pub name: String,
    /// What its labels begin with, colon included.
    pub label_namespace: String,
    /// What it costs a web ACL, in capacity units, if its vendor says.
    pub capacity: Option<u64>,
    /// Its rules in evaluation order, labels qualified.
    pub rules: Vec<Rule>,
}

impl ManagedGroup {
    /// The group as a web ACL refers to it, before overrides.
    pub(crate) fn as_used(&self) -> Group {
        Group {
            id: format!("{}#{}", self.vendor, self.name),
            name: self.name.clone(),
            managed: true,
            visibility: self.name.as_str().into(),
            excluded: Vec::new(),
            rules: self.rules.clone(),
        }
    }
}

/// The managed rule groups there are, by vendor and name.
#[derive(Debug, Clone, Default)]
pub struct ManagedCatalogue {
    groups: BTreeMap<(String, String), ManagedGroup>,
    core_rule_set: CoreRuleSet,
}

/// The rules of the Core Rule Set, as far as they are known.
#[derive(Debug, Clone, Default)]
pub(crate) enum CoreRuleSet {
    /// Nobody gave any.
    #[default]
    Missing,
    /// They are not at hand, and that has been told of, or nobody asks.
    Unread,
    Read(Arc<PhasedPolicy>),
}

impl ManagedCatalogue {
    /// No groups.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a group; gives back the one of the same vendor and name that it replaces.
    pub fn add(&mut self, group: ManagedGroup) -> Option<ManagedGroup> {
        self.groups.insert((group.vendor.clone(), group.name.clone()), group)
    }

    /// Gives the rules of the OWASP Core Rule Set, which a web ACL names as the group `CoreRuleSet` of the vendor `OWASP`.
    pub fn set_core_rule_set(&mut self, rules: Arc<PhasedPolicy>) {
        self.core_rule_set = CoreRuleSet::Read(rules);
    }

    /// Says that the rules of the Core Rule Set could not be read, or are not asked for: a web ACL that names them has no policy
    /// then, without another word.
    pub fn set_core_rule_set_unread(&mut self) {
        self.core_rule_set = CoreRuleSet::Unread;
    }

    /// The rules of the Core Rule Set.
    pub(crate) fn core_rule_set(&self) -> &CoreRuleSet {
        &self.core_rule_set
    }

    /// The group of a vendor and a name.
    #[must_use]
    pub fn get(&self, vendor: &str, name: &str) -> Option<&ManagedGroup> {
        self.groups.get(&(vendor.to_owned(), name.to_owned()))
    }

    /// All groups, ordered by vendor and name.
    pub fn iter(&self) -> impl Iterator<Item = &ManagedGroup> {
        self.groups.values()
    }
}
