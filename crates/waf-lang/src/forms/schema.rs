//! The structures of the API with the kind of each member, and what Terraform and CloudFormation call it.
//!
//! One table for all forms: a member that stands here is read and written in every form that knows it, and refused by
//! name in the others. Tests hold the table against the API model, so that nothing can be missing.
//!
//! Sources: API reference; Terraform Registry, "Resource: aws_wafv2_web_acl" and its neighbours (provider 6.x);
//! AWS CloudFormation Template Reference, "AWS::WAFv2::WebACL" and its neighbours.

pub(super) mod field;
pub(super) mod logging;
pub(super) mod managed;
pub(super) mod rate;
pub(super) mod resource;
pub(super) mod rule;
pub(super) mod statement;
pub(super) mod web_acl;

#[cfg(test)]
mod test;

/// A structure of the API.
#[derive(Debug)]
pub(super) struct Structure {
    /// Its name in the API.
    pub(super) name: &'static str,
    /// All its members, in the order of the API reference.
    pub(super) members: &'static [Member],
}

/// A member of a structure.
#[derive(Debug)]
pub(super) struct Member {
    /// Its name in the API.
    pub(super) name: &'static str,
    /// Its argument or block in Terraform, if there is one.
    pub(super) terraform: Option<&'static str>,
    /// Whether CloudFormation has it.
    pub(super) cloudformation: bool,
    /// What its value is.
    pub(super) kind: Kind,
}

/// What the value of a member is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Text,
    Whole,
    Flag,
    /// Bytes: base64 in JSON of the API, plain text elsewhere.
    Blob,
    Texts,
    Wholes,
    One(&'static Structure),
    Many(&'static Structure),
    /// Structures by a name of the user's, or of an enumeration.
    Map(&'static Structure),
}

const fn member(name: &'static str, terraform: &'static str, kind: Kind) -> Member {
    Member { name, terraform: Some(terraform), cloudformation: true, kind }
}

const fn not_in_terraform(name: &'static str, kind: Kind) -> Member {
    Member { name, terraform: None, cloudformation: true, kind }
}

const fn not_in_cloudformation(name: &'static str, terraform: &'static str, kind: Kind) -> Member {
    Member { name, terraform: Some(terraform), cloudformation: false, kind }
}

const fn api_only(name: &'static str, kind: Kind) -> Member {
    Member { name, terraform: None, cloudformation: false, kind }
}

impl Structure {
    /// The member of a name in the API.
    pub(super) fn member(&self, name: &str) -> Option<&'static Member> {
        self.members.iter().find(|member| member.name == name)
    }
}
