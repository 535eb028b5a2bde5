//! Loads a test's rules and explains its verdicts, as the service and `sekisho check` do.

use std::cell::{OnceCell, RefCell};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sekisho_acl_test::{CoreRuleSetFiles, LoadedRules, RulesText, TextRef, Tools};
use sekisho_content::Lists;
use sekisho_model::{Diagnostic, Diagnostics, SourceFile};
use sekisho_waf::ir::Policy;
use sekisho_waf::ir::phased::PhasedPolicy;
use sekisho_waf::reference::Trace;
use sekisho_waf::{Request, Verdict};
use sekisho_waf_lang::aws::ManagedCatalogue;

use crate::config::SecLangConfig;
use crate::rules::{self, Compiled, Texts, seclang};
use crate::{explain, read};

/// Rules of the Core Rule Set, and what is doubtful in them.
type CoreRuleSet = (Arc<PhasedPolicy>, Diagnostics);

/// The tools for the tests of one file.
pub(super) struct ServiceTools {
    /// Where the paths in the file begin.
    folder: PathBuf,
    /// The managed groups without lists, which most tests want: they take longer to read than most web ACLs.
    plain: OnceCell<Result<ManagedCatalogue, Diagnostics>>,
    /// What the command line says of the Core Rule Set: its folder comes before the file's.
    given: SecLangConfig,
    /// The Core Rule Set read last: it serves many cases, and takes long to read.
    core_rule_set: RefCell<Option<(SecLangConfig, Result<CoreRuleSet, Diagnostics>)>>,
}

impl ServiceTools {
    pub(super) fn new(folder: &Path, given: SecLangConfig) -> Self {
        Self { folder: folder.to_owned(), plain: OnceCell::new(), given, core_rule_set: RefCell::default() }
    }

    /// The rules of the Core Rule Set that a test names, or the command line.
    fn core_rule_set(&self, files: &CoreRuleSetFiles) -> Result<Option<CoreRuleSet>, Diagnostics> {
        let here = |path: &PathBuf| self.folder.join(path);
        let crs = self.given.crs.clone().or_else(|| files.folder.as_ref().map(here));
        let config = SecLangConfig { crs, files: files.files.iter().map(here).collect(), ..self.given.clone() };
        if config.crs.is_none() {
            return match config.files.first() {
                None => Ok(None),
                Some(_) => {
                    let message =
                        "`seclang` names files that are read with the Core Rule Set, whose folder nobody names";
                    Err(Diagnostic::error("missing-field", message)
                        .help("add `crs: DIR`, or run with `--crs DIR`")
                        .into())
                }
            };
        }
        let mut last = self.core_rule_set.borrow_mut();
        if let Some((known, read)) = &*last
            && *known == config
        {
            return read.clone().map(Some);
        }
        let read = seclang::read(&config, &mut seclang::Looked::new());
        let read = read.map(|read| read.map(|read| (read.policy, read.warnings)).unwrap_or_default());
        *last = Some((config, read.clone()));
        read.map(Some)
    }

    fn text(&self, text: &TextRef) -> Result<SourceFile, Diagnostics> {
        match text {
            TextRef::Path(path) => read::text(&self.folder.join(path)),
            TextRef::Inline(text) => Ok(text.clone()),
        }
    }

    fn resources(&self, text: &TextRef) -> Result<Vec<SourceFile>, Diagnostics> {
        match text {
            TextRef::Path(path) if self.folder.join(path).is_dir() => read::resource_folder(&self.folder.join(path)),
            _ => Ok(vec![self.text(text)?]),
        }
    }
}

impl Tools for ServiceTools {
    fn load(&self, text: &RulesText) -> Result<LoadedRules, Diagnostics> {
        let sekisho_acl_test::Lists { allow, reputation, reconnaissance, ddos } = text.lists.clone();
        let lists = Lists { allow, reputation, reconnaissance, ddos };
        let mut problems = Diagnostics::new();
        let mut resources = Vec::new();
        for resource in &text.resources {
            match self.resources(resource) {
                Ok(files) => resources.extend(files),
                Err(found) => problems.extend(found),
            }
        }
        let acl = match &text.acl {
            Some(acl) => self.text(acl).map_err(|found| problems.extend(found)).ok(),
            None => {
                let starter = sekisho_content::starter(&lists);
                resources.extend(starter.resources);
                Some(starter.acl)
            }
        };
        let Some(acl) = acl.filter(|_| !problems.has_errors()) else { return Err(problems) };
        let mut catalogue = match lists == Lists::default() {
            true => self.plain.get_or_init(|| sekisho_content::catalogue(&lists)).clone()?,
            false => sekisho_content::catalogue(&lists)?,
        };
        if let Some((rules, doubtful)) = self.core_rule_set(&text.core_rule_set)? {
            catalogue.set_core_rule_set(rules);
            problems.extend(doubtful);
        }
        let logging = match &text.logging {
            Some(logging) => Some(self.text(logging)?),
            None => None,
        };
        let texts = Texts { acl, resources, logging };
        let Compiled { rule_set, logging, capacity, warnings } =
            rules::compile(&texts, &catalogue, &text.options, problems)?;
        Ok(LoadedRules { rule_set, logging, capacity, warnings })
    }

    fn explain(&self, policy: &Policy, request: &Request<'_>, verdict: &Verdict, trace: &Trace) -> String {
        explain::explain(policy, request, (verdict, trace), None, false)
    }
}
