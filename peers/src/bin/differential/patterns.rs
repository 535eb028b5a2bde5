//! Every expression of the Core Rule Set beside PCRE2: whether it matches, and the groups that rules can refer to.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use fastrand::Rng;
use pcre2::bytes::{Regex, RegexBuilder};
use sekisho_waf::Limits;
use sekisho_waf::operator::pattern;
use sekisho_waf::transaction::{Captured, Captures, OperatorCompiler, OperatorMemory, Pattern};

use crate::{drawn, rules};

/// Groups that rules can refer to: `TX:0` to `TX:9`.
const GROUPS: usize = 10;
/// Most differences that are printed.
const SHOWN_MAX: usize = 20;

/// Where groups matched; none if the pattern did not.
type Groups = Option<Vec<Option<(usize, usize)>>>;

/// Compares on `count` texts for each expression.
pub fn compare(folder: &Path, count: usize, seed: u64) -> Result<()> {
    let mut rng = Rng::with_seed(seed);
    let limits = Limits::default();
    let mut compiler = OperatorCompiler::new(&limits);
    let mut memory = OperatorMemory::default();
    let (mut matched, mut gave_up, mut differences) = (0_usize, 0_usize, Vec::new());
    let expressions = rules::expressions(folder)?;
    let texts = expressions.len() * count;
    for expression in &expressions {
        let meaning = pattern::parse(expression).with_context(|| format!("read {expression}"))?;
        let ours = compiler.pattern(expression).with_context(|| format!("compile {expression}"))?;
        let theirs = beside(expression)?;
        for _ in 0..count {
            let text = drawn::text(&mut rng, &meaning);
            let text = drawn::changed(&mut rng, text);
            let here = groups(&ours, &text, &mut memory);
            let Ok(there) = their_groups(&theirs, &text) else {
                gave_up += 1;
                continue;
            };
            matched += usize::from(here.is_some());
            if here != there {
                differences
                    .push(format!("{expression}\n  {}\n  ours {here:?}\n  PCRE2 {there:?}", text.escape_ascii()));
            }
        }
    }
    println!(
        "{} expressions, {texts} texts: {matched} match, {gave_up} beyond PCRE2's limits, {} differ",
        expressions.len(),
        differences.len()
    );
    for difference in differences.iter().take(SHOWN_MAX) {
        println!("{difference}");
    }
    ensure!(matched > texts / 10, "too few texts match to prove anything");
    if !differences.is_empty() {
        bail!("{} texts are matched otherwise", differences.len());
    }
    Ok(())
}

/// As libmodsecurity compiles it: over bytes, the dot matches line feeds, `^` and `$` match at lines.
fn beside(expression: &str) -> Result<Regex> {
    let mut builder = RegexBuilder::new();
    builder.dotall(true).multi_line(true).utf(false).ucp(false);
    builder.build(expression).with_context(|| format!("compile with PCRE2: {expression}"))
}

fn groups(pattern: &Pattern, text: &[u8], memory: &mut OperatorMemory) -> Groups {
    let mut captures = Captures::default();
    pattern.captures(text, memory, &mut captures).then(|| {
        let place = |group: usize| match u8::try_from(group).ok().and_then(|group| captures.group(group)) {
            Some(Captured::Value(range)) => Some((range.start, range.end)),
            _ => None,
        };
        (0..GROUPS).map(place).collect()
    })
}

fn their_groups(pattern: &Regex, text: &[u8]) -> Result<Groups> {
    let captures = pattern.captures(text).context("search with PCRE2")?;
    let place =
        |captures: &pcre2::bytes::Captures<'_>, group| captures.get(group).map(|found| (found.start(), found.end()));
    Ok(captures.map(|captures| (0..GROUPS).map(|group| place(&captures, group)).collect()))
}
