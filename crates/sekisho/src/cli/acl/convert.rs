//! `sekisho acl convert`: web ACLs and what belongs to them, from one form into another.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use sekisho_model::Diagnostics;
use sekisho_waf_lang::forms::{self, Converted};

use crate::cli::Outcome;
use crate::{read, terminal};

/// Convert web ACLs and what belongs to them from one form into another.
#[derive(Debug, Args)]
pub(in crate::cli) struct ConvertArgs {
    /// Files of any form, or folders of them; files of Terraform are taken as one module
    #[arg(value_name = "IN", required = true)]
    inputs: Vec<PathBuf>,
    /// The form to write
    #[arg(long, value_enum, value_name = "FORM")]
    to: Target,
    /// The form of the files; each is told from what it holds unless this is given
    #[arg(long, value_enum, value_name = "FORM")]
    from: Option<Source>,
    /// File to write instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The forms that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Target {
    /// What `aws wafv2 get-…` prints; several resources as a list
    Json,
    /// Terraform
    Terraform,
    /// A CloudFormation template in YAML
    Cloudformation,
    /// YAML made for reading and review
    Readable,
}

/// The forms that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Source {
    /// What `aws wafv2 get-…` prints and the console downloads
    Json,
    /// Terraform
    Terraform,
    /// What `terraform show -json` prints
    TerraformShow,
    /// A CloudFormation template
    Cloudformation,
    /// YAML made for reading and review
    Readable,
}

impl From<Target> for forms::Form {
    fn from(target: Target) -> Self {
        match target {
            Target::Json => Self::Json,
            Target::Terraform => Self::Terraform,
            Target::Cloudformation => Self::CloudFormation,
            Target::Readable => Self::Readable,
        }
    }
}

impl From<Source> for forms::Form {
    fn from(source: Source) -> Self {
        match source {
            Source::Json => Self::Json,
            Source::Terraform => Self::Terraform,
            Source::TerraformShow => Self::TerraformShow,
            Source::Cloudformation => Self::CloudFormation,
            Source::Readable => Self::Readable,
        }
    }
}

pub(super) fn convert(args: &ConvertArgs) -> Outcome {
    let mut files = Vec::new();
    let mut problems = Diagnostics::new();
    for path in &args.inputs {
        let read = if path.is_dir() { read::resource_folder(path) } else { read::text(path).map(|file| vec![file]) };
        match read {
            Ok(found) => files.extend(found),
            Err(errors) => problems.extend(errors),
        }
    }
    if problems.has_errors() {
        return Err(problems.into());
    }
    let Converted { text, diagnostics } = forms::convert(&files, args.from.map(Into::into), args.to.into());
    let Some(text) = text else { return Err(diagnostics.into()) };
    terminal::print_diagnostics(&diagnostics);
    match &args.out {
        Some(path) => std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?,
        None => terminal::print(&text)?,
    }
    Ok(ExitCode::SUCCESS)
}
