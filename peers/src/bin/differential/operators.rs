//! Transformations and operators beside libmodsecurity: the same directives, the same values.
//!
//! A difference without a cause in [`cause`] is a fault. `docs/seclang.md` tells of the causes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use fastrand::Rng;
use sekisho_model::Timestamp;
use sekisho_waf::transaction::{InspectedBody, PhasedContext, PhasedRules, Transaction};
use sekisho_waf::{Body, Client, Header, Limits, Request};
use sekisho_waf_lang::seclang::{Entry, LoadOptions, NoFiles, load};

use crate::values::value;

/// Most differences that are printed, of one transformation or operator.
const SHOWN_MAX: usize = 3;

const TRANSFORMATIONS: &[&str] = &[
    "base64Decode",
    "base64DecodeExt",
    "base64Encode",
    "cmdLine",
    "compressWhitespace",
    "cssDecode",
    "escapeSeqDecode",
    "hexDecode",
    "hexEncode",
    "htmlEntityDecode",
    "jsDecode",
    "length",
    "lowercase",
    "md5",
    "normalizePath",
    "normalizePathWin",
    "parityEven7bit",
    "parityOdd7bit",
    "parityZero7bit",
    "removeComments",
    "removeCommentsChar",
    "removeNulls",
    "removeWhitespace",
    "replaceComments",
    "replaceNulls",
    "sha1",
    "sqlHexDecode",
    "trim",
    "trimLeft",
    "trimRight",
    "uppercase",
    "urlDecode",
    "urlDecodeUni",
    "urlEncode",
    "utf8toUnicode",
];

const OPERATORS: &[&str] = &[
    "@beginsWith ab",
    "@contains ab",
    "@containsWord abc",
    "@detectSQLi",
    "@detectXSS",
    "@endsWith bc",
    "@eq 12",
    "@ge 12",
    "@gt -5",
    "@ipMatch 10.0.0.0/8,::1",
    "@le 12",
    "@lt 9",
    "@pm abc union select 12",
    "@rx (a)(b)?|%u?([0-9a-f]{2})",
    "@streq abc",
    "@strmatch bcd",
    "@validateByteRange 9,10,32-126",
    "@validateUrlEncoding",
    "@validateUtf8Encoding",
    "@verifyCC \\d{13,16}",
    "@verifyCPF \\d{3}\\.?\\d{3}\\.?\\d{3}-?\\d{2}",
    "@verifySSN \\d{3}-?\\d{2}-?\\d{4}",
    "@verifySVNR \\d{10}",
    "@within abcd union 12 10.1.2.3",
];

/// Why two outcomes may differ, if it is known.
fn cause(name: &str, value: &[u8], theirs: &Seen, ours: &Seen) -> Option<&'static str> {
    let has = |piece: &[u8]| value.windows(piece.len()).any(|window| window == piece);
    let caught = |seen: &Seen| seen.caught.clone().unwrap_or_default();
    let is_beginning_there = caught(ours).starts_with(&caught(theirs));
    match name {
        "cssDecode" if has(b"\0") => Some("ends at a NUL there"),
        "cssDecode" if has(b"\\") => Some("low bytes of escapes there"),
        "escapeSeqDecode" if has(b"\\x") || has(b"\\X") => Some("\\x without digits"),
        "hexDecode" if ours.caught.as_deref() == Some("") => Some("bytes of any pair of characters there"),
        "base64Decode" if has(b" \n") || has(b" \r") => Some("blanks before the end of a line go there"),
        "base64Decode" | "base64DecodeExt" if is_beginning_there => Some("ends where padding is missing there"),
        "normalizePath" | "normalizePathWin" if has(b"..") => Some("names that end in .. there"),
        "normalizePathWin" if theirs.caught.as_deref().map(slashes) == ours.caught => Some("backslashes stay there"),
        "removeWhitespace" if has(b"\xc2") => Some("every byte 0xC2 goes there"),
        "sqlHexDecode" if has(b"\0") || caught(ours).as_bytes().chunks(2).any(|byte| byte == b"00") => {
            Some("ends at a NUL there")
        }
        "sqlHexDecode" if value.windows(3).any(|three| three[0].is_ascii_hexdigit() && three[1..] == *b"0x") => {
            Some("two numbers without anything between")
        }
        "@ipMatch" if has(b"\0") => Some("ends at a NUL there"),
        "@verifyCC" | "@verifyCPF" | "@verifySSN" | "@verifySVNR" if theirs.matched && ours.matched => {
            Some("another of several numbers")
        }
        "sqlHexDecode" if theirs.caught.as_deref() == ours.caught.as_deref().map(without_last) => {
            Some("without its last byte there")
        }
        "@within" if has(b"\0") => Some("ends at a NUL there"),
        "@eq" | "@ge" | "@gt" | "@le" | "@lt" if value.iter().filter(|byte| byte.is_ascii_digit()).count() >= 10 => {
            Some("numbers of more than 32 bits")
        }
        "@detectXSS" if has(b"on") => Some("attributes that begin with on"),
        _ => None,
    }
}

