//! Actions: what happens to a request, with custom headers and responses.
//!
//! Source: AWS WAF Developer Guide, "Using rule actions in AWS WAF", "Custom web requests and responses in AWS WAF".

use std::collections::BTreeMap;

use sekisho_waf::ir::{Action, BlockResponse, HeaderInsert, ResponseBody, TokenAction};

use super::shape::{Charset, Members, Shape, choice, empty, integer, items, optional, required, text, unsupported};
use super::token::Immunity;
use crate::document::Node;
use crate::report::{Report, quoted};

pub(crate) static RULE_ACTION: Shape = Shape {
    name: "RuleAction",
    members: &[
        optional("Block"),
        optional("Allow"),
        optional("Count"),
        optional("Captcha"),
        optional("Challenge"),
        unsupported("Monetize", "it sells access by way of AWS's own payment service: take another action"),
    ],
};

pub(crate) static DEFAULT_ACTION: Shape =
    Shape { name: "DefaultAction", members: &[optional("Block"), optional("Allow")] };

pub(crate) static OVERRIDE_ACTION: Shape =
    Shape { name: "OverrideAction", members: &[optional("Count"), optional("None")] };

pub(crate) static BLOCK_ACTION: Shape = Shape { name: "BlockAction", members: &[optional("CustomResponse")] };
pub(crate) static ALLOW_ACTION: Shape = Shape { name: "AllowAction", members: &[optional("CustomRequestHandling")] };
pub(crate) static COUNT_ACTION: Shape = Shape { name: "CountAction", members: &[optional("CustomRequestHandling")] };
pub(crate) static CAPTCHA_ACTION: Shape =
    Shape { name: "CaptchaAction", members: &[optional("CustomRequestHandling")] };
pub(crate) static CHALLENGE_ACTION: Shape =
    Shape { name: "ChallengeAction", members: &[optional("CustomRequestHandling")] };
pub(crate) static NONE_ACTION: Shape = empty("NoneAction");

/// `OverrideAction: Count` shares the structure of a rule's `Count`, and inserts no headers.
///
/// Source: AWS WAF Developer Guide, "Inserting custom request headers for non-blocking actions": rule actions and the
/// default action do.
static COUNT_OVERRIDE: Shape = Shape {
    name: "CountAction",
    members: &[unsupported(
        "CustomRequestHandling",
        "rules insert headers, the override of a group does not: override its rules with `RuleActionOverrides`",
    )],
};

pub(crate) static CUSTOM_RESPONSE: Shape = Shape {
    name: "CustomResponse",
    members: &[required("ResponseCode"), optional("CustomResponseBodyKey"), optional("ResponseHeaders")],
};

pub(crate) static CUSTOM_REQUEST_HANDLING: Shape =
    Shape { name: "CustomRequestHandling", members: &[required("InsertHeaders")] };

pub(crate) static CUSTOM_HTTP_HEADER: Shape =
    Shape { name: "CustomHTTPHeader", members: &[required("Name"), required("Value")] };

pub(crate) static CUSTOM_RESPONSE_BODY: Shape =
    Shape { name: "CustomResponseBody", members: &[required("ContentType"), required("Content")] };

pub(crate) static CONTENT_TYPES: &[(&str, &str)] =
    &[("TEXT_PLAIN", "text/plain"), ("TEXT_HTML", "text/html"), ("APPLICATION_JSON", "application/json")];

/// What AWS puts before the name of a header it adds to a request.
const INSERTED_PREFIX: &str = "x-amzn-waf-";

/// The bodies of custom responses, by key.
#[derive(Debug, Default)]
pub(crate) struct ResponseBodies {
    bodies: BTreeMap<String, ResponseBody>,
    /// Keys whose body has errors: they exist, so references to them are not reported too.
    broken: Vec<String>,
}

impl ResponseBodies {
    /// Reads `CustomResponseBodies`.
    pub(crate) fn read(node: Option<Node<'_>>, report: &mut Report) -> Self {
        let mut found = Self::default();
        for (key, value) in node.and_then(|node| node.object(report)).unwrap_or_default() {
            match CUSTOM_RESPONSE_BODY.open(value, report).and_then(|members| read_body(members, report)) {
                Some(body) => drop(found.bodies.insert(key.text().to_owned(), body)),
                None => found.broken.push(key.text().to_owned()),
            }
        }
        found
    }

    fn find(&self, node: Node<'_>, report: &mut Report) -> Option<ResponseBody> {
        let key = text(node, 1..=128, Charset::Name, report)?;
        let body = self.bodies.get(key).cloned();
        if body.is_none() && !self.broken.iter().any(|broken| broken == key) {
            let message = format!("no custom response body is called {}", quoted(key));
            let mut diagnostic = node.error("unknown-response-body", message);
            diagnostic.help = report.did_you_mean(key, self.bodies.keys().map(String::as_str)).or_else(|| {
                let none = self.bodies.is_empty() && self.broken.is_empty();
                none.then(|| "none is defined: see `CustomResponseBodies`".to_owned())
            });
            report.push(diagnostic);
        }
        body
    }
}

