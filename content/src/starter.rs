//! The web ACL to begin with: what a small shop can switch on and forget.

use ipnet::IpNet;
use sekisho_model::SourceFile;
use serde_json::Value;

use crate::Lists;
use crate::embedded::{file, files_in};

/// A web ACL and the documents of the sets it refers to, in the shapes of `aws wafv2 get-web-acl` and `get-ip-set`.
#[derive(Debug, Clone)]
pub struct Starter {
    /// The web ACL.
    pub acl: SourceFile,
    /// The sets.
    pub resources: Vec<SourceFile>,
}

/// The starter web ACL, its allow list filled from `lists`.
#[must_use]
pub fn starter(lists: &Lists) -> Starter {
    let resources = files_in("starter-resources").iter().map(|set| filled(set, &lists.allow)).collect();
    Starter { acl: file("starter-acl.json"), resources }
}

/// The document of an IP set with those of `ranges` that are of its version.
fn filled(set: &SourceFile, ranges: &[IpNet]) -> SourceFile {
    let mut document: Value = serde_json::from_str(set.text()).expect("the set is JSON: a test reads it");
    let wants_v6 = document["IPSet"]["IPAddressVersion"] == "IPV6";
    let wanted = ranges.iter().filter(|range| matches!(range, IpNet::V6(_)) == wants_v6);
    document["IPSet"]["Addresses"] = wanted.map(|range| Value::from(range.to_string())).collect();
    SourceFile::new(set.name(), format!("{document:#}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_allow_list_is_filled_by_version() {
        let allow = vec!["203.0.113.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
        let sets = starter(&Lists { allow, ..Lists::default() }).resources;
        for (version, range, other) in
            [("IPV4", "203.0.113.0/24", "2001:db8::/32"), ("IPV6", "2001:db8::/32", "203.0.113.0/24")]
        {
            let set = sets.iter().find(|set| set.text().contains(version)).unwrap();
            assert!(set.text().contains(range) && !set.text().contains(other), "{}", set.text());
        }
    }
}
