//! Loads a test's rules and explains its verdicts, as the service and `sekisho check` do.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use sekisho_acl_test::{LoadedRules, RulesText, TextRef, Tools};
use sekisho_content::Lists;
use sekisho_model::{Diagnostics, SourceFile};
use sekisho_waf::ir::Policy;
use sekisho_waf::reference::Trace;
use sekisho_waf::{Request, Verdict};
use sekisho_waf_lang::aws::ManagedCatalogue;

use crate::rules::{self, Compiled, Texts};
use crate::{explain, read};

/// The tools for the tests of one file.
pub(super) struct ServiceTools {
    /// Where the paths in the file begin.
    folder: PathBuf,
    /// The managed groups without lists, which most tests want: they take longer to read than most web ACLs.
    plain: OnceCell<Result<ManagedCatalogue, Diagnostics>>,
}

impl ServiceTools {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), plain: OnceCell::new() }
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
        let catalogue = match lists == Lists::default() {
            true => self.plain.get_or_init(|| sekisho_content::catalogue(&lists)).clone()?,
            false => sekisho_content::catalogue(&lists)?,
        };
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
