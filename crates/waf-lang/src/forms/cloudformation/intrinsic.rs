//! Intrinsic functions, as far as the template itself tells: `Ref`, `Fn::GetAtt`, `Fn::Sub` and `Fn::Join`.
//!
//! Source: AWS CloudFormation Template Reference, "Intrinsic function reference", "Pseudo parameters reference".

use super::DEPLOYED_HELP;
use super::template::Template;
use crate::document::{Entry, Kind, Node, TEXT_BYTES_MAX, Value};
use crate::forms::translate::{invalid, value};
use crate::report::{Report, quoted};

/// What all resolved text of a template may take together, in bytes: short ones can stand for long ones.
const RESOLVED_BYTES_MAX: usize = TEXT_BYTES_MAX;
/// Names of resources that refer to each other.
const REFERENCE_DEPTH_MAX: usize = 16;

/// Resolves the values of a template.
#[derive(Debug)]
pub(super) struct Resolver<'t, 'd> {
    template: &'t Template<'d>,
    bytes: usize,
    depth: usize,
}

impl<'t, 'd> Resolver<'t, 'd> {
    pub(super) fn new(template: &'t Template<'d>) -> Self {
        Self { template, bytes: 0, depth: 0 }
    }

    /// A value with all functions in it resolved; those that cannot be are reported and [`Kind::Invalid`].
    pub(super) fn resolve(&mut self, node: Node<'_>, report: &mut Report) -> Value {
        if let Some((function, argument)) = as_function(node) {
            return self.function(function, argument, node, report);
        }
        let kind = match &node.value().kind {
            Kind::Array(_) => {
                let items = node.as_array().into_iter().flatten().map(|item| self.resolve(item, report));
                // `AWS::NoValue` takes an element away.
                Kind::Array(items.filter(|item| item.kind != Kind::Null).collect())
            }
            Kind::Object(_) => {
                let entries = node.as_object().into_iter().flatten();
                let entries = entries.map(|(key, node)| Entry {
                    key: key.text().to_owned(),
                    key_range: key.range(),
                    value: self.resolve(node, report),
                });
                Kind::Object(entries.filter(|entry| entry.value.kind != Kind::Null).collect())
            }
            kind => kind.clone(),
        };
        value(node.range(), kind)
    }

    fn function(&mut self, function: &str, argument: Node<'_>, node: Node<'_>, report: &mut Report) -> Value {
        let kind = match function {
            "Ref" => argument.string(report).and_then(|name| self.reference(name, argument, report)),
            "Fn::GetAtt" => self.get_att(argument, report).map(Kind::String),
            "Fn::Sub" => self.sub(argument, report).map(Kind::String),
            "Fn::Join" => self.join(argument, report).map(Kind::String),
            _ => {
                let problem = node.error("needs-cloudformation", format!("{} needs CloudFormation", quoted(function)));
                report.push(problem.help(DEPLOYED_HELP));
                None
            }
        };
        let kind = kind.unwrap_or(Kind::Invalid);
        if let Kind::String(text) = &kind {
            self.bytes = self.bytes.saturating_add(text.len());
            if self.bytes > RESOLVED_BYTES_MAX {
                if self.bytes - text.len() <= RESOLVED_BYTES_MAX {
                    let message = format!("this template stands for more than {RESOLVED_BYTES_MAX} bytes of text");
                    report.push(node.error("file-too-large", message));
                }
                return invalid(node.range());
            }
        }
        value(node.range(), kind)
    }

