//! What is masked.

use schemars::JsonSchema;
use serde::Deserialize;

/// What stands in place of a secret, as AWS WAF writes it for a redacted field.
pub const REDACTED: &str = "REDACTED";

/// Names of fields whose values are masked unless others are set: headers that carry credentials, and what forms, configurations and tokens
/// call their secrets. Any case.
pub const SECRET_NAMES: &[&str] = &[
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    "x-amz-security-token",
    "x-aws-waf-token",
    "password",
    "passwd",
    "client_secret",
    "access_token",
    "refresh_token",
    "id_token",
    "api_key",
    "secretAccessKey",
    "sessionToken",
];

/// Names that may be set, each held against every byte at once.
pub(crate) const NAMES_MAX: usize = 256;
/// Bytes of a name.
pub(crate) const NAME_BYTES_MAX: usize = 128;
/// Patterns that may be set: each costs a search of every record.
pub(crate) const PATTERNS_MAX: usize = 32;

/// What is masked in records.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MaskSettings {
    /// Whether payment card numbers are masked, all but their last four digits.
    pub cards: bool,
    /// Names of JSON members, query arguments and headers whose values are masked. Any case; letters, digits, `.`, `_` and `-`. If they
    /// are not set, the usual names of passwords, tokens and cookies.
    pub names: Vec<String>,
    /// Patterns whose matches are masked.
    pub patterns: Vec<Pattern>,
}

/// A pattern whose matches are masked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    /// What it is called where masked values are counted.
    pub name: String,
    /// A regular expression (syntax of the Rust crate `regex`). If it has a group, the first group is masked, otherwise the whole match.
    pub regex: String,
}

impl Pattern {
    /// A pattern that matches any of these secrets as it is, and as JSON writes it. None of them may be empty.
    #[must_use]
    pub fn of_secrets(name: String, secrets: &[&str]) -> Self {
        let mut forms: Vec<String> = Vec::new();
        for secret in secrets {
            let escaped = secret.replace('\\', r"\\").replace('"', r#"\""#);
            forms.extend([regex::escape(&escaped), regex::escape(secret)]);
        }
        // Where one secret begins like another, the longer one is covered whole.
        forms.sort_unstable_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        forms.dedup();
        Self { name, regex: forms.join("|") }
    }
}

impl Default for MaskSettings {
    fn default() -> Self {
        let names = SECRET_NAMES.iter().map(|name| (*name).to_owned()).collect();
        Self { cards: true, names, patterns: Vec::new() }
    }
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MaskError {
    /// A name cannot be a field's.
    #[error("`{0}` is no name of a field: 1 to {NAME_BYTES_MAX} letters, digits, `.`, `_` and `-`")]
    Name(String),
    /// There are too many names.
    #[error("{0} names of secret fields, {NAMES_MAX} may be set")]
    Names(usize),
    /// There are too many patterns.
    #[error("{0} patterns of secrets, {PATTERNS_MAX} may be set")]
    Patterns(usize),
    /// A pattern is none.
    #[error("the pattern `{name}`")]
    Pattern {
        /// What it is called.
        name: String,
        /// What is wrong with it.
        source: Box<regex::Error>,
    },
    /// A pattern matches nothing at all, which is everywhere.
    #[error("the pattern `{0}` matches the empty text")]
    EmptyPattern(String),
    /// The names cannot be searched for together.
    #[error("the names of secret fields")]
    Search(#[from] aho_corasick::BuildError),
}
