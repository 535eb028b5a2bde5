//! The files of one Terraform module: parsed, indexed, and read resource by resource.

use std::collections::BTreeMap;

use hcl_edit::expr::Expression;
use hcl_edit::parser::parse_body;
use hcl_edit::structure::{Block, Body, Structure};
use hcl_edit::{Ident, Span};
use sekisho_model::{Diagnostic, SourceFile};

use super::SHOW_HELP;
use super::evaluate::Evaluator;
use super::resource::read_resource;
use crate::document::TEXT_BYTES_MAX;
use crate::forms::identity::Identity;
use crate::forms::piece::{KINDS, Piece};
use crate::report::{Report, quoted};

/// Parsed files that refer to each other.
#[derive(Debug)]
pub(in crate::forms) struct Module<'f> {
    files: Vec<(&'f SourceFile, Body)>,
    identity: Identity,
}

/// What expressions may refer to.
#[derive(Debug, Default)]
pub(super) struct Names<'m> {
    /// By type and label.
    pub(super) resources: BTreeMap<(&'m str, &'m str), (&'m SourceFile, &'m Block)>,
    pub(super) locals: BTreeMap<&'m str, (&'m SourceFile, &'m Expression)>,
    /// The defaults of variables; none where there is no default.
    pub(super) variables: BTreeMap<&'m str, Option<(&'m SourceFile, &'m Expression)>>,
}

impl<'f> Module<'f> {
    /// Parses the files; those with errors of syntax are reported and left out.
    ///
    /// # Limits
    ///
    /// `TEXT_BYTES_MAX` a file; blocks and expressions nest 64 deep, operators 128 (both in `hcl-edit`).
    pub(in crate::forms) fn parse(files: impl IntoIterator<Item = &'f SourceFile>, report: &mut Report) -> Self {
        let mut parsed = Vec::new();
        for file in files {
            if file.text().len() > TEXT_BYTES_MAX {
                report.error(file, 0..0, "file-too-large", format!("the file has more than {TEXT_BYTES_MAX} bytes"));
                continue;
            }
            match parse_body(file.text()) {
                Ok(body) => parsed.push((file, body)),
                Err(error) => {
                    // The parser may stop within a character.
                    let at = file.text().floor_char_boundary(error.location().offset());
                    let end = file.text()[at..].chars().next().map_or(at, |c| at + c.len_utf8());
                    report.error(file, at..end, "hcl-syntax", error.message());
                }
            }
        }
        let identity = Identity::of(parsed.iter().map(|(file, _)| file.text()));
        Self { files: parsed, identity }
    }

    /// Reads the resources of AWS WAF, file by file.
    pub(in crate::forms) fn read(&self, report: &mut Report) -> BTreeMap<&'f str, Vec<Piece>> {
        let names = self.names(report);
        let mut pieces: BTreeMap<&str, Vec<Piece>> = BTreeMap::new();
        let mut evaluator = Evaluator::new(&names, &self.identity);
        for (file, body) in &self.files {
            let found = pieces.entry(file.name()).or_default();
            for block in body.blocks() {
                match (block.ident.as_str(), block.labels.as_slice()) {
                    ("resource", [kind, label]) if kind.as_str().starts_with("aws_wafv2_") => {
                        found.extend(resource(file, block, kind.as_str(), label.as_str(), &mut evaluator, report));
                    }
                    ("resource", [kind, _]) if kind.as_str().starts_with("aws_waf") => {
                        let message = format!("{} is AWS WAF Classic and is not read", quoted(kind.as_str()));
                        report.push(at(file, block, Diagnostic::warning("unknown-resource", message)));
                    }
                    // Other modules make nothing that the rules here could mean without naming it.
                    ("module", [label]) if is_about_waf(file, block) => {
                        let message = format!("the module {} is not read", quoted(label.as_str()));
                        let problem = Diagnostic::warning("module-not-read", message);
                        report.push(at(file, block, problem).help(SHOW_HELP));
                    }
                    _ => {}
                }
            }
        }
        pieces
    }

    fn names(&self, report: &mut Report) -> Names<'_> {
        let mut names = Names::default();
        for (file, body) in &self.files {
            for block in body.blocks() {
                match (block.ident.as_str(), block.labels.as_slice()) {
                    ("resource", [kind, label]) => {
                        let known = names.resources.insert((kind.as_str(), label.as_str()), (*file, block));
                        if let Some(message) =
                            known.map(|_| format!("two resources are called {}.{}", kind.as_str(), label.as_str()))
                        {
                            report.push(at(file, block, Diagnostic::error("duplicate-resource", message)));
                        }
                    }
                    ("variable", [name]) => {
                        let default = block.body.get_attribute("default");
                        names.variables.insert(name.as_str(), default.map(|attribute| (*file, &attribute.value)));
                    }
                    ("locals", []) => {
                        for attribute in block.body.attributes() {
                            names.locals.insert(attribute.key.as_str(), (*file, &attribute.value));
                        }
                    }
                    _ => {}
                }
            }
        }
        names
    }
}

/// Points a problem at the first word of a block.
fn at(file: &SourceFile, block: &Block, problem: Diagnostic) -> Diagnostic {
    let range = block.ident.span().or_else(|| block.span()).unwrap_or_default();
    problem.at(file, range)
}

fn resource(
    file: &SourceFile,
    block: &Block,
    kind: &str,
    label: &str,
    evaluator: &mut Evaluator<'_>,
    report: &mut Report,
) -> Option<Piece> {
    // What puts a web ACL in front of a resource, or lets others call the API, changes no rule.
    const NO_RULES: [&str; 2] = ["aws_wafv2_web_acl_association", "aws_wafv2_api_key"];
    if NO_RULES.contains(&kind) {
        return None;
    }
    let Some(names) = KINDS.iter().find(|names| names.terraform == kind) else {
        let message = format!("not supported: the resource type {}", quoted(kind));
        let problem = at(file, block, Diagnostic::error("not-supported", message));
        report.push(problem.help("write its rules into the `aws_wafv2_web_acl`, or export the web ACL from AWS"));
        return None;
    };
    for structure in &block.body {
        let (name, range) = key_of(structure);
        if ["count", "for_each"].contains(&name.as_str()) {
            let message = format!("`{name}` needs Terraform: how many of {kind}.{label} there are is not in the file");
            report.push(Diagnostic::error("needs-terraform", message).at(file, range).help(SHOW_HELP));
            return None;
        }
    }
    read_resource(file, block, names, label, evaluator, report)
}

/// The name of an argument or a block, and where it stands.
pub(super) fn key_of(structure: &Structure) -> (&Ident, std::ops::Range<usize>) {
    let key = match structure {
        Structure::Attribute(attribute) => &attribute.key,
        Structure::Block(block) => &block.ident,
    };
    (key.value(), key.span().unwrap_or_default())
}

/// Whether a block mentions the firewall.
fn is_about_waf(file: &SourceFile, block: &Block) -> bool {
    let text = block.span().and_then(|range| file.text().get(range)).unwrap_or_default();
    text.to_ascii_lowercase().contains("waf")
}
