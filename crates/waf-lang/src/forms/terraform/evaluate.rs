//! Expressions of HCL into values, as far as the files themselves tell.
//!
//! The places of a value are those of the expression in the file that uses it, whatever it refers to. Bodies become
//! the trees that `terraform show -json` prints: arguments by name, blocks of one name as a list.

use std::ops::Range;

use hcl_edit::Span;
use hcl_edit::expr::{Array, Expression, FuncCall, Object, ObjectKey, UnaryOperator};
use hcl_edit::structure::{Body, Structure};
use sekisho_model::{Diagnostic, SourceFile};

use super::SHOW_HELP;
use super::module::{Names, key_of};
use crate::document::{Entry, Kind, TEXT_BYTES_MAX, Value};
use crate::forms::identity::Identity;
use crate::forms::translate::{invalid, value};
use crate::report::{Report, quoted};

/// What the text of all values of a module may take together, in bytes: short files with many references can stand for
/// large trees.
const VALUES_BYTES_MAX: usize = TEXT_BYTES_MAX;
/// How many values that may be.
const VALUES_MAX: usize = 1_000_000;

/// Expressions within expressions, through references too.
const EXPRESSION_DEPTH_MAX: usize = 128;

/// Functions that a file itself can answer.
const FUNCTIONS: [&str; 5] = ["concat", "jsonencode", "tolist", "toset", "tostring"];

/// Evaluates the expressions of a module.
#[derive(Debug)]
pub(super) struct Evaluator<'m> {
    pub(super) names: &'m Names<'m>,
    pub(super) identity: &'m Identity,
    depth: usize,
    values: usize,
    bytes: usize,
    /// Whether it is reported that they are too many.
    told: bool,
    /// What is being evaluated, so that a circle is seen.
    pub(super) open: Vec<String>,
}

/// Where a problem of a value is shown.
#[derive(Debug, Clone)]
pub(super) struct Place<'a> {
    pub(super) file: &'a SourceFile,
    pub(super) range: Range<usize>,
    /// Whether the expression stands elsewhere: then all of it has this place.
    pub(super) fixed: bool,
}

impl<'a> Place<'a> {
    /// The place of an expression.
    pub(super) fn of(&self, expression: &impl Span) -> Self {
        let range = if self.fixed { None } else { expression.span() };
        Self { range: range.unwrap_or_else(|| self.range.clone()), ..self.clone() }
    }

    pub(super) fn error(&self, code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, message).at(self.file, self.range.clone())
    }

    /// Refuses what only Terraform can resolve.
    pub(super) fn refuse(&self, what: &str, report: &mut Report) -> Value {
        report.push(self.error("needs-terraform", format!("{what} needs Terraform")).help(SHOW_HELP));
        invalid(self.range.clone())
    }
}

impl<'m> Evaluator<'m> {
    pub(super) fn new(names: &'m Names<'m>, identity: &'m Identity) -> Self {
        Self { names, identity, depth: 0, values: 0, bytes: 0, told: false, open: Vec::new() }
    }

    /// The tree of a body; `skip` are keys that nobody reads.
    pub(super) fn body(&mut self, body: &Body, file: &SourceFile, skip: &[&str], report: &mut Report) -> Kind {
        let mut entries: Vec<Entry> = Vec::new();
        for structure in body {
            let (key, range) = key_of(structure);
            if skip.contains(&key.as_str()) {
                continue;
            }
            let place = Place { file, range: range.clone(), fixed: false };
            match structure {
                Structure::Attribute(attribute) => {
                    let value = self.expression(&attribute.value, &place, report);
                    entries.push(Entry { key: key.to_string(), key_range: range, value });
                }
                Structure::Block(block) if key.as_str() == "dynamic" => {
                    let label = block.labels.first().map_or("", |label| label.as_str());
                    place.refuse(&format!("the dynamic block {}", quoted(label)), report);
                }
                Structure::Block(block) => {
                    let whole = block.span().unwrap_or(range.clone());
                    let tree = value(whole.clone(), self.body(&block.body, file, &[], report));
                    let known = entries.iter_mut().find(|entry| entry.key == key.as_str());
                    match known.map(|entry| &mut entry.value.kind) {
                        Some(Kind::Array(blocks)) => blocks.push(tree),
                        _ => entries.push(Entry {
                            key: key.to_string(),
                            key_range: range,
                            value: value(whole, Kind::Array(vec![tree])),
                        }),
                    }
                }
            }
        }
        Kind::Object(entries)
    }

    /// The value of an expression, or [`Kind::Invalid`] with the reason reported.
    pub(super) fn expression(&mut self, expression: &Expression, around: &Place<'_>, report: &mut Report) -> Value {
        let place = around.of(expression);
        if self.depth == EXPRESSION_DEPTH_MAX {
            report.push(place.error("nested-too-deep", format!("nested deeper than {EXPRESSION_DEPTH_MAX} levels")));
            return invalid(place.range);
        }
        // Whatever refers to too much is not looked into again.
        if self.is_spent() {
            return invalid(place.range);
        }
        self.values += 1;
        self.depth += 1;
        let value = self.value_of(expression, &place, report);
        self.depth -= 1;
        if let Kind::String(text) = &value.kind {
            self.bytes += text.len();
        }
        if !self.is_spent() {
            return value;
        }
        if !std::mem::replace(&mut self.told, true) {
            let message =
                format!("these files stand for more than {VALUES_MAX} values, or {VALUES_BYTES_MAX} bytes of text");
            report.push(place.error("file-too-large", message));
        }
        invalid(place.range)
    }

