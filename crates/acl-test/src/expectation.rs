//! What must come of a request.

use crate::json;
use crate::problems::Problems;
use crate::tree::{Tree, Value};

/// The keys of an expectation.
pub(crate) const FIELDS: &[&str] =
    &["action", "rule", "labels", "counted", "response", "inserted", "oversize", "proof", "logged", "record"];

const RESPONSE_FIELDS: &[&str] = &["status", "content_type", "body", "headers"];
const NAMES_FIELDS: &[&str] = &["exactly", "including", "without"];

/// What must come of a request; nothing is expected of what is not said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expectation {
    /// What is decided.
    pub action: Option<ActionName>,
    /// Which rule decides: `rule`, `rule/member` of a group, or `Default_Action`.
    pub rule: Option<String>,
    /// Labels, fully qualified or by their last segments.
    pub labels: Option<Names>,
    /// Rules that match and do not decide: `rule` or `rule/member`.
    pub counted: Option<Names>,
    /// What the client gets if the request is blocked.
    pub response: Option<ResponseExpectation>,
    /// Headers that the request goes on with, besides its own.
    pub inserted: Option<Vec<(String, String)>>,
    /// Parts of the request that rules look at and that are larger than is inspected, by their names in the log.
    pub oversize: Option<Names>,
    /// What came of asking for proof of a solved puzzle (`captcha`) or a met challenge: `VALID`, or why the token is not
    /// good, by its name in the log; nothing if no rule asked.
    pub proof: Option<Vec<(String, String)>>,
    /// Whether a record is written.
    pub logged: Option<bool>,
    /// What must stand in the record, among other things; null for a key that must not be there.
    pub record: Option<serde_json::Value>,
}

/// A decision by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionName {
    /// The request goes on.
    Allow,
    /// The request is refused.
    Block,
    /// The request goes on by the default action, and a rule counted it.
    Count,
    /// The client must solve a puzzle.
    Captcha,
    /// The client's browser must meet a challenge.
    Challenge,
}

pub(crate) const ACTIONS: &[(&str, ActionName)] = &[
    ("allow", ActionName::Allow),
    ("block", ActionName::Block),
    ("count", ActionName::Count),
    ("captcha", ActionName::Captcha),
    ("challenge", ActionName::Challenge),
];

/// What a list of names must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// These and no others.
    pub exactly: Option<Vec<String>>,
    /// At least these.
    pub including: Vec<String>,
    /// None of these.
    pub without: Vec<String>,
}

/// What the client must get.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResponseExpectation {
    /// The status code.
    pub status: Option<u16>,
    /// The type of the body.
    pub content_type: Option<String>,
    /// The body.
    pub body: Option<String>,
    /// Headers among the others.
    pub headers: Vec<(String, String)>,
}

impl ActionName {
    /// Its name in a test.
    #[must_use]
    pub fn name(self) -> &'static str {
        ACTIONS.iter().find(|(_, action)| *action == self).map_or("", |(name, _)| name)
    }
}

impl Expectation {
    /// Reads the fields of an expectation among others.
    pub(crate) fn of_fields(tree: &Tree, problems: &mut Problems<'_>) -> Self {
        let mut expected = Self::default();
        for entry in tree.entries().unwrap_or_default() {
            let tree = &entry.tree;
            match entry.key.as_str() {
                "action" => expected.action = problems.choice(tree, "action", ACTIONS),
                "rule" => expected.rule = problems.text(tree),
                "labels" => expected.labels = Names::read(tree, problems),
                "counted" => expected.counted = Names::read(tree, problems),
                "response" => expected.response = ResponseExpectation::read(tree, problems),
                "inserted" => expected.inserted = pairs(tree, problems),
                "oversize" => expected.oversize = Names::read(tree, problems),
                "logged" => match tree.value {
                    Value::Bool(logged) => expected.logged = Some(logged),
                    _ => problems.mismatch(tree, "true or false"),
                },
                "record" => expected.record = Some(json::value(tree)),
                "proof" => expected.proof = pairs(tree, problems),
                _ => {}
            }
        }
        expected
    }

    /// The rules that it names.
    pub(crate) fn rules(&self) -> impl Iterator<Item = &str> {
        let counted = self.counted.iter().flat_map(|names| names.exactly.iter().flatten().chain(&names.including));
        self.rule.iter().chain(counted).map(String::as_str)
    }
}

impl Names {
    /// A list is all there is; a mapping says what must and what must not be among them.
    fn read(tree: &Tree, problems: &mut Problems<'_>) -> Option<Self> {
        let mut names = Self::default();
        let Value::Map(entries) = &tree.value else {
            return Some(Self { exactly: Some(problems.texts(tree)?), ..names });
        };
        problems.mapping(tree, NAMES_FIELDS)?;
        for entry in entries {
            let listed = problems.texts(&entry.tree)?;
            match entry.key.as_str() {
                "exactly" => names.exactly = Some(listed),
                "including" => names.including = listed,
                _ => names.without = listed,
            }
        }
        Some(names)
    }
}

impl ResponseExpectation {
    fn read(tree: &Tree, problems: &mut Problems<'_>) -> Option<Self> {
        let mut expected = Self::default();
        for entry in problems.mapping(tree, RESPONSE_FIELDS)? {
            let tree = &entry.tree;
            match entry.key.as_str() {
                "status" => {
                    expected.status = problems.number(tree, 100..=599).and_then(|status| u16::try_from(status).ok());
                }
                "content_type" => expected.content_type = problems.text(tree),
                "body" => expected.body = problems.text(tree),
                _ => expected.headers = pairs(tree, problems)?,
            }
        }
        Some(expected)
    }
}

/// A mapping from names to values.
fn pairs(tree: &Tree, problems: &mut Problems<'_>) -> Option<Vec<(String, String)>> {
    let Some(entries) = tree.entries() else {
        problems.mismatch(tree, "a mapping from names to values");
        return None;
    };
    entries.iter().map(|entry| Some((entry.key.clone(), problems.text(&entry.tree)?))).collect()
}
