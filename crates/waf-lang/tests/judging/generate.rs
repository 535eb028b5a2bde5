//! Rules and requests out of a small common stock, so that rules often match, nearly match and change what others see.

use proptest::prelude::*;
use proptest::sample::select;

const TARGETS: &[&str] = &[
    "ARGS",
    "ARGS_NAMES",
    "ARGS:a",
    "ARGS|!ARGS:a",
    "ARGS:/^a/",
    "ARGS_GET|ARGS_POST_NAMES",
    "REQUEST_COOKIES|REQUEST_COOKIES_NAMES|!REQUEST_COOKIES:/^__/",
    "REQUEST_HEADERS",
    "REQUEST_HEADERS_NAMES",
    "REQUEST_HEADERS:User-Agent|REQUEST_HEADERS:X-A",
    "REQUEST_URI",
    "REQUEST_FILENAME|ARGS",
    "REQUEST_BODY",
    "QUERY_STRING",
    "REQUEST_METHOD",
    "RESPONSE_BODY",
    "RESPONSE_HEADERS",
    "TX:a",
    "TX:/^v_/",
    "ARGS|TX:b|MATCHED_VAR",
    "MATCHED_VARS",
    "MATCHED_VARS_NAMES|ARGS_NAMES",
    "&ARGS",
    "&TX:a",
    "XML:/*|ARGS",
    "REMOTE_ADDR",
];

const TRANSFORMS: &[&str] = &[
    "none",
    "lowercase",
    "urlDecode",
    "urlDecodeUni",
    "htmlEntityDecode",
    "jsDecode",
    "cssDecode",
    "removeNulls",
    "removeWhitespace",
    "compressWhitespace",
    "replaceComments",
    "normalizePath",
    "normalizePathWin",
    "cmdLine",
    "base64Decode",
    "hexDecode",
    "escapeSeqDecode",
    "trim",
    "length",
    "sha1",
    "hexEncode",
    "utf8toUnicode",
    "uppercase",
    "sqlHexDecode",
];

const LITERALS: &[&str] = &[
    "union", "select", "script", "etc", "passwd", "admin", "cat", "or", "eval", "http", "a", "b", "x", "1", "0", "é",
    "%", "\\.", "\\(", "/", "<", ">", "=", "'", "\\s", "\\x00", "\\x{c3}", "-", "_", ";", "\\n",
];

const PIECES: &[&str] = &[
    "[a-z]",
    "[^a-z]",
    "\\w",
    "\\W",
    "\\d",
    "\\s*",
    ".",
    ".*",
    ".{0,5}",
    "\\b",
    "^",
    "$",
    "[0-9a-f]{2}",
    "[\\s\\x0b]+",
    "[\"'`]",
    "(?:a|b)?",
    "(?i:Union)",
];

const WORDS: &[&str] = &[
    "union",
    "UNION",
    "select",
    "Select",
    "<script>",
    "script",
    "etc/passwd",
    "../",
    "..\\",
    "admin",
    "cat",
    "CAT",
    " or 1=1",
    "' or '",
    "eval(",
    "http://",
    "a",
    "b",
    "x",
    "1",
    "0",
    " ",
    "  ",
    "+",
    "%20",
    "%2e%2e%2f",
    "%3Cscript%3E",
    "&lt;",
    "&#x61;",
    "\\u0061",
    "\\x61",
    "/**/",
    "/*x*/",
    "-- ",
    ";",
    "é",
    "%C3%A9",
    "%00",
    "YWRtaW4=",
    "61646d696e",
    "0x61646d",
    "c^a\"t",
    "\\n",
    "%0a",
    "=",
    "_",
    "-",
    "%u0061",
];

/// What rules are held against.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) query: String,
    pub(crate) cookie: String,
    pub(crate) agent: String,
    pub(crate) header: Vec<u8>,
    pub(crate) is_form: bool,
    pub(crate) body: Vec<u8>,
    pub(crate) response: Vec<u8>,
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(select(WORDS), 0..6).prop_map(|words| words.concat())
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        9 => select(WORDS).prop_map(|word| word.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..5),
    ];
    prop::collection::vec(word, 0..8).prop_map(|words| words.concat())
}

fn arguments() -> impl Strategy<Value = String> {
    let name = prop_oneof![3 => select(&["a", "A", "ab", "b", "q", "__c"][..]).prop_map(str::to_owned), 1 => text()];
    let encoded = text().prop_map(|text| text.replace('&', "%26").replace('#', "%23"));
    let argument = (name, encoded).prop_map(|(name, value)| format!("{}={value}", name.replace(['&', '=', '#'], "")));
    prop::collection::vec(argument, 0..5).prop_map(|arguments| arguments.join("&"))
}

