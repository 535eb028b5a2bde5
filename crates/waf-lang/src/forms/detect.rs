//! Which form a file has, by what it holds.

use sekisho_model::SourceFile;

use super::terraform::is_show;
use crate::document::{Document, Node};

/// A form in which web ACLs and what belongs to them are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// JSON of the API: what `aws wafv2 get-…` prints, what the console downloads, or a list of such documents.
    Json,
    /// Terraform: `.tf` files of a module.
    Terraform,
    /// What `terraform show -json` prints.
    TerraformShow,
    /// A CloudFormation template in YAML or JSON.
    CloudFormation,
    /// Our own, for people: see `docs/acl-formats.md`.
    Readable,
}

/// Words that open a block at the outermost level of Terraform.
const TERRAFORM_BLOCKS: [&str; 13] = [
    "resource",
    "variable",
    "locals",
    "provider",
    "terraform",
    "data",
    "output",
    "module",
    "moved",
    "import",
    "removed",
    "check",
    "ephemeral",
];

impl Form {
    /// The form of a file that is no JSON; none if it shows none.
    pub(super) fn of_text(file: &SourceFile) -> Option<Self> {
        let opens_block = |line: &str| {
            let line = line.trim_start();
            let word = line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next().unwrap_or_default();
            let rest = line[word.len()..].trim_start();
            TERRAFORM_BLOCKS.contains(&word) && (rest.starts_with('"') || rest.starts_with('{'))
        };
        let lines = || file.text().lines();
        if lines().any(opens_block) {
            return Some(Self::Terraform);
        }
        if lines().any(|line| line.starts_with("Resources:") || line.starts_with("AWSTemplateFormatVersion")) {
            return Some(Self::CloudFormation);
        }
        if lines().any(|line| line.starts_with("sekisho:")) {
            return Some(Self::Readable);
        }
        // An empty module is as good as an empty anything.
        file.name().ends_with(".tf").then_some(Self::Terraform)
    }

    /// The form of a JSON document.
    pub(super) fn of_json(document: &Document) -> Self {
        let root = document.root();
        let templated = root.get("Resources").is_some_and(|resources| {
            root.get("AWSTemplateFormatVersion").is_some() || resources.as_object().is_some_and(is_resources)
        });
        match () {
            () if is_show(root) => Self::TerraformShow,
            () if templated => Self::CloudFormation,
            () => Self::Json,
        }
    }
}

fn is_resources<'d>(mut entries: impl Iterator<Item = (crate::document::Key<'d>, Node<'d>)>) -> bool {
    entries.any(|(_, resource)| resource.get("Type").is_some())
}

/// Whether a text is meant as JSON.
pub(super) fn is_json(file: &SourceFile) -> bool {
    file.text().trim_start_matches('\u{feff}').trim_start().starts_with(['{', '['])
}