    fn reference(&mut self, name: &str, place: Node<'_>, report: &mut Report) -> Option<Kind> {
        let identity = &self.template.identity;
        let pseudo = match name {
            "AWS::NoValue" => return Some(Kind::Null),
            "AWS::AccountId" => Some(&identity.account),
            "AWS::Region" => Some(&identity.region),
            "AWS::Partition" => Some(&identity.partition),
            _ => None,
        };
        if let Some(text) = pseudo {
            return Some(Kind::String(text.clone()));
        }
        if name.starts_with("AWS::") {
            let problem = place.error("needs-cloudformation", format!("{} needs CloudFormation", quoted(name)));
            report.push(problem.help(DEPLOYED_HELP));
            return None;
        }
        if let Some(parameter) = self.template.root.get("Parameters").and_then(|parameters| parameters.get(name)) {
            return self.parameter(name, parameter, place, report);
        }
        // What `Ref` gives for the resources of AWS WAF is `name|id|scope`, which no rule can use.
        let what = if self.template.resources.contains_key(name) { "`Ref` of a WAF resource" } else { "`Ref`" };
        let problem = place.error("unknown-reference", format!("{what} {} cannot be resolved", quoted(name)));
        let names = self.template.resources.keys().copied();
        let help = report.did_you_mean(name, names).unwrap_or_else(|| "an ARN is `!GetAtt Name.Arn`".to_owned());
        report.push(problem.help(help));
        None
    }

    /// The default of a parameter, with a warning: another may be given when the stack is deployed.
    fn parameter(&mut self, name: &str, parameter: Node<'_>, place: Node<'_>, report: &mut Report) -> Option<Kind> {
        let Some(default) = parameter.get("Default") else {
            let message = format!("the parameter {} without a default needs CloudFormation", quoted(name));
            report.push(place.error("needs-cloudformation", message).help(DEPLOYED_HELP));
            return None;
        };
        if let Some((key, _)) = self.template.root.get("Parameters")?.as_object()?.find(|(key, _)| key.text() == name)
            && !self.template.told.borrow().contains(&key.text())
        {
            self.template.told.borrow_mut().push(key.text());
            let problem =
                place.warning("variable-default", format!("the default of the parameter {} is taken", quoted(name)));
            report.push(problem.help("if another value is in force, load the output of `aws wafv2 get-web-acl`"));
        }
        let kind = parameter.get("Type").and_then(Node::as_str).unwrap_or_default();
        let list = kind == "CommaDelimitedList" || kind.starts_with("List<");
        match (&default.value().kind, list) {
            (Kind::String(text), true) => {
                let items = text.split(',').map(|item| value(place.range(), Kind::String(item.trim().to_owned())));
                Some(Kind::Array(items.collect()))
            }
            (kind @ (Kind::String(_) | Kind::Number(_) | Kind::Bool(_)), _) => Some(kind.clone()),
            _ => {
                default.mismatch("text", report);
                None
            }
        }
    }

    fn get_att(&mut self, argument: Node<'_>, report: &mut Report) -> Option<String> {
        let (name, attribute) = match argument.as_array() {
            Some(parts) => {
                let parts: Vec<_> = parts.collect();
                let [name, attribute] = parts.as_slice() else {
                    argument.mismatch("a name and an attribute", report);
                    return None;
                };
                (name.string(report)?, attribute.string(report)?)
            }
            None => {
                let Some(parts) = argument.string(report)?.split_once('.') else {
                    report.push(argument.error("wrong-type", "expected `Name.Attribute`"));
                    return None;
                };
                parts
            }
        };
        self.attribute(name, attribute, argument, report)
    }

    fn attribute(&mut self, name: &str, attribute: &str, place: Node<'_>, report: &mut Report) -> Option<String> {
        let Some(&(names, resource)) = self.template.resources.get(name) else {
            let mut problem = place.error("unknown-reference", format!("{} is no WAF resource here", quoted(name)));
            problem.help = report.did_you_mean(name, self.template.resources.keys().copied());
            report.push(problem.clone().help(problem.help.unwrap_or_else(|| DEPLOYED_HELP.to_owned())));
            return None;
        };
        if self.depth == REFERENCE_DEPTH_MAX {
            report.push(place.error("circular-reference", format!("{} refers to itself", quoted(name))));
            return None;
        }
        self.depth += 1;
        let property = |key: &str| resource.get("Properties").and_then(|properties| properties.get(key));
        // Problems of the resource itself are reported where it is read.
        let mut quiet = Report::new();
        let mut text = |key: &str| {
            let found = property(key).map(|node| self.resolve(node, &mut quiet).kind);
            match found {
                Some(Kind::String(text)) => Some(Some(text)),
                Some(_) => None,
                None => Some(None),
            }
        };
        let (own_name, scope) = (text("Name"), text("Scope"));
        self.depth -= 1;
        let own_name = own_name?.unwrap_or_else(|| name.to_owned());
        let identity = &self.template.identity;
        let global = scope?.as_deref() == Some("CLOUDFRONT");
        match attribute {
            "Arn" => Some(identity.arn(names.kind, global, &own_name, name)),
            "Id" => Some(name.to_owned()),
            "LabelNamespace" => {
                Some(format!("awswaf:{}:{}:{own_name}:", identity.account, names.arn.unwrap_or_default()))
            }
            _ => {
                let what = format!("{} needs CloudFormation", quoted(&format!("{name}.{attribute}")));
                report.push(place.error("needs-cloudformation", what).help(DEPLOYED_HELP));
                None
            }
        }
    }

