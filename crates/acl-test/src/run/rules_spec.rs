//! The rules of a file or a case, ready to be loaded.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use ipnet::IpNet;
use sekisho_model::{Diagnostic, Diagnostics, SourceFile};
use sekisho_waf_lang::aws::{LoadOptions, ResourceType};

use crate::inline_rules;
use crate::json::{self, Written};
use crate::problems::Problems;
use crate::tree::{Tree, Value};
use crate::{CoreRuleSetFiles, Lists, LoadedRules, RulesText, TextRef};

const LIST_FIELDS: &[&str] = &["allow", "reputation", "reconnaissance", "ddos"];

/// The kinds of resource that a web ACL protects, as the API calls them.
const RESOURCE_TYPES: &[(&str, ResourceType)] = &[
    ("CLOUDFRONT", ResourceType::CloudFront),
    ("AMPLIFY", ResourceType::CloudFront),
    ("API_GATEWAY", ResourceType::ApiGateway),
    ("COGNITO_USER_POOL", ResourceType::CognitoUserPool),
    ("APP_RUNNER_SERVICE", ResourceType::AppRunnerService),
    ("VERIFIED_ACCESS_INSTANCE", ResourceType::VerifiedAccessInstance),
    ("AGENTCORE_GATEWAY", ResourceType::AgentCoreGateway),
    ("APPLICATION_LOAD_BALANCER", ResourceType::LoadBalancer),
    ("APPSYNC", ResourceType::LoadBalancer),
];

/// The rules of a file or a case.
#[derive(Debug, Clone)]
pub(crate) struct RulesSpec {
    pub(crate) text: RulesText,
    /// Whether they are one statement.
    pub(crate) is_statement: bool,
    /// The documents that stand within the test file.
    written: Vec<Written>,
    /// Where the folder of the Core Rule Set is named, if it is.
    names_core_rule_set: Option<Range<usize>>,
}

