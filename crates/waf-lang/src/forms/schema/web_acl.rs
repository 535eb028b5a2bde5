//! What only web ACLs have: limits, protection of data, and what Firewall Manager and others add, as [`super`] describes them.

use super::Kind::{Flag, Many, Map, One, Text, Texts, Whole};
use super::rule::{OVERRIDE_ACTION, VISIBILITY_CONFIG};
use super::statement::{MANAGED_RULE_GROUP_STATEMENT, RULE_GROUP_REFERENCE_STATEMENT};
use super::{Structure, api_only, member, not_in_terraform};

pub(in crate::forms) static ASSOCIATION_CONFIG: Structure = Structure {
    name: "AssociationConfig",
    members: &[
        member("RequestBody", "request_body", Map(&REQUEST_BODY_ASSOCIATED_RESOURCE_TYPE_CONFIG)),
        api_only("ChallengeJavascriptSdkInjection", Map(&CHALLENGE_JAVASCRIPT_SDK_INJECTION_CONFIG)),
    ],
};

pub(in crate::forms) static REQUEST_BODY_ASSOCIATED_RESOURCE_TYPE_CONFIG: Structure = Structure {
    name: "RequestBodyAssociatedResourceTypeConfig",
    members: &[member("DefaultSizeInspectionLimit", "default_size_inspection_limit", Text)],
};

pub(in crate::forms) static CHALLENGE_JAVASCRIPT_SDK_INJECTION_CONFIG: Structure =
    Structure { name: "ChallengeJavascriptSdkInjectionConfig", members: &[] };

pub(in crate::forms) static DATA_PROTECTION_CONFIG: Structure = Structure {
    name: "DataProtectionConfig",
    members: &[member("DataProtections", "data_protection", Many(&DATA_PROTECTION))],
};

pub(in crate::forms) static DATA_PROTECTION: Structure = Structure {
    name: "DataProtection",
    members: &[
        member("Field", "field", One(&FIELD_TO_PROTECT)),
        member("Action", "action", Text),
        member("ExcludeRuleMatchDetails", "exclude_rule_match_details", Flag),
        member("ExcludeRateBasedDetails", "exclude_rate_based_details", Flag),
    ],
};

pub(in crate::forms) static FIELD_TO_PROTECT: Structure = Structure {
    name: "FieldToProtect",
    members: &[member("FieldType", "field_type", Text), member("FieldKeys", "field_keys", Texts)],
};

pub(in crate::forms) static FIREWALL_MANAGER_RULE_GROUP: Structure = Structure {
    name: "FirewallManagerRuleGroup",
    members: &[
        api_only("Name", Text),
        api_only("Priority", Whole),
        api_only("FirewallManagerStatement", One(&FIREWALL_MANAGER_STATEMENT)),
        api_only("OverrideAction", One(&OVERRIDE_ACTION)),
        api_only("VisibilityConfig", One(&VISIBILITY_CONFIG)),
    ],
};

pub(in crate::forms) static FIREWALL_MANAGER_STATEMENT: Structure = Structure {
    name: "FirewallManagerStatement",
    members: &[
        api_only("ManagedRuleGroupStatement", One(&MANAGED_RULE_GROUP_STATEMENT)),
        api_only("RuleGroupReferenceStatement", One(&RULE_GROUP_REFERENCE_STATEMENT)),
    ],
};

pub(in crate::forms) static ON_SOURCE_DDOS_PROTECTION_CONFIG: Structure =
    Structure { name: "OnSourceDDoSProtectionConfig", members: &[not_in_terraform("ALBLowReputationMode", Text)] };

pub(in crate::forms) static APPLICATION_CONFIG: Structure =
    Structure { name: "ApplicationConfig", members: &[api_only("Attributes", Many(&APPLICATION_ATTRIBUTE))] };

pub(in crate::forms) static APPLICATION_ATTRIBUTE: Structure =
    Structure { name: "ApplicationAttribute", members: &[api_only("Name", Text), api_only("Values", Texts)] };

pub(in crate::forms) static MONETIZATION_CONFIG: Structure = Structure {
    name: "MonetizationConfig",
    members: &[
        api_only("CryptoConfig", One(&CRYPTO_CONFIG)),
        api_only("ConnectedAccountConfigs", Many(&CONNECTED_ACCOUNT_CONFIG)),
        api_only("CurrencyMode", Text),
    ],
};

pub(in crate::forms) static CRYPTO_CONFIG: Structure =
    Structure { name: "CryptoConfig", members: &[api_only("PaymentNetworks", Many(&PAYMENT_NETWORK))] };

pub(in crate::forms) static PAYMENT_NETWORK: Structure = Structure {
    name: "PaymentNetwork",
    members: &[api_only("Chain", Text), api_only("WalletAddress", Text), api_only("Prices", Many(&PRICE))],
};

pub(in crate::forms) static PRICE: Structure =
    Structure { name: "Price", members: &[api_only("Amount", Text), api_only("Currency", Text)] };

pub(in crate::forms) static CONNECTED_ACCOUNT_CONFIG: Structure = Structure {
    name: "ConnectedAccountConfig",
    members: &[
        api_only("ConnectedAccountArn", Text),
        api_only("PaymentNetworks", Many(&CONNECTED_ACCOUNT_CHAIN_CONFIG)),
    ],
};

pub(in crate::forms) static CONNECTED_ACCOUNT_CHAIN_CONFIG: Structure = Structure {
    name: "ConnectedAccountChainConfig",
    members: &[api_only("Chain", Text), api_only("Prices", Many(&CONNECTED_ACCOUNT_PRICE))],
};

pub(in crate::forms) static CONNECTED_ACCOUNT_PRICE: Structure =
    Structure { name: "ConnectedAccountPrice", members: &[api_only("Amount", Text), api_only("Currency", Text)] };
