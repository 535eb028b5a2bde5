//! References: `local.x`, `var.x`, `aws_wafv2_ip_set.x.arn`.

use std::ops::Range;

use hcl_edit::expr::{Expression, Traversal, TraversalOperator};
use sekisho_model::Diagnostic;

use super::evaluate::{Evaluator, Place};
use super::resource;
use crate::document::{Kind, Value};
use crate::forms::piece::KINDS;
use crate::forms::translate::{invalid, value};
use crate::report::{Report, quoted};

/// One step of a reference.
enum Step {
    Name(String),
    Index(usize),
}

impl Evaluator<'_> {
    pub(super) fn traversal(&mut self, traversal: &Traversal, place: &Place<'_>, report: &mut Report) -> Value {
        let Expression::Variable(root) = &traversal.expr else {
            return place.refuse("this reference", report);
        };
        let Some(steps) = self.steps(traversal, place, report) else {
            return place.refuse("a reference with `*` or a computed index", report);
        };
        let root = root.as_str();
        match (root, steps.as_slice()) {
            ("local", [Step::Name(name), rest @ ..]) => {
                let found = self.names.locals.get(name.as_str()).copied();
                let Some((file, expression)) = found else {
                    let names = self.names.locals.keys().copied();
                    return unknown(&format!("local.{name}"), name, names, place, report);
                };
                let found = self.elsewhere(format!("local.{name}"), file, expression, place, report);
                follow(found, rest, place, report)
            }
            ("var", [Step::Name(name), rest @ ..]) => {
                let found = self.variable(name, place, report);
                follow(found, rest, place, report)
            }
            (kind, [Step::Name(label), Step::Name(attribute)]) if kind.starts_with("aws_wafv2_") => {
                self.resource_attribute(kind, label, attribute, place, report)
            }
            ("data", [Step::Name(kind), ..]) => place.refuse(&format!("the data source {}", quoted(kind)), report),
            ("module" | "each" | "count" | "path" | "terraform" | "self", _) => {
                place.refuse(&format!("`{root}`"), report)
            }
            _ => place.refuse(&format!("the reference to {}", quoted(root)), report),
        }
    }

    fn steps(&mut self, traversal: &Traversal, place: &Place<'_>, report: &mut Report) -> Option<Vec<Step>> {
        let mut steps = Vec::new();
        for operator in &traversal.operators {
            steps.push(match operator.value() {
                TraversalOperator::GetAttr(name) => Step::Name(name.to_string()),
                TraversalOperator::LegacyIndex(index) => Step::Index(usize::try_from(*index.value()).ok()?),
                TraversalOperator::Index(index) => match self.expression(index, place, report).kind {
                    Kind::String(name) => Step::Name(name),
                    Kind::Number(index) => Step::Index(index.parse().ok()?),
                    _ => return None,
                },
                TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => return None,
            });
        }
        Some(steps)
    }

    /// The default of a variable, with a warning: another may be given when Terraform runs.
    fn variable(&mut self, name: &str, place: &Place<'_>, report: &mut Report) -> Value {
        let Some(default) = self.names.variables.get(name).copied() else {
            let names = self.names.variables.keys().copied();
            return unknown(&format!("var.{name}"), name, names, place, report);
        };
        let Some((file, expression)) = default else {
            return place.refuse(&format!("the variable {} without a default", quoted(name)), report);
        };
        let message = format!("the default of the variable {} is taken", quoted(name));
        let warning = Diagnostic::warning("variable-default", message).at(place.file, place.range.clone());
        report.push(warning.help("if another value is in force, load what `terraform show -json` prints"));
        self.elsewhere(format!("var.{name}"), file, expression, place, report)
    }

    /// Evaluates an expression of another place, for use here.
    fn elsewhere(
        &mut self,
        name: String,
        _file: &sekisho_model::SourceFile,
        expression: &Expression,
        place: &Place<'_>,
        report: &mut Report,
    ) -> Value {
        if self.open.contains(&name) {
            report.push(place.error("circular-reference", format!("{} refers to itself", quoted(&name))));
            return invalid(place.range.clone());
        }
        self.open.push(name);
        let place = Place { fixed: true, ..place.clone() };
        let value = self.expression(expression, &place, report);
        self.open.pop();
        value
    }

    fn resource_attribute(
        &mut self,
        kind: &str,
        label: &str,
        attribute: &str,
        place: &Place<'_>,
        report: &mut Report,
    ) -> Value {
        let address = format!("{kind}.{label}");
        let Some(&(file, block)) = self.names.resources.get(&(kind, label)) else {
            let labels: Vec<&str> =
                self.names.resources.keys().filter(|(other, _)| *other == kind).map(|(_, label)| *label).collect();
            return unknown(&address, label, labels, place, report);
        };
        let Some(names) = KINDS.iter().find(|names| names.terraform == kind) else {
            return place.refuse(&format!("the resource {}", quoted(&address)), report);
        };
        if self.open.contains(&address) {
            report.push(place.error("circular-reference", format!("{} refers to itself", quoted(&address))));
            return invalid(place.range.clone());
        }
        self.open.push(address.clone());
        // Problems of the resource itself are reported where it is read.
        let identified = resource::identify(file, block, names, label, self, &mut Report::new());
        self.open.pop();
        let text = match (attribute, identified) {
            ("arn", Some(found)) => found.arn,
            ("name", Some(found)) => found.name,
            ("id", Some(_)) => label.to_owned(),
            ("arn" | "name" | "id", None) => return invalid(place.range.clone()),
            _ => return place.refuse(&quoted(&format!("{address}.{attribute}")), report),
        };
        value(place.range.clone(), Kind::String(text))
    }
}

fn unknown<'a>(
    what: &str,
    name: &str,
    names: impl IntoIterator<Item = &'a str>,
    place: &Place<'_>,
    report: &mut Report,
) -> Value {
    let mut problem = place.error("unknown-reference", format!("{} is not in these files", quoted(what)));
    problem.help = report.did_you_mean(name, names);
    if problem.help.is_none() {
        problem = problem.help("give the other files of the module too, or what `terraform show -json` prints");
    }
    report.push(problem);
    invalid(place.range.clone())
}

/// Goes into a value step by step.
fn follow(found: Value, steps: &[Step], place: &Place<'_>, report: &mut Report) -> Value {
    let mut at = found;
    for step in steps {
        let next = match (at.kind, step) {
            (Kind::Invalid, _) => return invalid(place.range.clone()),
            (Kind::Object(entries), Step::Name(name)) => {
                entries.into_iter().find(|entry| entry.key == *name).map(|entry| entry.value)
            }
            (Kind::Array(items), Step::Index(index)) => items.into_iter().nth(*index),
            _ => None,
        };
        let Some(next) = next else {
            report.push(place.error("unknown-reference", "there is no such part of this value"));
            return invalid(place.range.clone());
        };
        at = next;
    }
    with_place(at, &place.range)
}

/// All of a value at one place.
fn with_place(found: Value, range: &Range<usize>) -> Value {
    Value { range: range.clone(), kind: found.kind }
}