impl RulesSpec {
    /// The keys that say which rules a case is about.
    pub(crate) const FIELDS: &'static [&'static str] =
        &["acl", "rules", "statement", "resources", "logging", "resource_type", "lists", "crs", "seclang"];

    /// Reads the rules that the cases of a file share; the starter ACL if it names none.
    pub(crate) fn of_file(tree: &Tree, problems: &mut Problems<'_>) -> Arc<Self> {
        let text = RulesText {
            acl: None,
            resources: Vec::new(),
            logging: None,
            lists: Lists::default(),
            core_rule_set: CoreRuleSetFiles::default(),
            options: LoadOptions::default(),
        };
        let mut spec = Self { text, is_statement: false, written: Vec::new(), names_core_rule_set: None };
        spec.take(tree, problems);
        Arc::new(spec)
    }

    /// Reads the rules of a case: those of its file, with what the case says otherwise.
    pub(crate) fn of_case(tree: &Tree, file: &Arc<Self>, problems: &mut Problems<'_>) -> Arc<Self> {
        if Self::FIELDS.iter().all(|field| tree.get(field).is_none()) {
            return Arc::clone(file);
        }
        let mut spec = Self::clone(file);
        spec.take(tree, problems);
        Arc::new(spec)
    }

    /// Body bytes inspected where the web ACL says nothing.
    ///
    /// Source: AWS WAF Developer Guide, "Considerations for managing body inspection in AWS WAF".
    pub(crate) fn body_bytes_max(&self) -> usize {
        match self.text.options.resource_type {
            Some(ResourceType::LoadBalancer) => 8 * 1024,
            _ => 16 * 1024,
        }
    }

    /// A complaint if rules are given that these do not hold: behind a web ACL they would run in a service, and not here.
    pub(super) fn unused(&self, rules: &LoadedRules, file: &SourceFile) -> Option<Diagnostic> {
        let named = self.names_core_rule_set.clone().filter(|_| !rules.rule_set.holds_phases())?;
        let message =
            "the web ACL does not name the group `CoreRuleSet` of `OWASP`: rules behind it are not tested here";
        let help = "remove `crs`; files of go-ftw test them, with `sekisho test --crs DIR`";
        Some(Diagnostic::error("no-effect", message).at(file, named).help(help))
    }

    /// Points problems that were found in documents of the test file at their places in it.
    pub(super) fn relocated(&self, problems: Diagnostics, file: &SourceFile) -> Diagnostics {
        json::relocated(problems, &self.written, file)
    }

    fn take(&mut self, tree: &Tree, problems: &mut Problems<'_>) {
        let sources: Vec<_> =
            tree.entries().into_iter().flatten().filter(|entry| Self::FIELDS[..3].contains(&&*entry.key)).collect();
        if let [_, second, ..] = &*sources {
            problems.at(second.key_range.clone(), "more-than-one", "one of `acl`, `rules` and `statement` is enough");
        }
        for entry in tree.entries().into_iter().flatten() {
            let tree = &entry.tree;
            match entry.key.as_str() {
                "acl" => match &tree.value {
                    Value::Text(path) => self.set_acl(TextRef::Path(PathBuf::from(path)), false),
                    Value::Map(_) => self.write_acl(&inline_rules::acl(tree), false, problems),
                    _ => problems.mismatch(tree, "a path or a web ACL"),
                },
                "rules" => self.write_acl(&inline_rules::of_rules(tree), false, problems),
                "statement" => self.write_acl(&inline_rules::of_statement(tree), true, problems),
                "resources" => self.take_resources(tree, problems),
                "logging" => {
                    self.text.logging = Some(match &tree.value {
                        Value::Text(path) => TextRef::Path(PathBuf::from(path)),
                        _ => self.write(&inline_rules::logging(tree), "the logging configuration", problems),
                    });
                }
                "resource_type" => {
                    self.text.options.resource_type = problems.choice(tree, "resource type", RESOURCE_TYPES);
                }
                "lists" => self.take_lists(tree, problems),
                "crs" => {
                    self.text.core_rule_set.folder = problems.text(tree).map(PathBuf::from);
                    self.names_core_rule_set = Some(entry.key_range.clone());
                }
                "seclang" => {
                    let paths = problems.texts(tree).unwrap_or_default();
                    self.text.core_rule_set.files = paths.into_iter().map(PathBuf::from).collect();
                }
                _ => {}
            }
        }
    }

    fn set_acl(&mut self, acl: TextRef, is_statement: bool) {
        self.text.acl = Some(acl);
        self.is_statement = is_statement;
    }

    fn write_acl(&mut self, tree: &Tree, is_statement: bool, problems: &Problems<'_>) {
        let acl = self.write(tree, "the web ACL", problems);
        self.set_acl(acl, is_statement);
    }

    fn write(&mut self, tree: &Tree, what: &str, problems: &Problems<'_>) -> TextRef {
        let written = Written::new(tree, format!("{}: {what} {}", problems.file.name(), self.written.len()));
        let text = written.text.clone();
        self.written.push(written);
        TextRef::Inline(text)
    }

    /// A path, documents by `kind/name`, or a list of either and of whole documents.
    fn take_resources(&mut self, tree: &Tree, problems: &mut Problems<'_>) {
        match &tree.value {
            Value::Text(path) => self.text.resources.push(TextRef::Path(PathBuf::from(path))),
            Value::List(items) => items.iter().for_each(|item| self.take_resources(item, problems)),
            Value::Map(entries) if entries.iter().any(|entry| entry.key.contains('/')) => {
                for entry in entries {
                    let parts = entry.key.split_once('/');
                    let made = parts.and_then(|(kind, name)| inline_rules::resource(kind, name, &entry.tree));
                    match made {
                        Some(document) => {
                            let written = self.write(&document, &entry.key, problems);
                            self.text.resources.push(written);
                        }
                        None => {
                            let message = format!("`{}` is no kind of resource", entry.key);
                            let help = "write ipset/NAME, regexpatternset/NAME or rulegroup/NAME";
                            problems.with_help(entry.key_range.clone(), "unknown-value", message, help);
                        }
                    }
                }
            }
            Value::Map(_) => {
                let written = self.write(tree, "a resource", problems);
                self.text.resources.push(written);
            }
            _ => problems.mismatch(tree, "a path, or documents"),
        }
    }

    fn take_lists(&mut self, tree: &Tree, problems: &mut Problems<'_>) {
        for entry in problems.mapping(tree, LIST_FIELDS).unwrap_or_default() {
            let mut ranges = Vec::new();
            for item in problems.list(&entry.tree).unwrap_or_default() {
                ranges.extend(problems.parsed::<IpNet>(item, "a range of addresses such as 203.0.113.0/24"));
            }
            let lists = &mut self.text.lists;
            let list = match entry.key.as_str() {
                "allow" => &mut lists.allow,
                "reputation" => &mut lists.reputation,
                "reconnaissance" => &mut lists.reconnaissance,
                _ => &mut lists.ddos,
            };
            *list = ranges;
        }
    }
}
