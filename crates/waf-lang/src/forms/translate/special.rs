//! Where the forms differ in more than names.

use std::collections::BTreeSet;

use super::{Translator, entry, invalid, value};
use crate::document::{Entry, Key, Kind, Node, Value};
use crate::forms::schema::{Kind as Shape, Member, Structure};
use crate::forms::translate::Naming;
use crate::report::quoted;

/// What Terraform calls the kinds of resource with a body limit of their own.
///
/// Source: Terraform Registry, "Resource: aws_wafv2_web_acl", `association_config`.
pub(in crate::forms) static BODY_LIMITS: &[(&str, &str)] = &[
    ("CLOUDFRONT", "cloudfront"),
    ("API_GATEWAY", "api_gateway"),
    ("COGNITO_USER_POOL", "cognito_user_pool"),
    ("APP_RUNNER_SERVICE", "app_runner_service"),
    ("VERIFIED_ACCESS_INSTANCE", "verified_access_instance"),
];

/// Lists of one field each, which Terraform writes as one block with `identifiers`.
pub(in crate::forms) const IDENTIFIER_LISTS: [&str; 2] = ["PhoneNumberFields", "AddressFields"];

impl Translator<'_> {
    /// Translates a member whose shape differs; none if it does not.
    pub(super) fn special(
        &mut self,
        structure: &'static Structure,
        member: &'static Member,
        node: Node<'_>,
    ) -> Option<Value> {
        match (self.naming.is_terraform(), structure.name, member.name) {
            (true, _, "CustomResponseBodies") => Some(self.keyed_blocks(member, node)),
            (true, "AssociationConfig", "RequestBody") => Some(self.body_limits(member, node)),
            (true, _, name) if IDENTIFIER_LISTS.contains(&name) => Some(self.identifiers(node)),
            // CloudFormation lists the patterns of a set as text. Source: CloudFormation Template Reference,
            // "AWS::WAFv2::RegexPatternSet".
            (false, "RegexPatternSet", "RegularExpressionList") if self.naming == Naming::CloudFormation => {
                Some(self.list(node, |this, item| {
                    let text = this.text(item);
                    let range = item.range();
                    value(range.clone(), Kind::Object(vec![entry("RegexString", range, text.kind)]))
                }))
            }
            // Properties of no structure may be an empty string. Source: ibid., "FieldToMatch" (type Json).
            (false, ..) if self.naming == Naming::CloudFormation && node.as_str() == Some("") => match member.kind {
                Shape::One(inner) if inner.members.is_empty() => Some(value(node.range(), Kind::Object(Vec::new()))),
                _ => None,
            },
            _ => None,
        }
    }

    /// A key that the tables do not know: translated, or reported.
    pub(super) fn foreign_member(
        &mut self,
        structure: &'static Structure,
        key: Key<'_>,
        node: Node<'_>,
    ) -> Option<Entry> {
        let base64 = matches!(self.naming, Naming::CloudFormation | Naming::Readable)
            && (structure.name, key.text()) == ("ByteMatchStatement", "SearchStringBase64");
        if base64 {
            let value = self.base64(node);
            return Some(Entry { key: "SearchString".to_owned(), key_range: key.range(), value });
        }
        self.unknown_member(structure, key);
        None
    }

    /// What a form means by leaving a member out where the API needs it.
    ///
    /// Source: Terraform Registry, "Resource: aws_wafv2_web_acl": `aggregate_key_type` defaults to `IP`.
    pub(super) fn add_defaults(&mut self, structure: &'static Structure, node: Node<'_>, entries: &mut Vec<Entry>) {
        let missing = |name: &str, entries: &[Entry]| !entries.iter().any(|entry| entry.key == name);
        if self.naming.is_terraform() && structure.name == "RateBasedStatement" && missing("AggregateKeyType", entries)
        {
            let range = node.range().start..node.range().start;
            entries.push(entry("AggregateKeyType", range, Kind::String("IP".to_owned())));
        }
    }

    /// Blocks with a `key` into an object.
    fn keyed_blocks(&mut self, member: &'static Member, node: Node<'_>) -> Value {
        let (Shape::Map(inner), Some(blocks)) = (member.kind, node.array(self.report)) else {
            return invalid(node.range());
        };
        let mut entries: Vec<Entry> = Vec::new();
        let mut names = BTreeSet::new();
        for block in blocks {
            let translated = self.structure(inner, block, &["key"]);
            let Some(key) = block.get("key") else {
                if !block.is_invalid() {
                    self.report.push(block.error("missing-field", "this block needs `key`"));
                }
                continue;
            };
            let Some(name) = key.string(self.report) else { continue };
            if !names.insert(name) {
                self.report.push(key.error("duplicate-key", format!("two blocks have the key {}", quoted(name))));
                continue;
            }
            entries.push(Entry { key: name.to_owned(), key_range: key.range(), value: translated });
        }
        value(node.range(), Kind::Object(entries))
    }

    fn body_limits(&mut self, member: &'static Member, node: Node<'_>) -> Value {
        let Shape::Map(inner) = member.kind else { return invalid(node.range()) };
        let Some(block) = self.only_block(node) else { return invalid(node.range()) };
        let mut entries = Vec::new();
        for (key, node) in block.object(self.report).unwrap_or_default() {
            let Some((name, _)) = BODY_LIMITS.iter().find(|(_, terraform)| *terraform == key.text()) else {
                let message = format!("{} is no kind of resource with a body limit", quoted(key.text()));
                let mut problem = key.error("unknown-field", message);
                problem.help = self.report.did_you_mean(key.text(), BODY_LIMITS.iter().map(|&(_, name)| name));
                self.report.push(problem);
                continue;
            };
            if self.naming.is_absent(member, node) {
                continue;
            }
            let Some(limit) = self.only_block(node) else { continue };
            let value = self.structure(inner, limit, &[]);
            entries.push(Entry { key: (*name).to_owned(), key_range: key.range(), value });
        }
        value(block.range(), Kind::Object(entries))
    }

    fn identifiers(&mut self, node: Node<'_>) -> Value {
        let Some(block) = self.only_block(node) else { return invalid(node.range()) };
        let entries = block.object(self.report).unwrap_or_default();
        let mut fields = Vec::new();
        for (key, node) in entries {
            if key.text() != "identifiers" {
                self.report.push(key.error("unknown-field", format!("unknown argument {}", quoted(key.text()))));
                continue;
            }
            for item in node.array(self.report).unwrap_or_default() {
                let (range, text) = (item.range(), self.text(item));
                fields.push(value(range.clone(), Kind::Object(vec![entry("Identifier", range, text.kind)])));
            }
        }
        value(node.range(), Kind::Array(fields))
    }
}
