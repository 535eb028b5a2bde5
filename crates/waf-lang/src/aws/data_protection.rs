//! `DataProtectionConfig`: which parts of requests are not kept as they came.
//!
//! Source: AWS WAF Developer Guide, "Data protection", "Data protection exceptions"; API reference, `FieldToProtect`.

use sekisho_waf::ir::{ProtectedPart, Protection, ProtectionMethod, RequestPart};

use super::shape::{Charset, Members, Shape, choice, items, optional, required, text};
use crate::document::Node;
use crate::report::{Report, quoted};

pub(crate) static DATA_PROTECTION_CONFIG: Shape =
    Shape { name: "DataProtectionConfig", members: &[required("DataProtections")] };

pub(crate) static DATA_PROTECTION: Shape = Shape {
    name: "DataProtection",
    members: &[
        required("Field"),
        required("Action"),
        optional("ExcludeRuleMatchDetails"),
        optional("ExcludeRateBasedDetails"),
    ],
};

pub(crate) static FIELD_TO_PROTECT: Shape =
    Shape { name: "FieldToProtect", members: &[required("FieldType"), optional("FieldKeys")] };

/// Protections of one web ACL. Source: API model, `DataProtections`.
const PROTECTIONS_MAX: usize = 26;
/// Keys of one protection. Source: API model, `FieldToProtectKeys`.
const KEYS_MAX: usize = 100;

/// The kinds of field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldType {
    SingleHeader,
    SingleCookie,
    SingleQueryArgument,
    QueryString,
    Body,
}

pub(crate) static FIELD_TYPES: &[(&str, FieldType)] = &[
    ("SINGLE_HEADER", FieldType::SingleHeader),
    ("SINGLE_COOKIE", FieldType::SingleCookie),
    ("SINGLE_QUERY_ARGUMENT", FieldType::SingleQueryArgument),
    ("QUERY_STRING", FieldType::QueryString),
    ("BODY", FieldType::Body),
];

pub(crate) static ACTIONS: &[(&str, ProtectionMethod)] =
    &[("SUBSTITUTION", ProtectionMethod::Substitute), ("HASH", ProtectionMethod::Hash)];

/// Reads a `DataProtectionConfig` of a web ACL that belongs to `account`, which every hash begins with.
pub(crate) fn read(node: Node<'_>, account: &str, report: &mut Report) -> Option<Protection> {
    let list = DATA_PROTECTION_CONFIG.open(node, report)?.get("DataProtections")?;
    let mut parts = Vec::new();
    for item in items(list, 1..PROTECTIONS_MAX + 1, report)? {
        parts.extend(
            DATA_PROTECTION.open(item, report).and_then(|members| read_one(members, report)).unwrap_or_default(),
        );
    }
    Some(Protection { hash_prefix: account.to_owned(), parts })
}

fn read_one(members: Members<'_>, report: &mut Report) -> Option<Vec<ProtectedPart>> {
    let parts = members.get("Field").and_then(|node| read_field(node, report));
    let method = members.get("Action").and_then(|node| choice(node, "data protection action", ACTIONS, report));
    let mut flag = |name| members.get(name).map_or(Some(false), |node| node.boolean(report));
    let shown_in_match_details = flag("ExcludeRuleMatchDetails");
    let shown_in_rate_details = flag("ExcludeRateBasedDetails");
    let (method, shown_in_match_details) = (method?, shown_in_match_details?);
    let shown_in_rate_details = shown_in_rate_details?;
    let protected = |part| ProtectedPart { part, method, shown_in_match_details, shown_in_rate_details };
    Some(parts?.into_iter().map(protected).collect())
}

fn read_field(node: Node<'_>, report: &mut Report) -> Option<Vec<RequestPart>> {
    let members = FIELD_TO_PROTECT.open(node, report)?;
    let kind_node = members.get("FieldType")?;
    let kind = choice(kind_node, "field type", FIELD_TYPES, report);
    let keys = match members.get("FieldKeys") {
        Some(keys) => read_keys(keys, report)?,
        None => Vec::new(),
    };
    let kind = kind?;
    let keyed: fn(&str) -> RequestPart = match kind {
        FieldType::SingleHeader => |key| RequestPart::Header(key.to_ascii_lowercase()),
        FieldType::SingleCookie => |key| RequestPart::Cookie(key.to_owned()),
        FieldType::SingleQueryArgument => |key| RequestPart::QueryArgument(key.to_lowercase()),
        FieldType::QueryString | FieldType::Body => {
            if !keys.is_empty() {
                let message = format!("{} is protected whole and takes no `FieldKeys`", quoted(kind_node.as_str()?));
                report.push(members.get("FieldKeys").unwrap_or(node).error("unexpected-field", message));
                return None;
            }
            let part = if kind == FieldType::Body { RequestPart::Body } else { RequestPart::QueryString };
            return Some(vec![part]);
        }
    };
    if keys.is_empty() {
        let message = format!("{} needs `FieldKeys`: the names to protect", quoted(kind_node.as_str()?));
        report.push(node.error("missing-field", message).help("all keys of a field cannot be named at once"));
        return None;
    }
    Some(keys.into_iter().map(keyed).collect())
}

fn read_keys<'d>(node: Node<'d>, report: &mut Report) -> Option<Vec<&'d str>> {
    let keys: Vec<_> = items(node, 0..KEYS_MAX + 1, report)?
        .into_iter()
        .map(|key| text(key, 1..=64, Charset::NotBlank, report))
        .collect();
    keys.into_iter().collect()
}
