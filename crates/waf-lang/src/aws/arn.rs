//! Amazon Resource Names of WAFv2 resources: `arn:<partition>:wafv2:<region>:<account>:<scope>/<kind>/<name>/<id>`.
//!
//! Source: AWS Service Authorization Reference, "Actions, resources, and condition keys for AWS WAF V2".

use super::shape::{Charset, text};
use crate::document::Node;
use crate::report::Report;

/// The parts of an ARN that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arn<'a> {
    /// The whole of it.
    pub(crate) text: &'a str,
    /// The account that owns the resource.
    pub(crate) account: &'a str,
    /// Whether it belongs to CloudFront.
    pub(crate) global: bool,
    /// The resource's name.
    pub(crate) name: &'a str,
    /// Its identifier.
    pub(crate) id: &'a str,
}

/// The kinds of resource an ARN names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ResourceKind {
    WebAcl,
    IpSet,
    RegexPatternSet,
    RuleGroup,
}

impl ResourceKind {
    /// Its word in an ARN.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::WebAcl => "webacl",
            Self::IpSet => "ipset",
            Self::RegexPatternSet => "regexpatternset",
            Self::RuleGroup => "rulegroup",
        }
    }

    /// The command that prints the document of such a resource.
    pub(crate) const fn command(self) -> &'static str {
        match self {
            Self::WebAcl => "get-web-acl",
            Self::IpSet => "get-ip-set",
            Self::RegexPatternSet => "get-regex-pattern-set",
            Self::RuleGroup => "get-rule-group",
        }
    }
}

/// Reads the ARN of a resource of a kind.
pub(crate) fn read<'d>(node: Node<'d>, kind: ResourceKind, report: &mut Report) -> Option<Arn<'d>> {
    let text = text(node, 20..=2048, Charset::NotBlank, report)?;
    let arn = parse(text, kind);
    if arn.is_none() {
        let form = format!("arn:aws:wafv2:<region>:<account>:regional/{}/<name>/<id>", kind.word());
        let message = format!("expected the ARN of a {}", kind.word());
        report.push(node.error("bad-arn", message).help(format!("its form is {form}")));
    }
    arn
}

fn parse(text: &str, kind: ResourceKind) -> Option<Arn<'_>> {
    let mut parts = text.splitn(6, ':');
    let fixed = parts.next()? == "arn" && parts.next()?.starts_with("aws") && parts.next()? == "wafv2";
    let (_region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    let mut resource = resource.split('/');
    let (scope, word, name, id) = (resource.next()?, resource.next()?, resource.next()?, resource.next()?);
    let whole = fixed
        && resource.next().is_none()
        && matches!(scope, "regional" | "global")
        && word == kind.word()
        && !account.is_empty()
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && !name.is_empty()
        && !id.is_empty();
    whole.then_some(Arn { text, account, global: scope == "global", name, id })
}

#[cfg(test)]
mod tests {
    use super::{ResourceKind, parse};

    #[test]
    fn takes_a_wafv2_arn_apart() {
        let text = "arn:aws-cn:wafv2:cn-north-1:111122223333:regional/ipset/office/a1b2";
        let arn = parse(text, ResourceKind::IpSet).unwrap();
        assert_eq!((arn.account, arn.name, arn.id, arn.global), ("111122223333", "office", "a1b2", false));
        assert_eq!(parse(text, ResourceKind::RuleGroup), None);
    }

    #[test]
    fn refuses_anything_else() {
        for text in [
            "",
            "arn",
            "arn:aws:s3:::bucket",
            "arn:aws:wafv2:r:1:regional/ipset/x",
            "arn:aws:wafv2:r:x:regional/ipset/x/y",
        ] {
            assert_eq!(parse(text, ResourceKind::IpSet), None, "{text}");
        }
    }
}
