//! `AssociationConfig`: how many body bytes are inspected, by the kind of resource in front of which the web ACL stands.
//!
//! Source: AWS WAF Developer Guide, "Considerations for managing body inspection in AWS WAF".

use super::shape::{Shape, choice, optional, required, unsupported};
use crate::document::Node;
use crate::report::{Report, quoted};

pub(crate) static ASSOCIATION_CONFIG: Shape = Shape {
    name: "AssociationConfig",
    members: &[
        optional("RequestBody"),
        unsupported("ChallengeJavascriptSdkInjection", "responses are not changed here: put the script into the pages"),
    ],
};

pub(crate) static RESOURCE_TYPE_CONFIG: Shape =
    Shape { name: "RequestBodyAssociatedResourceTypeConfig", members: &[required("DefaultSizeInspectionLimit")] };

/// The kinds of resource with a body limit of their own. Load balancers and AppSync have a fixed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResourceType {
    /// A CloudFront distribution.
    CloudFront,
    /// An API Gateway REST API.
    ApiGateway,
    /// A Cognito user pool.
    CognitoUserPool,
    /// An App Runner service.
    AppRunnerService,
    /// A Verified Access instance.
    VerifiedAccessInstance,
    /// An AgentCore gateway.
    AgentCoreGateway,
    /// An Application Load Balancer, or AppSync: no entry applies to it.
    LoadBalancer,
}

pub(crate) static RESOURCE_TYPES: &[(&str, ResourceType)] = &[
    ("CLOUDFRONT", ResourceType::CloudFront),
    ("API_GATEWAY", ResourceType::ApiGateway),
    ("COGNITO_USER_POOL", ResourceType::CognitoUserPool),
    ("APP_RUNNER_SERVICE", ResourceType::AppRunnerService),
    ("VERIFIED_ACCESS_INSTANCE", ResourceType::VerifiedAccessInstance),
    ("AGENTCORE_GATEWAY", ResourceType::AgentCoreGateway),
];

/// In bytes.
pub(crate) static LIMITS: &[(&str, usize)] =
    &[("KB_16", 16 << 10), ("KB_32", 32 << 10), ("KB_48", 48 << 10), ("KB_64", 64 << 10)];

/// Reads the body limit for a kind of resource, in bytes. If the kind is not known, the largest of all is taken.
pub(crate) fn read(node: Node<'_>, resource: Option<ResourceType>, report: &mut Report) -> Option<usize> {
    let request_body = ASSOCIATION_CONFIG.open(node, report)?.get("RequestBody")?;
    let mut limits = Vec::new();
    for (key, value) in request_body.object(report)? {
        let kind = RESOURCE_TYPES.iter().find(|(name, _)| *name == key.text()).map(|&(_, kind)| kind);
        if kind.is_none() {
            let message = format!("{} is no resource type", quoted(key.text()));
            let mut diagnostic = key.error("unknown-value", message);
            diagnostic.help = report.did_you_mean(key.text(), RESOURCE_TYPES.iter().map(|(name, _)| *name));
            report.push(diagnostic);
        }
        let limit = RESOURCE_TYPE_CONFIG
            .open(value, report)
            .and_then(|members| members.get("DefaultSizeInspectionLimit"))
            .and_then(|node| choice(node, "inspection limit", LIMITS, report));
        limits.extend(kind.zip(limit));
    }
    if let Some(resource) = resource {
        return limits.iter().find(|(kind, _)| *kind == resource).map(|&(_, limit)| limit);
    }
    let largest = limits.iter().map(|&(_, limit)| limit).max()?;
    if limits.iter().any(|&(_, limit)| limit != largest) {
        let message = format!("the body limits differ by resource type: the largest, {largest} bytes, is taken");
        let help = "say which kind of resource this stands in for to take another";
        report.push(request_body.warning("ambiguous-body-limit", message).help(help));
    }
    Some(largest)
}
