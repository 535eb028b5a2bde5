//! What files hold, whatever their form: web ACLs, rule groups, sets and logging configurations, each as one tree with
//! the names of the API and the places of the file.

use super::schema::Structure;
use super::schema::{logging, resource};
use sekisho_model::Diagnostic;

use crate::document::{Document, Entry, Kind, Value};

/// One resource of AWS WAF.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub(crate) kind: PieceKind,
    /// What the file calls it: the label of a Terraform resource, the logical id of CloudFormation.
    pub(crate) label: Option<String>,
    /// Warnings of what no other form has, such as tags: for those who convert, since no rule depends on it.
    pub(crate) left_out: Vec<Diagnostic>,
    /// The resource as the API has it, without the answer around it.
    pub(crate) document: Document,
}

impl Piece {
    /// The resource with the answer of the API around it, which tells its kind.
    pub(super) fn into_answer(self) -> Document {
        let root = self.document.root();
        let (file, range) = (root.file().clone(), root.range());
        let resource = Entry {
            key: self.kind.names().api.to_owned(),
            key_range: range.start..range.start,
            value: root.value().clone(),
        };
        Document::of(&file, Value { range, kind: Kind::Object(vec![resource]) })
    }
}

/// The kinds of resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum PieceKind {
    WebAcl,
    RuleGroup,
    IpSet,
    RegexPatternSet,
    Logging,
}

/// How each form names a kind.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) kind: PieceKind,
    /// The member that holds it in an answer of the API.
    pub(super) api: &'static str,
    pub(super) terraform: &'static str,
    pub(super) cloudformation: &'static str,
    /// Its word in an ARN; logging configurations have none.
    pub(super) arn: Option<&'static str>,
    pub(super) structure: &'static Structure,
}

/// Sources: API reference; Terraform Registry; CloudFormation Template Reference.
pub(super) static KINDS: &[Names] = &[
    Names {
        kind: PieceKind::WebAcl,
        api: "WebACL",
        terraform: "aws_wafv2_web_acl",
        cloudformation: "AWS::WAFv2::WebACL",
        arn: Some("webacl"),
        structure: &resource::WEB_ACL,
    },
    Names {
        kind: PieceKind::RuleGroup,
        api: "RuleGroup",
        terraform: "aws_wafv2_rule_group",
        cloudformation: "AWS::WAFv2::RuleGroup",
        arn: Some("rulegroup"),
        structure: &resource::RULE_GROUP,
    },
    Names {
        kind: PieceKind::IpSet,
        api: "IPSet",
        terraform: "aws_wafv2_ip_set",
        cloudformation: "AWS::WAFv2::IPSet",
        arn: Some("ipset"),
        structure: &resource::IP_SET,
    },
    Names {
        kind: PieceKind::RegexPatternSet,
        api: "RegexPatternSet",
        terraform: "aws_wafv2_regex_pattern_set",
        cloudformation: "AWS::WAFv2::RegexPatternSet",
        arn: Some("regexpatternset"),
        structure: &resource::REGEX_PATTERN_SET,
    },
    Names {
        kind: PieceKind::Logging,
        api: "LoggingConfiguration",
        terraform: "aws_wafv2_web_acl_logging_configuration",
        cloudformation: "AWS::WAFv2::LoggingConfiguration",
        arn: None,
        structure: &logging::LOGGING_CONFIGURATION,
    },
];

impl PieceKind {
    pub(super) fn names(self) -> &'static Names {
        KINDS.iter().find(|names| names.kind == self).expect("every kind has its row")
    }
}