    fn sub(&mut self, argument: Node<'_>, report: &mut Report) -> Option<String> {
        let parts: Vec<Node<'_>> = argument.as_array().map(Iterator::collect).unwrap_or_default();
        let (text, given) = match parts.as_slice() {
            [] => (argument, None),
            [text, given] => (*text, Some(*given)),
            _ => {
                argument.mismatch("a text and its values", report);
                return None;
            }
        };
        let mut rest = text.string(report)?;
        let mut out = String::new();
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let Some((name, tail)) = after.split_once('}') else {
                report.push(text.error("wrong-type", "a `${` is not closed"));
                return None;
            };
            rest = tail;
            if let Some(literal) = name.strip_prefix('!') {
                out.push_str("${");
                out.push_str(literal);
                out.push('}');
            } else {
                let own = given.and_then(|given| given.get(name.trim()));
                out.push_str(&self.part(name.trim(), own, text, report)?);
            }
            if self.bytes.saturating_add(out.len()) > RESOLVED_BYTES_MAX {
                let message = format!("this template stands for more than {RESOLVED_BYTES_MAX} bytes of text");
                report.push(text.error("file-too-large", message));
                return None;
            }
        }
        out.push_str(rest);
        Some(out)
    }

    fn part(&mut self, name: &str, own: Option<Node<'_>>, place: Node<'_>, report: &mut Report) -> Option<String> {
        let kind = match (own, name.split_once('.')) {
            (Some(node), _) => self.resolve(node, report).kind,
            (None, Some((resource, attribute))) => Kind::String(self.attribute(resource, attribute, place, report)?),
            (None, None) => self.reference(name, place, report)?,
        };
        self.as_text(kind, place, report)
    }

    fn as_text(&self, kind: Kind, place: Node<'_>, report: &mut Report) -> Option<String> {
        match kind {
            Kind::String(text) | Kind::Number(text) => Some(text),
            Kind::Bool(flag) => Some(flag.to_string()),
            Kind::Invalid => None,
            _ => {
                place.mismatch("text", report);
                None
            }
        }
    }

    fn join(&mut self, argument: Node<'_>, report: &mut Report) -> Option<String> {
        let parts: Vec<Node<'_>> = argument.as_array().map(Iterator::collect).unwrap_or_default();
        let [delimiter, list] = parts.as_slice() else {
            argument.mismatch("a delimiter and a list", report);
            return None;
        };
        let delimiter = delimiter.string(report)?;
        let Kind::Array(items) = self.resolve(*list, report).kind else {
            list.mismatch("a list", report);
            return None;
        };
        let texts: Option<Vec<String>> = items.into_iter().map(|item| self.as_text(item.kind, *list, report)).collect();
        Some(texts?.join(delimiter))
    }
}

/// The function that an object calls: `{"Ref": …}` or `{"Fn::…": …}`.
fn as_function(node: Node<'_>) -> Option<(&str, Node<'_>)> {
    let mut entries = node.as_object()?;
    let (key, argument) = entries.next()?;
    let called = key.text() == "Ref" || key.text() == "Condition" || key.text().starts_with("Fn::");
    (entries.next().is_none() && called).then_some((key.text(), argument))
}
