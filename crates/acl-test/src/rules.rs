//! The rules a case is about, and what loading and explaining them is left to.

use std::path::PathBuf;
use std::sync::Arc;

use ipnet::IpNet;
use sekisho_model::{Diagnostics, SourceFile};
use sekisho_waf::ir::{Logging, Policy};
use sekisho_waf::reference::Trace;
use sekisho_waf::{Request, RuleSet, Verdict};
use sekisho_waf_lang::aws::LoadOptions;

/// What a runner needs from outside.
pub trait Tools {
    /// Loads and compiles rules as a service would.
    ///
    /// # Errors
    ///
    /// Everything that makes the rules unusable.
    fn load(&self, rules: &RulesText) -> Result<LoadedRules, Diagnostics>;

    /// Says in words how a verdict came about.
    fn explain(&self, policy: &Policy, request: &Request<'_>, verdict: &Verdict, trace: &Trace) -> String;
}

/// Rules ready for use.
#[derive(Debug, Clone)]
pub struct LoadedRules {
    /// The compiled rules.
    pub rule_set: Arc<RuleSet>,
    /// What is recorded.
    pub logging: Logging,
    /// What they take of AWS's capacity, in WCU, if that is known.
    pub capacity: Option<u64>,
    /// What is doubtful in them.
    pub warnings: Diagnostics,
}

/// Where the rules of a case come from. Paths are as written, to be taken from the folder of the test file.
#[derive(Debug, Clone)]
pub struct RulesText {
    /// The web ACL; the starter ACL if none.
    pub acl: Option<TextRef>,
    /// What it refers to. A path may name a folder.
    pub resources: Vec<TextRef>,
    /// The logging configuration; everything is recorded if none.
    pub logging: Option<TextRef>,
    /// The operator's lists of addresses.
    pub lists: Lists,
    /// The rule files of the Core Rule Set, for a web ACL that names it as a rule group.
    pub core_rule_set: CoreRuleSetFiles,
    /// What the web ACL leaves to the place it stands in.
    pub options: LoadOptions,
}

/// Where rule files are. Paths are as written, to be taken from the folder of the test file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct CoreRuleSetFiles {
    /// The folder that the Core Rule Set was unpacked to.
    pub folder: Option<PathBuf>,
    /// Files that are read after its setup and before its rules.
    pub files: Vec<PathBuf>,
}

/// A document: in a file of its own, or within the test file.
#[derive(Debug, Clone)]
pub enum TextRef {
    /// In a file.
    Path(PathBuf),
    /// Within the test file, as JSON.
    Inline(SourceFile),
}

/// Addresses that the operator's lists hold while a case runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lists {
    /// Let through by the starter ACL.
    pub allow: Vec<IpNet>,
    /// Of ill repute.
    pub reputation: Vec<IpNet>,
    /// Known to scan.
    pub reconnaissance: Vec<IpNet>,
    /// Known to take part in floods.
    pub ddos: Vec<IpNet>,
}
