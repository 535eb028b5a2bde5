//! A web ACL as large as AWS allows: 1,000 rules that take 5,000 capacity units, mixed as grown ones are.
//!
//! Capacity: AWS WAF Developer Guide, the pages of each rule statement.

use serde_json::{Value, json};

/// The rules of the web ACL.
pub(crate) const RULES: usize = 1000;
/// What AWS allows a web ACL.
pub(crate) const CAPACITY: u64 = 5000;

const ACCOUNT: &str = "arn:aws:wafv2:us-east-1:111122223333:regional";
const WORDS: &[&str] = &[
    "admin",
    "backup",
    "config",
    "console",
    "debug",
    "export",
    "internal",
    "legacy",
    "metrics",
    "old",
    "phpmyadmin",
    "private",
    "report",
    "setup",
    "shell",
    "staging",
    "status",
    "swagger",
    "test",
    "upload",
    "vendor",
    "wp-login",
    "xmlrpc",
    "actuator",
];
const COUNTRIES: &[&str] = &["KP", "IR", "SY", "CU", "RU", "BY", "VE", "MM", "SD", "LY"];
const HEADERS: &[&str] = &["user-agent", "referer", "x-api-key", "accept-language", "x-requested-with", "origin"];

/// Numbers that look random and are the same each time.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `sides`.
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits fit") % sides
    }

    fn pick(&mut self, words: &[&'static str]) -> &'static str {
        words[self.roll(words.len())]
    }
}

/// A statement and its capacity units.
type Weighed = (Value, u64);
/// Makes the statement of a number.
type Kind = fn(&mut Dice, usize) -> Weighed;

/// The web ACL and the documents it refers to, each as the API prints it.
pub(crate) fn large() -> (String, Vec<String>) {
    let mut dice = Dice(42);
    let mut rules = Vec::new();
    let mut capacity = 0;
    // How many rules of each kind; in the end AWS's limit is met exactly by plain comparisons.
    let kinds: [(usize, Kind); 11] = [
        (45, contains),
        (120, regex),
        (8, pattern_set),
        (12, sqli),
        (8, xss),
        (40, rate),
        (50, combined),
        (150, ip_set),
        (100, geo),
        (100, label),
        (100, size),
    ];
    for (count, kind) in kinds {
        for number in 0..count {
            let (statement, units) = kind(&mut dice, number);
            capacity += units;
            rules.push(statement);
        }
    }
    let left = RULES - rules.len();
    for number in 0..left {
        let rest = CAPACITY - capacity - 2 * (left - number) as u64;
        let (statement, units) = compare(&mut dice, number, rest >= 10);
        capacity += units;
        rules.push(statement);
    }
    assert!((CAPACITY - 10..=CAPACITY).contains(&capacity), "{capacity} capacity units");
    // Kinds stand mixed, as they do where rules were added over years.
    for at in (1..rules.len()).rev() {
        rules.swap(at, dice.roll(at + 1));
    }
    let rules: Vec<Value> = rules.into_iter().enumerate().map(|(at, statement)| rule(at, statement)).collect();
    let acl = json!({"WebACL": {
        "Name": "large", "Id": "1", "ARN": format!("{ACCOUNT}/webacl/large/1"), "DefaultAction": {"Allow": {}},
        "VisibilityConfig": visibility("large"), "Capacity": capacity, "Rules": rules,
    }});
    (acl.to_string(), sets())
}

fn visibility(name: &str) -> Value {
    json!({"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": name})
}

fn rule(at: usize, statement: Value) -> Value {
    let name = format!("rule-{at}");
    let action = if at.is_multiple_of(7) { json!({"Count": {}}) } else { json!({"Block": {}}) };
    json!({
        "Name": name, "Priority": at, "Statement": statement, "Action": action, "VisibilityConfig": visibility(&name),
        "RuleLabels": [{"Name": format!("team{}:rule{at}", at % 12)}],
    })
}

fn chain(names: &[&str]) -> Value {
    let names = if names.is_empty() { &["NONE"] } else { names };
    names.iter().enumerate().map(|(at, name)| json!({"Priority": at, "Type": name})).collect()
}

fn byte_match(field: Value, literal: &str, position: &str, transforms: &[&str]) -> Value {
    json!({"ByteMatchStatement": {
        "SearchString": blob(literal), "FieldToMatch": field, "TextTransformations": chain(transforms),
        "PositionalConstraint": position,
    }})
}

/// What the API prints a blob as.
fn blob(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// A path, a header or a cookie compared: 2 units, 12 with a transformation.
fn compare(dice: &mut Dice, number: usize, transformed: bool) -> Weighed {
    let word = dice.pick(WORDS);
    let transforms: &[&str] = if transformed { &["LOWERCASE"] } else { &[] };
    let units = if transformed { 12 } else { 2 };
    let statement = match number % 5 {
        0 | 1 => byte_match(json!({"UriPath": {}}), &format!("/{word}/{number}"), "STARTS_WITH", transforms),
        2 => byte_match(json!({"UriPath": {}}), &format!("/{word}-{number}.php"), "ENDS_WITH", transforms),
        3 => {
            let header = dice.pick(HEADERS);
            byte_match(json!({"SingleHeader": {"Name": header}}), &format!("{word}-{number}"), "EXACTLY", transforms)
        }
        _ => byte_match(json!({"SingleQueryArgument": {"Name": word}}), &format!("v{number}"), "EXACTLY", transforms),
    };
    (statement, units)
}

fn contains(dice: &mut Dice, number: usize) -> Weighed {
    let word = dice.pick(WORDS);
    let chains: [&[&str]; 4] = [&["LOWERCASE"], &["URL_DECODE"], &["COMPRESS_WHITE_SPACE"], &["HTML_ENTITY_DECODE"]];
    let transforms = chains[number % 4];
    let all_headers = json!({"MatchPattern": {"All": {}}, "MatchScope": "VALUE", "OversizeHandling": "CONTINUE"});
    let field = match number % 5 {
        0 => json!({"QueryString": {}}),
        1 => json!({"UriPath": {}}),
        2 => json!({"Headers": all_headers}),
        3 => json!({"Cookies": all_headers}),
        _ => json!({"Body": {"OversizeHandling": "CONTINUE"}}),
    };
    (byte_match(field, &format!("{word}={number}"), "CONTAINS", transforms), 20)
}

fn regex(dice: &mut Dice, number: usize) -> Weighed {
    let (word, other) = (dice.pick(WORDS), dice.pick(WORDS));
    let patterns = [
        format!("^/{word}/[0-9]+/{other}$"),
        format!("(?i){word}[-_ ]?{other}\\d{{1,3}}"),
        format!("^(?:{word}|{other})\\.(?:php|asp|jsp){number}"),
        format!("/{word}/(?:[^/]+/)*{other}{number}"),
        format!("\\b{word}{number}\\b"),
    ];
    let field = match number % 4 {
        0 | 1 => json!({"UriPath": {}}),
        2 => json!({"QueryString": {}}),
        _ => json!({"SingleHeader": {"Name": dice.pick(HEADERS)}}),
    };
    let statement = json!({"RegexMatchStatement": {
        "RegexString": patterns[number % patterns.len()], "FieldToMatch": field, "TextTransformations": chain(&[]),
    }});
    (statement, 3)
}

fn pattern_set(_: &mut Dice, number: usize) -> Weighed {
    let field = if number.is_multiple_of(2) { json!({"UriPath": {}}) } else { json!({"QueryString": {}}) };
    let statement = json!({"RegexPatternSetReferenceStatement": {
        "ARN": format!("{ACCOUNT}/regexpatternset/patterns-{}/1", number % 4), "FieldToMatch": field,
        "TextTransformations": chain(&["URL_DECODE"]),
    }});
    (statement, 35)
}

fn sqli(_: &mut Dice, number: usize) -> Weighed {
    let field = match number % 3 {
        0 => json!({"QueryString": {}}),
        1 => json!({"Body": {"OversizeHandling": "CONTINUE"}}),
        _ => json!({"SingleHeader": {"Name": "referer"}}),
    };
    let statement = json!({"SqliMatchStatement": {
        "FieldToMatch": field, "TextTransformations": chain(&["URL_DECODE"]), "SensitivityLevel": "LOW",
    }});
    (statement, 30)
}

fn xss(_: &mut Dice, number: usize) -> Weighed {
    let field = match number % 3 {
        0 => json!({"QueryString": {}}),
        1 => json!({"Body": {"OversizeHandling": "CONTINUE"}}),
        _ => json!({"SingleHeader": {"Name": "cookie"}}),
    };
    let statement = json!({"XssMatchStatement": {
        "FieldToMatch": field, "TextTransformations": chain(&["HTML_ENTITY_DECODE"]),
    }});
    (statement, 50)
}

fn rate(dice: &mut Dice, number: usize) -> Weighed {
    let scope = byte_match(json!({"UriPath": {}}), &format!("/{}/{number}", dice.pick(WORDS)), "STARTS_WITH", &[]);
    let statement = json!({"RateBasedStatement": {
        "Limit": 100 + number, "EvaluationWindowSec": 300, "AggregateKeyType": "IP", "ScopeDownStatement": scope,
    }});
    (statement, 4)
}

fn combined(dice: &mut Dice, number: usize) -> Weighed {
    let (first, units) = compare(dice, number, number.is_multiple_of(2));
    let (second, more) = compare(dice, number + 1000, false);
    let (third, most) = geo(dice, number);
    let any = json!({"OrStatement": {"Statements": [second, third]}});
    let not = json!({"NotStatement": {"Statement": {"LabelMatchStatement": {"Scope": "LABEL", "Key": "team1:rule1"}}}});
    (json!({"AndStatement": {"Statements": [first, any, not]}}), units + more + most + 1)
}

fn ip_set(_: &mut Dice, number: usize) -> Weighed {
    let reference = json!({"ARN": format!("{ACCOUNT}/ipset/addresses-{}/1", number % 20)});
    let mut statement = json!({"IPSetReferenceStatement": reference});
    if number.is_multiple_of(10) {
        statement["IPSetReferenceStatement"]["IPSetForwardedIPConfig"] =
            json!({"HeaderName": "X-Forwarded-For", "FallbackBehavior": "NO_MATCH", "Position": "FIRST"});
    }
    (statement, 1)
}

fn geo(dice: &mut Dice, _: usize) -> Weighed {
    (json!({"GeoMatchStatement": {"CountryCodes": [dice.pick(COUNTRIES)]}}), 1)
}

fn label(dice: &mut Dice, number: usize) -> Weighed {
    let (scope, key) = match number % 3 {
        0 => ("NAMESPACE", format!("team{}:", dice.roll(12))),
        1 => {
            let rule = dice.roll(RULES);
            ("LABEL", format!("team{}:rule{rule}", rule % 12))
        }
        _ => ("LABEL", format!("awswaf:clientip:geo:country:{}", dice.pick(COUNTRIES))),
    };
    (json!({"LabelMatchStatement": {"Scope": scope, "Key": key}}), 1)
}

fn size(dice: &mut Dice, number: usize) -> Weighed {
    let field = match number % 4 {
        0 => json!({"QueryString": {}}),
        1 => json!({"UriPath": {}}),
        2 => json!({"Body": {"OversizeHandling": "CONTINUE"}}),
        _ => json!({"SingleHeader": {"Name": dice.pick(HEADERS)}}),
    };
    let statement = json!({"SizeConstraintStatement": {
        "FieldToMatch": field, "ComparisonOperator": "GT", "Size": 2000 + number, "TextTransformations": chain(&[]),
    }});
    (statement, 1)
}

/// Twenty sets of 500 ranges and four of ten patterns.
fn sets() -> Vec<String> {
    let mut dice = Dice(7);
    let mut documents = Vec::new();
    for set in 0..20 {
        let addresses: Vec<String> =
            (0..500).map(|_| format!("{}.{}.{}.0/24", 1 + dice.roll(99), dice.roll(256), dice.roll(256))).collect();
        documents.push(json!({"IPSet": {
            "Name": format!("addresses-{set}"), "Id": "1", "ARN": format!("{ACCOUNT}/ipset/addresses-{set}/1"),
            "IPAddressVersion": "IPV4", "Addresses": addresses,
        }, "LockToken": "t"}));
    }
    for set in 0..4 {
        let patterns: Vec<Value> = (0..10)
            .map(|at| json!({"RegexString": format!("(?i)(?:^|/){}[^a-z]{{0,3}}{}{at}", dice.pick(WORDS), dice.pick(WORDS))}))
            .collect();
        documents.push(json!({"RegexPatternSet": {
            "Name": format!("patterns-{set}"), "Id": "1", "ARN": format!("{ACCOUNT}/regexpatternset/patterns-{set}/1"),
            "RegularExpressionList": patterns,
        }, "LockToken": "t"}));
    }
    documents.into_iter().map(|document| document.to_string()).collect()
}
