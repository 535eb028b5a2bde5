//! What the provider refuses though the API takes it.
//!
//! Source: Terraform AWS provider 6.x, validation of `aws_wafv2_web_acl` and `aws_wafv2_rule_group`.

use super::FORM;
use crate::document::Node;
use crate::forms::schema::{Kind as Shape, Structure};
use crate::forms::write::refuse;
use crate::report::Report;

/// How deep `and`, `or` and `not` nest within a rule, and within a scope-down statement.
const LEVELS_MAX: usize = 3;
const SCOPE_DOWN_LEVELS_MAX: usize = 2;
/// Longest metric name, in bytes.
const METRIC_BYTES_MAX: usize = 128;
/// Longest name of a single header and of a single query argument, in bytes.
const HEADER_BYTES_MAX: usize = 40;
const ARGUMENT_BYTES_MAX: usize = 30;
/// The largest size to compare with, in bytes.
const SIZE_BYTES_MAX: i64 = i32::MAX as i64;

/// Reports everything below a node that the provider would refuse.
pub(super) fn check(structure: &'static Structure, node: Node<'_>, report: &mut Report) {
    check_nested(structure, node, LEVELS_MAX, report);
}

fn check_nested(structure: &'static Structure, node: Node<'_>, levels_left: usize, report: &mut Report) {
    check_structure(structure, node, report);
    for member in structure.members {
        let Some(found) = node.get(member.name) else { continue };
        let left = match member.name {
            "AndStatement" | "OrStatement" | "NotStatement" => {
                let Some(left) = levels_left.checked_sub(1) else {
                    refuse(found, FORM, "statements nested this deep: three levels of and, or, not", report);
                    continue;
                };
                left
            }
            "ScopeDownStatement" => SCOPE_DOWN_LEVELS_MAX,
            _ => levels_left,
        };
        match member.kind {
            Shape::One(inner) => check_nested(inner, found, left, report),
            Shape::Many(inner) => {
                for item in found.as_array().into_iter().flatten() {
                    check_nested(inner, item, left, report);
                }
            }
            _ => {}
        }
    }
}

fn check_structure(structure: &'static Structure, node: Node<'_>, report: &mut Report) {
    let of = |key: &str| node.get(key);
    let lowercase =
        |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
    let too_long = match structure.name {
        "SingleHeader" => Some(HEADER_BYTES_MAX),
        "SingleQueryArgument" => Some(ARGUMENT_BYTES_MAX),
        _ => None,
    };
    if let (Some(max), Some(name)) = (too_long, of("Name"))
        && name.as_str().is_some_and(|text| text.len() > max || !lowercase(&text.to_ascii_lowercase()))
    {
        let what = format!("this name: at most {max} letters, digits, `_` and `-`");
        refuse(name, FORM, &what, report);
    }
    let metric = |text: &str| {
        text.len() <= METRIC_BYTES_MAX && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    };
    if let Some(name) = of("MetricName").filter(|name| name.as_str().is_some_and(|text| !metric(text))) {
        refuse(name, FORM, "this metric name: at most 128 letters, digits, `_` and `-`", report);
    }
    if structure.name == "SizeConstraintStatement"
        && let Some(size) = of("Size").filter(|size| size.as_i64().is_some_and(|bytes| bytes > SIZE_BYTES_MAX))
    {
        refuse(size, FORM, "a size of more than 2147483647 bytes", report);
    }
}
