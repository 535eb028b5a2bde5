//! How each form names the members of a structure, and when it means that a member is absent.

use crate::document::{Kind, Node};
use crate::forms::schema::{Kind as Shape, Member, Structure};

/// The names and habits of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::forms) enum Naming {
    /// JSON of the API.
    Api,
    /// Rules as JSON within Terraform: names in any case, search strings in plain text.
    ///
    /// Source: Terraform Registry, "Resource: aws_wafv2_web_acl", `rule_json`.
    RuleJson,
    /// Blocks and arguments of Terraform.
    Terraform,
    /// The same as `terraform show -json` prints them: what is not set stands there as null, empty or zero.
    TerraformState,
    /// Names of the API in the readable form, where search strings are plain text.
    Readable,
    /// Properties of CloudFormation.
    CloudFormation,
}

impl Naming {
    /// The member that a key names.
    pub(super) fn member(self, structure: &'static Structure, key: &str) -> Option<&'static Member> {
        structure.members.iter().find(|member| match self {
            Self::RuleJson => member.name.eq_ignore_ascii_case(key),
            _ => self.name(member) == Some(key),
        })
    }

    /// What a member is called, if the form has it.
    pub(in crate::forms) fn name(self, member: &'static Member) -> Option<&'static str> {
        match self {
            Self::Api | Self::RuleJson | Self::Readable => Some(member.name),
            Self::Terraform | Self::TerraformState => member.terraform,
            Self::CloudFormation if !member.cloudformation => None,
            // The only member whose spelling differs. Source: CloudFormation Template Reference,
            // "AWS::WAFv2::WebACL IPSetReferenceStatement" and its neighbours.
            Self::CloudFormation if member.name == "ARN" => Some("Arn"),
            Self::CloudFormation => Some(member.name),
        }
    }

    /// What a member is in this form.
    pub(super) const fn member_word(self) -> &'static str {
        match self {
            Self::Api | Self::RuleJson | Self::Readable => "field",
            Self::Terraform | Self::TerraformState => "argument or block",
            Self::CloudFormation => "property",
        }
    }

    pub(super) fn is_terraform(self) -> bool {
        matches!(self, Self::Terraform | Self::TerraformState)
    }

    /// Whether the form turns numbers and booleans into text, and text into them, as the argument needs.
    pub(super) fn converts(self) -> bool {
        !matches!(self, Self::Api | Self::RuleJson | Self::Readable)
    }

    /// Whether a value means that the member is not given.
    pub(super) fn is_absent(self, member: &Member, node: Node<'_>) -> bool {
        match &node.value().kind {
            Kind::Null => !matches!(self, Self::Api | Self::Readable),
            Kind::String(text) => self == Self::TerraformState && text.is_empty(),
            Kind::Array(items) => {
                // An empty list of addresses or patterns is a set without members; an empty list of blocks is no block.
                let blocks = !matches!(member.kind, Shape::Texts | Shape::Wholes);
                let kept = ["Addresses", "RegularExpressionList"].contains(&member.name);
                items.is_empty() && !kept && (self == Self::TerraformState || (self.is_terraform() && blocks))
            }
            // Seconds of immunity are never zero: the state's word for not set.
            Kind::Number(text) => self == Self::TerraformState && member.name == "ImmunityTime" && text == "0",
            _ => false,
        }
    }
}
