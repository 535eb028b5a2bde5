//! The managed groups of AWS, whether they ship here or not: what each costs a web ACL.
//!
//! Source: AWS WAF Developer Guide, "AWS Managed Rules rule groups list".

/// The vendor AWS itself goes by.
pub(crate) const AWS: &str = "AWS";

/// Names and capacity units.
pub(crate) static KNOWN_GROUPS: &[(&str, u64)] = &[
    ("AWSManagedRulesACFPRuleSet", 50),
    ("AWSManagedRulesATPRuleSet", 50),
    ("AWSManagedRulesAdminProtectionRuleSet", 100),
    ("AWSManagedRulesAmazonIpReputationList", 25),
    ("AWSManagedRulesAnonymousIpList", 50),
    ("AWSManagedRulesAntiDDoSRuleSet", 50),
    ("AWSManagedRulesBotControlRuleSet", 50),
    ("AWSManagedRulesCommonRuleSet", 700),
    ("AWSManagedRulesKnownBadInputsRuleSet", 200),
    ("AWSManagedRulesLinuxRuleSet", 200),
    ("AWSManagedRulesPHPRuleSet", 100),
    ("AWSManagedRulesSQLiRuleSet", 200),
    ("AWSManagedRulesUnixRuleSet", 100),
    ("AWSManagedRulesWindowsRuleSet", 200),
    ("AWSManagedRulesWordPressRuleSet", 100),
];

/// What a group costs, if AWS knows it.
pub(crate) fn wcu(vendor: &str, name: &str) -> Option<u64> {
    let found = KNOWN_GROUPS.iter().find(|(known, _)| vendor == AWS && *known == name);
    found.map(|&(_, wcu)| wcu)
}

#[cfg(test)]
mod tests {
    use super::{AWS, KNOWN_GROUPS, wcu};
    use crate::aws::api_model::shared;

    #[test]
    fn groups_and_prices_are_those_of_aws() {
        let Some(known) = shared("managed-rules.json") else { return };
        let known = known.as_object().unwrap();
        assert_eq!(known.len(), KNOWN_GROUPS.len());
        for (name, group) in known {
            assert_eq!(wcu(AWS, name), group["WCU"].as_u64(), "{name}");
        }
        assert_eq!(wcu("Somebody", "AWSManagedRulesCommonRuleSet"), None);
    }
}