pub(crate) fn sent() -> impl Strategy<Value = Sent> {
    let body = prop_oneof![arguments().prop_map(String::into_bytes), bytes()];
    let cookie = prop::collection::vec((select(&["a", "__utm", "c"][..]), text()), 0..3).prop_map(|cookies| {
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    });
    (arguments(), cookie, text(), bytes(), any::<bool>(), body, bytes()).prop_map(
        |(query, cookie, agent, header, is_form, body, response)| Sent {
            query,
            cookie,
            agent,
            header,
            is_form,
            body,
            response,
        },
    )
}

fn pattern() -> impl Strategy<Value = String> {
    let atom = prop_oneof![3 => select(LITERALS), 1 => select(PIECES)].prop_map(str::to_owned);
    let sequence = prop::collection::vec(atom, 1..5).prop_map(|atoms| atoms.concat());
    let nested = sequence.clone().prop_recursive(2, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|options| format!("(?:{})", options.join("|"))),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|parts| parts.concat()),
            inner.clone().prop_map(|inner| format!("({inner})+")),
            inner.prop_map(|inner| format!("(?:{inner}){{0,2}}")),
        ]
    });
    (any::<bool>(), nested).prop_map(|(any_case, pattern)| format!("{}{pattern}", if any_case { "(?i)" } else { "" }))
}

fn operator() -> impl Strategy<Value = String> {
    let plain = |text: String| text.replace(['%', '"', '\\'], "");
    let words =
        prop::collection::vec(select(WORDS), 1..4).prop_map(|words| words.concat().replace(['%', '"', '\\'], ""));
    prop_oneof![
        8 => pattern().prop_map(|pattern| format!("@rx {}", pattern.replace('"', "\\x22"))),
        2 => words.clone().prop_map(|words| format!("@pm {words} zzz")),
        3 => (select(&["contains", "streq", "beginsWith", "endsWith", "within", "containsWord"][..]), select(WORDS))
            .prop_map(move |(name, word)| format!("@{name} {}", plain(word.to_owned()))),
        1 => select(&["@detectSQLi", "@detectXSS", "@validateByteRange 32-126", "@validateUrlEncoding"][..])
            .prop_map(str::to_owned),
        2 => (select(&["eq", "ge", "lt", "gt"][..]), select(&["0", "1", "2", "%{tx.a}"][..]))
            .prop_map(|(name, number)| format!("@{name} {number}")),
        1 => Just("@contains %{tx.b}".to_owned()),
        1 => Just("@unconditionalMatch".to_owned()),
    ]
}

fn effect() -> impl Strategy<Value = &'static str> {
    select(
        &[
            "setvar:tx.a=+1",
            "setvar:'tx.b=%{MATCHED_VAR}'",
            "setvar:'tx.v_%{MATCHED_VAR_NAME}=%{tx.0}'",
            "setvar:!tx.b",
            "capture",
            "multiMatch",
        ][..],
    )
}

fn link() -> impl Strategy<Value = (String, String)> {
    let transforms = prop::collection::vec(select(TRANSFORMS), 0..4)
        .prop_map(|names| names.iter().map(|name| format!(",t:{name}")).collect::<String>());
    let effects = prop::collection::vec(effect(), 0..3)
        .prop_map(|effects| effects.iter().map(|effect| format!(",{effect}")).collect::<String>());
    (select(TARGETS), prop::bool::weighted(0.15), operator(), transforms, effects).prop_map(
        |(target, negated, operator, transforms, effects)| {
            let sign = if negated { "!" } else { "" };
            (format!("SecRule {target} \"{sign}{operator}\""), format!("{transforms}{effects}"))
        },
    )
}

fn flow() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        6 => Just(",pass"),
        1 => select(
            &[
                ",deny",
                ",pass,skip:1",
                ",pass,skipAfter:END",
                ",pass,ctl:ruleRemoveTargetById=1-9;ARGS:a",
                ",pass,ctl:ruleRemoveById=3",
                ",pass,ctl:requestBodyProcessor=XML",
                ",allow:phase",
            ][..]
        ),
    ]
}

/// Rules with the numbers 1, 2, ….
pub(crate) fn rules() -> impl Strategy<Value = String> {
    let rule = (prop::collection::vec(link(), 1..4), select(&[1, 2, 2, 2, 3, 4, 5][..]), flow());
    prop::collection::vec(rule, 1..10).prop_map(|rules| {
        let mut text = "SecRuleEngine On\nSecRequestBodyAccess On\nSecResponseBodyAccess On\n".to_owned();
        for (at, (links, phase, flow)) in rules.iter().enumerate() {
            let last = links.len() - 1;
            for (position, (test, actions)) in links.iter().enumerate() {
                let head = if position == 0 {
                    format!("id:{},phase:{phase},log,msg:'%{{MATCHED_VAR_NAME}}',logdata:'%{{MATCHED_VAR}} %{{tx.0}}'{flow}", at + 1)
                } else {
                    "t:none".to_owned()
                };
                let chain = if position < last { ",chain" } else { "" };
                text.push_str(&format!("{test} \"{head}{actions}{chain}\"\n"));
            }
        }
        text.push_str("SecMarker END\n");
        text
    })
}
