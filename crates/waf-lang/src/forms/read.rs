//! Files of any form into pieces.

use std::collections::BTreeMap;

use sekisho_model::SourceFile;

use super::cloudformation::read_template;
use super::detect::{Form, is_json};
use super::json;
use super::piece::{Piece, PieceKind};
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
    /// The documents in it: those of a file of resources are sets and groups alone, unless the API printed them.
    pub(crate) fn into_documents(self, web_acls: bool) -> Vec<Document> {
        match self {
            Self::Api(documents) => documents,
            Self::Pieces(pieces) => pieces
                .into_iter()
                .filter(|piece| match piece.kind {
                    PieceKind::WebAcl => web_acls,
                    PieceKind::Logging => false,
                    PieceKind::RuleGroup | PieceKind::IpSet | PieceKind::RegexPatternSet => true,
                })
                .map(|piece| piece.document)
                .collect(),
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
        let found = document.as_ref().map(|document| form.unwrap_or_else(|| Form::of_json(document)));
        return (found, document);
    }
    let form = form.unwrap_or_else(|| Form::of_text(file));
    let document = match form {
        Form::Json | Form::TerraformShow => Document::read_json(file, report),
        Form::CloudFormation => Document::read_template(file, report),
        Form::Readable => Document::read_yaml(file, report),
        Form::Terraform => None,
    };
    (Some(form), document)
}