/// Hexadecimal digits with a slash for each backslash.
fn slashes(digits: &str) -> String {
    let pairs = digits.as_bytes().chunks(2).map(|pair| if pair == b"5c" { b"2f" } else { pair });
    pairs.flatten().map(|digit| char::from(*digit)).collect()
}

/// Hexadecimal digits without those of the last byte.
fn without_last(digits: &str) -> &str {
    &digits[..digits.len().saturating_sub(2)]
}

/// What came of a value.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    matched: bool,
    /// What was caught, as hexadecimal digits.
    caught: Option<String>,
}

impl Seen {
    fn new(matched: bool, caught: Option<&str>) -> Self {
        Self { matched, caught: caught.filter(|_| matched).map(str::to_owned) }
    }
}

/// Compares on `count` values for each transformation and operator.
pub fn compare(oracle: &Path, count: usize, seed: u64) -> Result<()> {
    let mut rng = Rng::with_seed(seed);
    let mut faults = 0;
    let all =
        TRANSFORMATIONS.iter().map(|name| transformation(name)).chain(OPERATORS.iter().map(|text| operator(text)));
    println!("{:<24} {:>7} {:>7} {:>7}  known causes", "", "values", "alike", "unknown");
    for Compared { name, operand, rules } in all {
        let own: Vec<&str> = operand.split([' ', ',']).filter(|word| !word.is_empty()).collect();
        let values: Vec<_> = (0..count).map(|_| value(&mut rng, &own)).collect();
        let theirs = ask(oracle, &rules, &values).with_context(|| format!("ask libmodsecurity about {name}"))?;
        let mut ours = Ours::load(&rules).with_context(|| format!("load the rules of {name}"))?;
        let (mut causes, mut unknown) = (BTreeMap::<_, usize>::new(), Vec::new());
        for (value, theirs) in values.iter().zip(&theirs) {
            let seen = ours.see(value);
            if seen == *theirs {
                continue;
            }
            match cause(name, value, theirs, &seen) {
                Some(cause) => *causes.entry(cause).or_default() += 1,
                None => unknown.push(format!("  {}: theirs {theirs:?}, ours {seen:?}", value.escape_ascii())),
            }
        }
        let explained: usize = causes.values().sum();
        let causes: Vec<_> = causes.iter().map(|(cause, count)| format!("{count} {cause}")).collect();
        let alike = count - explained - unknown.len();
        println!("{name:<24} {count:>7} {alike:>7} {:>7}  {}", unknown.len(), causes.join(", "));
        unknown.sort_by_key(String::len);
        unknown.iter().take(SHOWN_MAX).for_each(|difference| println!("{difference}"));
        ensure!(theirs.iter().any(|seen| seen.matched), "{name} matches no value: nothing is proved");
        faults += unknown.len();
    }
    if faults > 0 {
        bail!("{faults} differences have no known cause");
    }
    Ok(())
}

/// Rule 3: what was caught. Nothing is left in `TX:0` of what was before.
const CAUGHT: &str =
    "SecRule TX:0 \"@rx ^.*$\" \"id:3,phase:2,pass,log,capture,t:none,t:hexEncode,msg:'m',logdata:'%{TX.0}'\"\n";

