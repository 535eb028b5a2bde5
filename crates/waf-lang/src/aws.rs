//! AWS WAFv2 web ACLs, lowered into the engine.
//!
//! [`load`] takes the text of `aws wafv2 get-web-acl` (or the bare web ACL), the texts of the sets and groups it refers
//! to and a [`ManagedCatalogue`], and gives a policy or diagnostics. [`load_managed_group`] reads the rules that ship
//! into such a catalogue with the same statements.
//!
//! A file that AWS accepted loads, or is refused by the name of what is not honoured yet; no member is ignored.
//! Structures stand in tables ([`shape::Shape`]) that tests hold against the API model.

mod action;
mod address;
mod arn;
mod association;
mod capacity;
mod catalogue;
mod checked;
mod content;
mod core_rule_set;
mod country;
mod data_protection;
mod field;
mod firewall_manager;
mod group_config;
mod json_body;
mod known_group;
mod label;
mod load;
mod logging;
mod overrides;
mod pattern;
mod pattern_translation;
mod resource;
mod rule;
mod rule_group;
mod scope;
#[cfg(any(test, fuzzing))]
pub mod scrutiny;
mod search_string;
mod shape;
mod statement;
mod token;
mod transformation;
mod visibility;
mod web_acl;

pub use association::ResourceType;
pub use capacity::{CAPACITY_INCLUDED, CAPACITY_MAX, Capacity, CapacityLimits, GroupCapacity, RuleCapacity};
pub use catalogue::{ManagedCatalogue, ManagedGroup};
pub use content::{ContentGroup, ContentRule, GroupFiles, LoadedGroup, load_managed_group};
pub(crate) use core_rule_set::is_core_rule_set;
pub use load::{LoadOptions, Loaded, load};
pub use logging::load_logging;
pub use scope::{NamedSets, Scope};
pub(crate) use search_string::{SearchEncoding, decode as decode_search_string};
pub use statement::lower_statement;

#[cfg(test)]
mod api_model;