fn read_body(members: Members<'_>, report: &mut Report) -> Option<ResponseBody> {
    let content_type = members.get("ContentType").and_then(|node| choice(node, "content type", CONTENT_TYPES, report));
    let content = members.get("Content").and_then(|node| text(node, 1..=10_240, Charset::Any, report));
    Some(ResponseBody { content_type: content_type?.to_owned(), content: content?.to_owned() })
}

/// Reads the action of a rule. `immunity` is the rule's, or the web ACL's.
pub(crate) fn read_rule_action(
    node: Node<'_>,
    bodies: &ResponseBodies,
    immunity: Immunity,
    report: &mut Report,
) -> Option<Action> {
    read(&RULE_ACTION, node, bodies, immunity, report)
}

/// Reads the default action of a web ACL.
pub(crate) fn read_default_action(node: Node<'_>, bodies: &ResponseBodies, report: &mut Report) -> Option<Action> {
    read(&DEFAULT_ACTION, node, bodies, Immunity::default(), report)
}

/// Reads the override of a group's result: whether it is only counted.
pub(crate) fn read_override_action(node: Node<'_>, report: &mut Report) -> Option<bool> {
    let (member, value) = OVERRIDE_ACTION.open_union(node, report)?;
    let counts = member.name == "Count";
    let shape = if counts { &COUNT_OVERRIDE } else { &NONE_ACTION };
    shape.open(value, report).map(|_| counts)
}

fn read(
    union: &'static Shape,
    node: Node<'_>,
    bodies: &ResponseBodies,
    immunity: Immunity,
    report: &mut Report,
) -> Option<Action> {
    let (member, value) = union.open_union(node, report)?;
    Some(match member.name {
        "Allow" => Action::Allow { insert: read_insert(ALLOW_ACTION.open(value, report)?, report)? },
        "Count" => Action::Count { insert: read_insert(COUNT_ACTION.open(value, report)?, report)? },
        "Captcha" => Action::Captcha(TokenAction {
            insert: read_insert(CAPTCHA_ACTION.open(value, report)?, report)?,
            immunity_s: immunity.captcha_s(),
        }),
        "Challenge" => Action::Challenge(TokenAction {
            insert: read_insert(CHALLENGE_ACTION.open(value, report)?, report)?,
            immunity_s: immunity.challenge_s(),
        }),
        _ => match BLOCK_ACTION.open(value, report)?.get("CustomResponse") {
            Some(response) => Action::Block(read_response(response, bodies, report)?),
            None => Action::block(),
        },
    })
}

fn read_insert(members: Members<'_>, report: &mut Report) -> Option<Vec<HeaderInsert>> {
    let Some(handling) = members.get("CustomRequestHandling") else { return Some(Vec::new()) };
    let headers = CUSTOM_REQUEST_HANDLING.open(handling, report)?.get("InsertHeaders")?;
    read_headers(headers, INSERTED_PREFIX, report)
}

fn read_response(node: Node<'_>, bodies: &ResponseBodies, report: &mut Report) -> Option<BlockResponse> {
    let members = CUSTOM_RESPONSE.open(node, report)?;
    let status = members.get("ResponseCode").and_then(|node| integer(node, 200..=599, report));
    let headers = members.get("ResponseHeaders").map(|node| read_headers(node, "", report));
    let body = members.get("CustomResponseBodyKey").map(|node| bodies.find(node, report));
    Some(BlockResponse {
        status: u16::try_from(status?).ok()?,
        headers: headers.unwrap_or(Some(Vec::new()))?,
        body: match body {
            Some(body) => Some(body?),
            None => None,
        },
    })
}

fn read_headers(node: Node<'_>, prefix: &str, report: &mut Report) -> Option<Vec<HeaderInsert>> {
    let mut headers: Vec<Option<HeaderInsert>> = Vec::new();
    for item in items(node, 1..usize::MAX, report)? {
        headers.push(CUSTOM_HTTP_HEADER.open(item, report).and_then(|members| read_header(members, prefix, report)));
    }
    let headers: Vec<_> = headers.into_iter().collect::<Option<_>>()?;
    let mut names: Vec<String> = headers.iter().map(|header: &HeaderInsert| header.name.to_ascii_lowercase()).collect();
    names.sort_unstable();
    if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        report.push(node.error("duplicate-header", format!("the header {} stands more than once", quoted(&pair[0]))));
        return None;
    }
    Some(headers)
}

fn read_header(members: Members<'_>, prefix: &str, report: &mut Report) -> Option<HeaderInsert> {
    let name = members.get("Name").and_then(|node| text(node, 1..=64, Charset::HeaderName, report));
    let value = members.get("Value").and_then(|node| {
        let value = text(node, 1..=255, Charset::Any, report)?;
        // A line break here would forge further headers. Source: RFC 9110, section 5.5.
        if value.chars().any(|c| c.is_control() && c != '\t') {
            report.push(node.error("bad-characters", "a header value must not have control characters"));
            return None;
        }
        Some(value)
    });
    Some(HeaderInsert { name: format!("{prefix}{}", name?), value: value?.to_owned() })
}