/// What is compared.
struct Compared {
    name: &'static str,
    /// What values may be, besides others.
    operand: &'static str,
    rules: String,
}

fn transformation(name: &'static str) -> Compared {
    let rule =
        format!("SecRule ARGS:x \"@rx ^.*$\" \"id:2,phase:2,pass,log,capture,t:none,t:{name},msg:'m'\"\n{CAUGHT}");
    Compared { name, operand: "", rules: format!("{HEAD}{rule}") }
}

fn operator(text: &'static str) -> Compared {
    let (name, operand) = text.split_once(' ').unwrap_or((text, ""));
    let rule = format!("SecRule ARGS:x \"{text}\" \"id:2,phase:2,pass,log,capture,t:none,msg:'m'\"\n{CAUGHT}");
    Compared { name, operand, rules: format!("{HEAD}{rule}") }
}

const HEAD: &str = "SecRuleEngine On\nSecRequestBodyAccess On\n";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What libmodsecurity makes of values.
fn ask(oracle: &Path, rules: &str, values: &[Vec<u8>]) -> Result<Vec<Seen>> {
    let mut child = Command::new(oracle).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("start it")?;
    let mut input = BufWriter::new(child.stdin.take().context("its input is a pipe")?);
    let output = BufReader::new(child.stdout.take().context("its output is a pipe")?);
    let (rules, values): (String, Vec<String>) =
        (hex(rules.as_bytes()), values.iter().map(|value| hex(value)).collect());
    let expected = values.len();
    // Written from another thread: both pipes fill.
    let writer = std::thread::spawn(move || -> Result<()> {
        writeln!(input, "rules {rules}")?;
        values.iter().try_for_each(|value| writeln!(input, "value {value}"))?;
        Ok(input.flush()?)
    });
    let mut seen = Vec::new();
    for line in output.lines() {
        let line = line.context("read its answer")?;
        seen.push(Seen::new(line.starts_with('1'), line.strip_prefix("1 ")));
    }
    let status = child.wait().context("wait for it")?;
    writer.join().map_err(|_| anyhow::anyhow!("the writing thread ended badly"))?.context("write to it")?;
    ensure!(status.success() && seen.len() == expected, "it ended with {status} after {} answers", seen.len());
    Ok(seen)
}

/// The engine of this repository under the same rules.
struct Ours {
    rules: Arc<PhasedRules>,
    transaction: Transaction,
}

impl Ours {
    fn load(rules: &str) -> Result<Self> {
        let loaded = load(&[Entry::text("rules.conf", rules)], &NoFiles, &LoadOptions::default());
        let policy = loaded.policy.with_context(|| loaded.diagnostics.render(false))?;
        let rules = PhasedRules::compile(policy, Limits::default()).context("compile")?;
        Ok(Self { rules: Arc::new(rules), transaction: Transaction::new() })
    }

    fn see(&mut self, value: &[u8]) -> Seen {
        let headers = [Header { name: b"Content-Type", value: b"application/x-www-form-urlencoded" }];
        let request = Request {
            method: b"POST",
            path: b"/",
            query: b"",
            fragment: None,
            version: b"HTTP/1.1",
            scheme: "http",
            headers: &headers,
            body: Body::EMPTY,
            client: Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), country: None, asn: None, ja3: None, ja4: None },
        };
        let context = PhasedContext::at(Timestamp::from_unix_ms(0));
        let escaped: String = value.iter().map(|byte| format!("%{byte:02x}")).collect();
        let body = format!("x={escaped}");
        self.transaction.begin(&self.rules, &request, &context);
        self.transaction.request_headers(&context);
        self.transaction.request_body(InspectedBody { bytes: body.as_bytes(), over_limit: false }, &context);
        let told = |id: u64| self.transaction.matches().find(|matched| matched.rule.id == id);
        let caught = told(3).map(|matched| String::from_utf8_lossy(matched.log_data).into_owned());
        Seen::new(told(2).is_some(), Some(caught.as_deref().unwrap_or_default()))
    }
}
