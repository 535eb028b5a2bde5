//! Lists of addresses that the operator fills: empty, unless he names files for them.

use ipnet::IpNet;

/// The operator's lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lists {
    /// Addresses that the starter web ACL lets through unseen.
    pub allow: Vec<IpNet>,
    /// Addresses of ill repute, for the rule `AWSManagedIPReputationList`.
    pub reputation: Vec<IpNet>,
    /// Addresses that scan, for the rule `AWSManagedReconnaissanceList`.
    pub reconnaissance: Vec<IpNet>,
    /// Addresses that take part in floods, for the rule `AWSManagedIPDDoSList`.
    pub ddos: Vec<IpNet>,
}

impl Lists {
    /// The lists that statements of rules name, with their contents.
    pub(crate) fn named(&self) -> [(&'static str, &[IpNet]); 3] {
        [
            ("sekisho:list/ip-reputation", &self.reputation),
            ("sekisho:list/ip-reconnaissance", &self.reconnaissance),
            ("sekisho:list/ip-ddos", &self.ddos),
        ]
    }
}
