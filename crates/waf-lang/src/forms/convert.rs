//! One form into another: everything a file says is written in the other form, or refused by name.

use sekisho_model::{Diagnostic, Diagnostics, SourceFile};

use super::detect::Form;
use super::piece::Piece;
use super::read::{Content, read_all};
use super::{cloudformation, json, readable, terraform};
use crate::report::Report;

/// What came of converting.
#[derive(Debug, Clone)]
pub struct Converted {
    /// The text in the other form, unless there are errors.
    pub text: Option<String>,
    /// All problems found.
    pub diagnostics: Diagnostics,
}

/// Converts files, which may refer to each other, into one text of another form.
///
/// `from` is the form they are in; without it each file's form is told from what it holds.
///
/// # Errors
///
/// All problems are in [`Converted::diagnostics`]; with an error among them there is no text.
///
/// # Limits
///
/// [`crate::document::TEXT_BYTES_MAX`] and [`crate::document::DEPTH_MAX`] for each file.
#[must_use]
pub fn convert(files: &[SourceFile], from: Option<Form>, to: Form) -> Converted {
    let mut report = Report::new();
    let pieces = read_pieces(files, from, &mut report);
    let text = if report.has_errors() { None } else { write(&pieces, files, to, &mut report) };
    let diagnostics = report.into_diagnostics();
    Converted { text: text.filter(|_| !diagnostics.has_errors()), diagnostics }
}

fn read_pieces(files: &[SourceFile], from: Option<Form>, report: &mut Report) -> Vec<Piece> {
    let files: Vec<&SourceFile> = files.iter().collect();
    let mut pieces = Vec::new();
    for content in read_all(&files, from, report) {
        match content {
            Content::Api(documents) => {
                pieces.extend(documents.iter().filter_map(|document| json::piece(document, report)));
            }
            Content::Pieces(found) => pieces.extend(found),
            Content::Nothing => {}
        }
    }
    for piece in &pieces {
        piece.left_out.iter().for_each(|warning| report.push(warning.clone()));
    }
    // Web ACLs first, whatever the order of the files.
    pieces.sort_by_key(|piece| piece.kind);
    pieces
}

fn write(pieces: &[Piece], files: &[SourceFile], to: Form, report: &mut Report) -> Option<String> {
    if pieces.is_empty() {
        let problem = Diagnostic::error("nothing-to-convert", "the files hold nothing of AWS WAF");
        report.push(match files.first() {
            Some(file) => problem.at(file, 0..0),
            None => problem,
        });
        return None;
    }
    match to {
        Form::Json => Some(json::write(pieces)),
        Form::Terraform => Some(terraform::write(pieces, report)),
        Form::CloudFormation => Some(cloudformation::write(pieces, report)),
        Form::Readable => Some(readable::write(pieces)),
        Form::TerraformShow => {
            report.push(Diagnostic::error("not-writable", "only Terraform writes what `terraform show -json` prints"));
            None
        }
    }
}
