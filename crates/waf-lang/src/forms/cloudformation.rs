//! CloudFormation templates, in YAML or JSON.
//!
//! What only CloudFormation can work out (conditions, mappings, imports, macros) is refused by name; the way out is to
//! read the deployed web ACL.

mod intrinsic;
mod template;
mod write;

pub(super) use self::template::read_template;
pub(super) use self::write::write;

/// The way out of everything that only CloudFormation can resolve.
const DEPLOYED_HELP: &str = "read the deployed one: the output of `aws wafv2 get-web-acl` loads here too";
