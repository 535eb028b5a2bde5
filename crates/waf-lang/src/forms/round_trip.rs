//! Generated resources, into every form and back: nothing is lost, and the loader sees the same.
//!
//! The generator walks the schema, so that a new member is tried without a line here.

use proptest::prelude::*;
use sekisho_model::SourceFile;
use serde_json::{Map, Value, json};

use super::piece::{KINDS, Names};
use super::schema::{Kind, Member, Structure};
use super::translate::{BODY_LIMITS, Naming};
use super::{Form, convert};
use crate::aws::{LoadOptions, ManagedCatalogue, load};

/// Text that some form would take for something else.
const TEXTS: [&str; 26] = [
    "a",
    "URL_DECODE",
    "MATCH",
    "NONE",
    "EXACTLY",
    "NO",
    "on",
    "12",
    "1:20",
    "null",
    "true",
    "${x}",
    "$${x}",
    "%{if}",
    "a\"b\\c",
    "日本",
    "two\nlines\n",
    "one\n\ntwo\n",
    " a",
    "a ",
    "# a",
    "a: b",
    "\u{7}",
    "\t",
    "'",
    "\u{2028}",
];

/// Structures of which exactly one member is given.
const UNIONS: [&str; 9] = [
    "Statement",
    "FieldToMatch",
    "RuleAction",
    "DefaultAction",
    "OverrideAction",
    "HeaderMatchPattern",
    "CookieMatchPattern",
    "JsonMatchPattern",
    "Condition",
];

/// Makes resources that a form can express, from a list of choices.
struct Maker<'c> {
    choices: std::iter::Cycle<std::slice::Iter<'c, u32>>,
    /// Choices that were made, so that a cycle does not repeat itself.
    made: u32,
    form: Form,
}

impl Maker<'_> {
    fn pick(&mut self, of: usize) -> usize {
        let choice = self.choices.next().copied().unwrap_or_default();
        self.made += 1;
        (choice.wrapping_add(self.made.wrapping_mul(2_654_435_761)) >> 8) as usize % of
    }

    fn has(&self, structure: &Structure, member: &'static Member) -> bool {
        let naming = match self.form {
            Form::Terraform => Naming::Terraform,
            Form::CloudFormation => Naming::CloudFormation,
            _ => Naming::Api,
        };
        let terraform = self.form == Form::Terraform;
        let not_kept = ["AvailableLabels", "ConsumedLabels"];
        naming.name(member).is_some()
            // What a form says in other words, or not at all.
            && !(terraform && member.name == "ExcludedRules")
            && !(self.form == Form::CloudFormation && not_kept.contains(&member.name))
            && !["Name", "Id", "ARN"].contains(&member.name) | !KINDS.iter().any(|kind| kind.structure.name == structure.name)
    }

    fn resource(&mut self, names: &'static Names) -> Value {
        let mut made = match self.structure(names.structure, 2) {
            Value::Object(made) => made,
            other => panic!("{other}"),
        };
        if let Some(word) = names.arn {
            made.insert("Name".to_owned(), json!("name"));
            made.insert("Id".to_owned(), json!(format!("The{word}")));
            made.insert(
                "ARN".to_owned(),
                json!(format!("arn:aws:wafv2:us-east-1:000000000000:regional/{word}/name/The{word}")),
            );
        }
        json!({ names.api: made })
    }

    fn structure(&mut self, structure: &'static Structure, levels: usize) -> Value {
        let mut members: Vec<_> = structure.members.iter().filter(|member| self.has(structure, member)).collect();
        if levels == 0 {
            members.retain(|member| !["AndStatement", "OrStatement", "NotStatement"].contains(&member.name));
        }
        if structure.name == "Statement" && levels < 2 {
            let nested = ["RateBasedStatement", "ManagedRuleGroupStatement", "RuleGroupReferenceStatement"];
            members.retain(|member| !nested.contains(&member.name));
        }
        if UNIONS.contains(&structure.name) || structure.name == "RateBasedStatementCustomKey" {
            let only = members[self.pick(members.len())];
            let inner =
                if structure.name == "OverrideAction" { json!({}) } else { self.member(structure, only, levels) };
            return json!({ only.name: inner });
        }
        let mut made = Map::new();
        for member in members {
            let always = ["AggregateKeyType", "Identifier", "RegexString"];
            if always.contains(&member.name) || self.pick(4) > 0 {
                made.insert(member.name.to_owned(), self.member(structure, member, levels));
            }
        }
        Value::Object(made)
    }

    fn member(&mut self, structure: &'static Structure, member: &'static Member, levels: usize) -> Value {
        let below = match member.name {
            "AndStatement" | "OrStatement" | "NotStatement" => levels - 1,
            "ScopeDownStatement" => 1,
            _ => levels,
        };
        match member.kind {
            Kind::Text => self.text(structure, member),
            Kind::Whole => json!(self.pick(1 << 20)),
            Kind::Flag => json!(self.pick(2) == 0),
            Kind::Blob => {
                use base64::Engine as _;
                let binary = self.form != Form::Terraform && self.pick(3) == 0;
                let bytes: &[u8] = if binary { &[0xff, 0, 1] } else { TEXTS[self.pick(TEXTS.len())].as_bytes() };
                json!(base64::engine::general_purpose::STANDARD.encode(bytes))
            }
            Kind::Texts => (0..=self.pick(3)).map(|_| json!(TEXTS[self.pick(TEXTS.len())])).collect(),
            Kind::Wholes => (0..=self.pick(3)).map(|_| json!(self.pick(1000))).collect(),
            Kind::One(inner) => self.structure(inner, below),
            Kind::Many(inner) => (0..=self.pick(2)).map(|_| self.structure(inner, below)).collect(),
            Kind::Map(inner) => {
                let limits = member.name == "RequestBody";
                let keys: Vec<&str> =
                    if limits { BODY_LIMITS.iter().map(|(api, _)| *api).collect() } else { vec!["a", "NO"] };
                let count = 1 + self.pick(keys.len());
                Value::Object(
                    keys[..count].iter().map(|key| ((*key).to_owned(), self.structure(inner, below))).collect(),
                )
            }
        }
    }

    fn text(&mut self, structure: &Structure, member: &Member) -> Value {
        // An ARN of a set that is there too, or is not.
        let arns = [
            "arn:aws:wafv2:us-east-1:000000000000:regional/ipset/name/Theipset",
            "arn:aws:wafv2:us-east-1:000000000000:regional/ipset/b/c",
        ];
        match (structure.name, member.name) {
            (_, "ARN" | "ResourceArn") => json!(arns[self.pick(arns.len())]),
            ("SingleHeader" | "SingleQueryArgument", "Name") => json!("user-agent"),
            ("VisibilityConfig", "MetricName") => json!(["m", "name"][self.pick(2)]),
            _ => json!(TEXTS[self.pick(TEXTS.len())]),
        }
    }
}

