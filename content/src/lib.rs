//! The rules that ship with Sekisho, embedded.
//!
//! `waf/managed/<group>/<rule>.yaml` holds one rule a file, its documentation and its tests; `waf/pattern-sets` the regular
//! expressions they share; `waf/starter-acl.json` the web ACL to begin with. [`catalogue`] gives the groups to the loader of
//! web ACLs, [`groups`] the same with what the files say to people, [`starter`] the web ACL with what it refers to.
//!
//! Absent on purpose: I/O, the evaluation of requests, any knowledge of where lists come from.

mod catalogue;
mod embedded;
mod lists;
mod rule_test;
mod starter;

pub use catalogue::{catalogue, groups};
pub use lists::Lists;
pub use rule_test::{RuleTest, TestKind, rule_tests};
pub use starter::{Starter, starter};
