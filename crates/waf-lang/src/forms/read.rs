//! Files of any form into pieces.

use std::collections::BTreeMap;

use sekisho_model::{Diagnostic, SourceFile};

use super::cloudformation::read_template;
use super::detect::{Form, is_json};
use super::json;
use super::piece::Piece;
use super::readable::read_readable;
use super::terraform::{Module, read_show};
use crate::document::Document;
use crate::report::Report;

/// What a file holds.
#[derive(Debug)]
pub(crate) enum Content {
    /// Documents of the API, as they stand.
    Api(Vec<Document>),
    /// Resources in trees with the names of the API.
    Pieces(Vec<Piece>),
    /// Nothing that could be read: the reason is reported.
    Nothing,
}

impl Content {
    /// The documents in it, as the API would print them.
    pub(crate) fn into_documents(self) -> Vec<Document> {
        match self {
            Self::Api(documents) => documents,
            Self::Pieces(pieces) => pieces.into_iter().map(Piece::into_answer).collect(),
            Self::Nothing => Vec::new(),
        }
    }
}

/// Reads files, in their order. Files of Terraform are taken as one module.
pub(crate) fn read_all(files: &[&SourceFile], form: Option<Form>, report: &mut Report) -> Vec<Content> {
    let forms: Vec<(Option<Form>, Option<Document>)> = files.iter().map(|file| detect(file, form, report)).collect();
    let terraform: Vec<&SourceFile> = files
        .iter()
        .zip(&forms)
        .filter(|(_, (form, _))| *form == Some(Form::Terraform))
        .map(|(file, _)| *file)
        .collect();
    let module = Module::parse(terraform, report);
    let mut resources: BTreeMap<&str, Vec<Piece>> = module.read(report);
    files
        .iter()
        .zip(forms)
        .map(|(file, (form, document))| match (form, document) {
            (Some(Form::Terraform), _) => Content::Pieces(resources.remove(file.name()).unwrap_or_default()),
            (Some(Form::TerraformShow), Some(document)) => Content::Pieces(read_show(&document, report)),
            (Some(Form::CloudFormation), Some(document)) => Content::Pieces(read_template(&document, report)),
            (Some(Form::Readable), Some(document)) => Content::Pieces(read_readable(&document, report)),
            (Some(Form::Json), Some(document)) => Content::Api(json::split(document, report)),
            _ => Content::Nothing,
        })
        .collect()
}

/// The form of a file, with its tree if it is JSON.
fn detect(file: &SourceFile, form: Option<Form>, report: &mut Report) -> (Option<Form>, Option<Document>) {
    if is_json(file) && form.is_none_or(|form| form != Form::Terraform) {
        let document = Document::read_json(file, report);
        if let Some(what) = document.as_ref().and_then(of_terraform) {
            report.error(file, 0..1, "not-readable", what);
            return (None, None);
        }
        let found = document.as_ref().map(|document| form.unwrap_or_else(|| Form::of_json(document)));
        return (found, document);
    }
    let form = match form.or_else(|| Form::of_text(file)) {
        Some(form) => form,
        // A folder may hold YAML of any kind.
        None if [".yaml", ".yml", ".template"].iter().any(|end| file.name().ends_with(end)) => {
            let message = "this file is nothing of AWS WAF, and is not used";
            report.push(Diagnostic::warning("unknown-resource", message).at(file, 0..0));
            return (None, None);
        }
        None => Form::Json,
    };
    let document = match form {
        Form::Json | Form::TerraformShow => Document::read_json(file, report),
        Form::CloudFormation => Document::read_template(file, report),
        Form::Readable => Document::read_yaml(file, report),
        Form::Terraform => None,
    };
    (Some(form), document)
}

/// What a JSON document is that only Terraform reads.
fn of_terraform(document: &Document) -> Option<&'static str> {
    let root = document.root();
    if root.get("lineage").is_some() && root.get("terraform_version").is_some() {
        return Some("this is a state file of Terraform: give what `terraform show -json` prints of it");
    }
    let resources = root.get("resource").is_some_and(|kinds| kinds.as_object().is_some());
    resources.then_some("this is Terraform in JSON syntax: give what `terraform show -json` prints of it")
}