/// The documents of all kinds, as one list.
fn documents(choices: &[u32], form: Form) -> String {
    let mut maker = Maker { choices: choices.iter().cycle(), made: 0, form };
    Value::Array(KINDS.iter().map(|names| maker.resource(names)).collect()).to_string()
}

fn through(text: &str, to: Form) -> Result<String, TestCaseError> {
    let found = convert(&[SourceFile::new("in", text)], None, to);
    let shown = found.diagnostics.render(false);
    found.text.ok_or_else(|| TestCaseError::fail(format!("{shown}\n{text}")))
}

/// What the loader makes of the web ACL among the documents.
fn loaded(text: &str) -> Option<sekisho_waf::ir::Policy> {
    load(&SourceFile::new("in", text), &[], &ManagedCatalogue::new(), &LoadOptions::default()).policy
}

fn there_and_back(choices: &[u32], form: Form) -> Result<(), TestCaseError> {
    let original = through(&documents(choices, form), Form::Json)?;
    let written = through(&original, form)?;
    let back = through(&written, Form::Json)?;
    let differs = back.lines().zip(original.lines()).find(|(back, original)| back != original);
    prop_assert!(back == original, "{differs:?}\n{original}\n{written}");
    prop_assert_eq!(loaded(&written), loaded(&original));
    // What is written is written again the same.
    prop_assert_eq!(through(&written, form)?, written);
    Ok(())
}

fn choices() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(any::<u32>(), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn json(choices in choices()) {
        there_and_back(&choices, Form::Json)?;
    }

    #[test]
    fn terraform(choices in choices()) {
        there_and_back(&choices, Form::Terraform)?;
    }

    #[test]
    fn cloudformation(choices in choices()) {
        there_and_back(&choices, Form::CloudFormation)?;
    }

    #[test]
    fn readable(choices in choices()) {
        there_and_back(&choices, Form::Readable)?;
    }
}