    fn is_spent(&self) -> bool {
        self.values > VALUES_MAX || self.bytes > VALUES_BYTES_MAX
    }

    fn value_of(&mut self, expression: &Expression, place: &Place<'_>, report: &mut Report) -> Value {
        let here = |kind| value(place.range.clone(), kind);
        match expression {
            Expression::Null(_) => here(Kind::Null),
            Expression::Bool(flag) => here(Kind::Bool(*flag.value())),
            Expression::Number(number) => here(Kind::Number(number.value().to_string())),
            Expression::String(text) => here(Kind::String(text.value().clone())),
            Expression::Array(array) => here(self.array(array, place, report)),
            Expression::Object(object) => here(self.object(object, place, report)),
            Expression::StringTemplate(template) => self.template(template.iter(), place, report),
            Expression::HeredocTemplate(heredoc) => self.template(heredoc.template.iter(), place, report),
            Expression::Parenthesis(inner) => self.expression(inner.inner(), place, report),
            Expression::Traversal(traversal) => self.traversal(traversal, place, report),
            Expression::FuncCall(call) => self.call(call, place, report),
            Expression::UnaryOp(operation) => {
                let inner = self.expression(&operation.expr, place, report);
                match (operation.operator.value(), inner.kind) {
                    (_, Kind::Invalid) => invalid(place.range.clone()),
                    (UnaryOperator::Not, Kind::Bool(flag)) => here(Kind::Bool(!flag)),
                    (UnaryOperator::Neg, Kind::Number(number)) => here(Kind::Number(format!("-{number}"))),
                    _ => place.refuse("this operator", report),
                }
            }
            Expression::Variable(name) => {
                let message = format!("{} is no value", quoted(name.as_str()));
                report.push(place.error("unknown-value", message).help("text stands in double quotes"));
                invalid(place.range.clone())
            }
            Expression::Conditional(_) => place.refuse("a conditional expression", report),
            Expression::BinaryOp(_) => place.refuse("an operator", report),
            Expression::ForExpr(_) => place.refuse("a `for` expression", report),
        }
    }

    fn array(&mut self, array: &Array, place: &Place<'_>, report: &mut Report) -> Kind {
        Kind::Array(array.iter().map(|item| self.expression(item, place, report)).collect())
    }

    fn object(&mut self, object: &Object, place: &Place<'_>, report: &mut Report) -> Kind {
        let mut entries = Vec::new();
        for (key, item) in object {
            let (key, key_range) = match key {
                ObjectKey::Ident(name) => (Some(name.to_string()), place.of(name).range),
                ObjectKey::Expression(expression) => {
                    let key = self.expression(expression, place, report);
                    match key.kind {
                        Kind::String(text) | Kind::Number(text) => (Some(text), key.range),
                        _ => (None, key.range),
                    }
                }
            };
            let value = self.expression(item.expr(), place, report);
            match key {
                Some(key) => entries.push(Entry { key, key_range, value }),
                None => report.push(place.error("wrong-type", "a key must be text")),
            }
        }
        Kind::Object(crate::document::without_duplicates(place.file, entries, report))
    }

    fn call(&mut self, call: &FuncCall, place: &Place<'_>, report: &mut Report) -> Value {
        let name = call.name.name.as_str();
        if !FUNCTIONS.contains(&name) || call.name.is_namespaced() || call.args.expand_final() {
            return place.refuse(&format!("the function `{name}`"), report);
        }
        let mut arguments: Vec<Value> =
            call.args.iter().map(|argument| self.expression(argument, place, report)).collect();
        if arguments.iter().any(|argument| argument.kind == Kind::Invalid) {
            return invalid(place.range.clone());
        }
        if name == "concat" {
            let lists: Option<Vec<Vec<Value>>> = arguments
                .into_iter()
                .map(|argument| if let Kind::Array(items) = argument.kind { Some(items) } else { None })
                .collect();
            return match lists {
                Some(lists) => value(place.range.clone(), Kind::Array(lists.into_iter().flatten().collect())),
                None => place.refuse("this `concat`", report),
            };
        }
        let Some(only) = arguments.pop().filter(|_| arguments.is_empty()) else {
            return place.refuse(&format!("the function `{name}` with these arguments"), report);
        };
        let kind = match (name, only.kind) {
            ("toset" | "tolist", Kind::Array(items)) => Kind::Array(items),
            ("tostring", Kind::String(text) | Kind::Number(text)) => Kind::String(text),
            ("tostring", Kind::Bool(flag)) => Kind::String(flag.to_string()),
            // Kept as a tree, so that what is wrong within has its own place.
            ("jsonencode", kind) => kind,
            _ => return place.refuse(&format!("the function `{name}` of this"), report),
        };
        value(place.range.clone(), kind)
    }
}
