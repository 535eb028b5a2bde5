//! Holds configuration text against the schema of its shape: every unknown key, missing key and wrong type at once, each
//! with its place and the way out.
//!
//! The schema is the one `sekisho config schema` prints, so the two cannot disagree. Only what schemas of our own types use
//! is read here; anything else in one is a defect that a test finds.

use std::ops::Range;

use sekisho_model::{Diagnostic, Diagnostics, SourceFile, closest};
use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Holds `table` against `schema`.
pub(super) fn check(source: &SourceFile, table: &Spanned<DeTable<'_>>, schema: &Value, diagnostics: &mut Diagnostics) {
    let mut walker = Walker { source, definitions: schema.get("$defs"), diagnostics };
    walker.table(table.get_ref(), 0..0, schema, "");
}

struct Walker<'w> {
    source: &'w SourceFile,
    definitions: Option<&'w Value>,
    diagnostics: &'w mut Diagnostics,
}

impl<'w> Walker<'w> {
    fn report(&mut self, diagnostic: Diagnostic, place: Range<usize>) {
        self.diagnostics.push(diagnostic.at(self.source, place));
    }

    /// Follows references and the alternative that is not null.
    fn resolve<'s>(&self, schema: &'s Value) -> &'s Value
    where
        'w: 's,
    {
        if let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) {
            return self.definitions.map_or(schema, |definitions| self.resolve(&definitions[name]));
        }
        match schema["anyOf"].as_array().and_then(|options| options.iter().find(|option| option["type"] != "null")) {
            Some(option) => self.resolve(option),
            None => schema,
        }
    }

    fn table(&mut self, table: &DeTable<'_>, place: Range<usize>, schema: &Value, name: &str) {
        let empty = Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&empty);
        for (key, value) in table {
            match properties.get(key.get_ref().as_ref()) {
                Some(property) => self.value(value, property, key.get_ref()),
                None => self.unknown_key(key, properties, name),
            }
        }
        for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !table.contains_key(required) {
                let of = if name.is_empty() { String::new() } else { format!(" of `{name}`") };
                let mut diagnostic = Diagnostic::error("missing-key", format!("key `{required}`{of} is missing"));
                if let Some(meaning) = properties.get(required).and_then(|property| property["description"].as_str()) {
                    diagnostic = diagnostic.help(format!("{required}: {}", first_line(meaning)));
                }
                self.report(diagnostic, place.clone());
            }
        }
    }

    fn unknown_key(&mut self, key: &Spanned<std::borrow::Cow<'_, str>>, known: &Map<String, Value>, of: &str) {
        let name = key.get_ref();
        let of = if of.is_empty() { String::new() } else { format!(" of `{of}`") };
        let diagnostic = Diagnostic::error("unknown-key", format!("unknown key `{name}`{of}"));
        let help = match closest(name, known.keys().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                format!("known keys are {}", known.keys().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", "))
            }
        };
        self.report(diagnostic.help(help), key.span());
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, schema: &Value, name: &str) {
        let schema = self.resolve(schema);
        if let Some(choices) = choices(schema) {
            return self.choice(value, &choices, name);
        }
        let wanted = match &schema["type"] {
            Value::Array(types) => types.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
            kind => kind.as_str(),
        };
        let place = value.span();
        match (wanted, value.get_ref()) {
            (Some("object"), DeValue::Table(table)) => self.table(table, place, schema, name),
            (Some("array"), DeValue::Array(array)) => {
                let least = schema["minItems"].as_u64().unwrap_or(0);
                if (array.len() as u64) < least {
                    self.report(Diagnostic::error("too-few", format!("`{name}` needs at least {least} entry")), place);
                }
                for item in array {
                    self.value(item, &schema["items"], name);
                }
            }
            (Some("string"), DeValue::String(_)) | (Some("boolean"), DeValue::Boolean(_)) => {}
            (Some("integer"), DeValue::Integer(number)) => {
                let number = i128::from_str_radix(number.as_str(), number.radix()).ok();
                self.range(number, schema, name, place);
            }
            (wanted, found) => {
                let wanted = wanted.unwrap_or("something else");
                let message = format!("`{name}` is {}, not {}", article(found.type_str()), article(wanted));
                self.report(
                    Diagnostic::error("wrong-type", message).label(format!("expected {}", article(wanted))),
                    place,
                );
            }
        }
    }

    fn choice(&mut self, value: &Spanned<DeValue<'_>>, choices: &[&str], name: &str) {
        let given = value.get_ref().as_str().unwrap_or_default();
        if value.get_ref().is_str() && choices.contains(&given) {
            return;
        }
        let listed = choices.iter().map(|choice| format!("\"{choice}\"")).collect::<Vec<_>>().join(", ");
        let help = match closest(given, choices.iter().copied()) {
            Some(near) => format!("did you mean \"{near}\"? It is one of {listed}"),
            None => format!("it is one of {listed}"),
        };
        self.report(Diagnostic::error("unknown-choice", format!("`{name}` cannot be this")).help(help), value.span());
    }

    fn range(&mut self, number: Option<i128>, schema: &Value, name: &str, place: Range<usize>) {
        let bound = |key: &str| schema[key].as_i64().map(i128::from).or_else(|| schema[key].as_u64().map(i128::from));
        let least = bound("minimum").unwrap_or(i128::from(i64::MIN));
        let most = bound("maximum").unwrap_or(i128::from(i64::MAX));
        if !number.is_some_and(|number| (least..=most).contains(&number)) {
            let message = format!("`{name}` is out of range");
            self.report(
                Diagnostic::error("out-of-range", message).help(format!("it is from {least} to {most}")),
                place,
            );
        }
    }
}

/// The texts an enumeration allows.
fn choices(schema: &Value) -> Option<Vec<&str>> {
    if let Some(values) = schema["enum"].as_array() {
        return Some(values.iter().filter_map(Value::as_str).collect());
    }
    let options = schema["oneOf"].as_array()?;
    Some(options.iter().filter_map(|option| option["const"].as_str()).collect())
}

fn article(kind: &str) -> String {
    let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {kind}")
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
