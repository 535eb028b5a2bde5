//! The words of the readable form.

use crate::forms::piece::PieceKind;

/// The lists a file has, by kind of what is in them.
pub(super) static SECTIONS: &[(&str, PieceKind)] = &[
    ("web-acls", PieceKind::WebAcl),
    ("rule-groups", PieceKind::RuleGroup),
    ("ip-sets", PieceKind::IpSet),
    ("regex-pattern-sets", PieceKind::RegexPatternSet),
    ("logging", PieceKind::Logging),
];

/// The key that tells the form, and its only value so far.
pub(super) const MARK: (&str, &str) = ("sekisho", "acl/1");

/// Members of resources that have a short name and the same value.
pub(super) static PLAIN: &[(&str, &str)] = &[
    ("name", "Name"),
    ("arn", "ARN"),
    ("id", "Id"),
    ("description", "Description"),
    ("capacity", "Capacity"),
    ("token-domains", "TokenDomains"),
    ("addresses", "Addresses"),
    ("version", "IPAddressVersion"),
];

/// How strings are compared: our word, the API's.
pub(super) static POSITIONS: &[(&str, &str)] = &[
    ("equals", "EXACTLY"),
    ("starts-with", "STARTS_WITH"),
    ("ends-with", "ENDS_WITH"),
    ("contains", "CONTAINS"),
    ("contains-word", "CONTAINS_WORD"),
];

/// How sizes are compared.
pub(super) static COMPARISONS: &[(&str, &str)] =
    &[("=", "EQ"), ("!=", "NE"), ("<=", "LE"), ("<", "LT"), (">=", "GE"), (">", "GT")];

/// Parts of a request that have nothing to say besides.
pub(super) static BARE_FIELDS: &[(&str, &str)] =
    &[("path", "UriPath"), ("query", "QueryString"), ("method", "Method"), ("query-arguments", "AllQueryArguments")];

/// Parts of a request with a name after a space.
pub(super) static NAMED_FIELDS: &[(&str, &str)] =
    &[("header ", "SingleHeader"), ("query-argument ", "SingleQueryArgument")];

/// Parts of a request with options: our word, the API's, and the options as (ours, theirs).
pub(super) type Options = &'static [(&'static str, &'static str)];
pub(super) static OPTION_FIELDS: &[(&str, &str, Options)] = &[
    ("body", "Body", &[("oversize", "OversizeHandling")]),
    (
        "json-body",
        "JsonBody",
        &[("scope", "MatchScope"), ("invalid", "InvalidFallbackBehavior"), ("oversize", "OversizeHandling")],
    ),
    ("headers", "Headers", &[("scope", "MatchScope"), ("oversize", "OversizeHandling")]),
    ("cookies", "Cookies", &[("scope", "MatchScope"), ("oversize", "OversizeHandling")]),
    ("header-order", "HeaderOrder", &[("oversize", "OversizeHandling")]),
    ("ja3", "JA3Fingerprint", &[("missing", "FallbackBehavior")]),
    ("ja4", "JA4Fingerprint", &[("missing", "FallbackBehavior")]),
    ("uri-fragment", "UriFragment", &[("missing", "FallbackBehavior")]),
];

/// Which of several headers, cookies or paths: the field, and its members for some and for all but some.
pub(super) static PATTERNS: &[(&str, &str, Option<&str>)] = &[
    ("Headers", "IncludedHeaders", Some("ExcludedHeaders")),
    ("Cookies", "IncludedCookies", Some("ExcludedCookies")),
    ("JsonBody", "IncludedPaths", None),
];

/// What a rule does.
pub(super) static ACTIONS: &[(&str, &str)] =
    &[("allow", "Allow"), ("block", "Block"), ("count", "Count"), ("captcha", "Captcha"), ("challenge", "Challenge")];

/// What the Core Rule Set is told: ours, theirs.
pub(super) static CORE_RULE_SET: &[(&str, &str)] = &[
    ("paranoia", "ParanoiaLevel"),
    ("inbound-threshold", "InboundAnomalyScoreThreshold"),
    ("outbound-threshold", "OutboundAnomalyScoreThreshold"),
];

/// Keys of rate statements with the same value: ours, theirs.
pub(super) static RATE_PLAIN: &[(&str, &str)] = &[("limit", "Limit"), ("window-seconds", "EvaluationWindowSec")];

/// A value of an enumeration in small letters: `URL_DECODE` is `url-decode`. None if it does not read back.
pub(super) fn word(api: &str) -> Option<String> {
    let word = api.to_ascii_lowercase().replace('_', "-");
    (api_word(&word) == api && !word.is_empty()).then_some(word)
}

/// The API's value of a word.
pub(super) fn api_word(word: &str) -> String {
    word.to_ascii_uppercase().replace('-', "_")
}

/// The API's name of ours.
pub(super) fn theirs(table: &'static [(&'static str, &'static str)], ours: &str) -> Option<&'static str> {
    table.iter().find(|(word, _)| *word == ours).map(|&(_, api)| api)
}

/// Our name of the API's.
pub(super) fn ours(table: &'static [(&'static str, &'static str)], theirs: &str) -> Option<&'static str> {
    table.iter().find(|(_, api)| *api == theirs).map(|&(word, _)| word)
}
