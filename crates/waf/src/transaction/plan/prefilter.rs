//! Which links are judged before they run, and what is asked of which values for it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use regex_syntax::hir::Hir;

use super::chain::{ChainId, Chains};
use super::target::{PlacePlan, SelectorPlan};
use super::{LinkPlan, RulePlan, TestPlan};
use crate::ir::Comparison;
use crate::ir::phased::{Flow, Item, Phase, PhasedOperator, PhasedPolicy, PhasedTest, TextTest};
use crate::operator::{pattern, sqli, xss};
use crate::prefilter::{ByteSet, Condition, Filter, Gram, Present, Program, erasable};
use crate::transaction::{List, Part};
use crate::transform::Transform;

/// What is asked of a transaction's values.
#[derive(Debug, Default)]
pub(in crate::transaction) struct Prefilter {
    /// By number.
    conditions: Vec<Condition>,
    filters: Vec<LazyFilter>,
    /// Words of an answer: a bit a condition.
    pub(in crate::transaction) words: usize,
    /// By link.
    links: Box<[Option<LinkCondition>]>,
    /// By rule: when its links are asked, if any is.
    tiers: Box<[Option<Tier>]>,
    pub(in crate::transaction) sources: Vec<SourcePlan>,
    pub(in crate::transaction) forms: Vec<FormPlan>,
    /// By phase and tier: the sources that its rules look at.
    phases: [[Vec<u32>; 3]; 5],
}

/// A filter that is compiled when it is first asked.
#[derive(Debug)]
struct LazyFilter {
    /// The numbers of its conditions.
    conditions: Vec<u32>,
    filter: OnceLock<Filter>,
}

/// How a link is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::transaction) struct LinkCondition {
    /// Where its bit is in an answer.
    number: u32,
    /// Whether all the link looks at is judged.
    pub(in crate::transaction) is_whole: bool,
}

/// When conditions are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::transaction) enum Tier {
    /// When the first rule of a phase is reached that is judged: rules before it that refuse a body, such as one that is too
    /// large, spare it all others.
    First,
    /// When the first of their rules is reached: rules that are skipped where a variable is not above one, as paranoia is in
    /// most places, cost nothing there.
    Second,
    /// All at once when the first of them is due: less work than one tier after the other, where both are reached. No
    /// link is of this tier.
    Both,
}

impl LinkCondition {
    pub(in crate::transaction) fn word(self) -> usize {
        self.number as usize / 64
    }

    pub(in crate::transaction) fn bit(self) -> u64 {
        1 << (self.number % 64)
    }
}

/// Half of a list's entries, for one tier.
#[derive(Debug)]
pub(in crate::transaction) struct SourcePlan {
    pub(in crate::transaction) list: List,
    pub(in crate::transaction) part: Part,
    tier: Tier,
    /// What is asked of values whose name no link asks for.
    unnamed: u32,
    /// By name, in lower case.
    named: Vec<(Box<[u8]>, u32)>,
}

impl SourcePlan {
    /// What is asked of a value of this name: an index into [`Prefilter::forms`].
    pub(in crate::transaction) fn forms_of(&self, name: &[u8]) -> u32 {
        let named = self.named.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        named.map_or(self.unnamed, |(_, forms)| *forms)
    }
}

/// The forms of a value that links look at.
#[derive(Debug)]
pub(in crate::transaction) struct FormPlan {
    /// A part of the tree of chains, the root first, each node after the one before it.
    pub(in crate::transaction) steps: Box<[FormStep]>,
    /// A value without any of these is the same at all nodes.
    pub(in crate::transaction) triggers: Present,
    /// The conditions of all nodes.
    pub(in crate::transaction) all: Box<[u64]>,
    /// Those that are asked at several nodes.
    pub(in crate::transaction) several: Box<[u64]>,
    /// The filter that asks all of them.
    pub(in crate::transaction) filter: u32,
}

impl FormPlan {
    /// Whether nothing is asked.
    pub(in crate::transaction) fn is_empty(&self) -> bool {
        self.all.iter().all(|word| *word == 0)
    }
}

/// What a value is at a node.
#[derive(Debug)]
pub(in crate::transaction) struct FormStep {
    pub(in crate::transaction) node: ChainId,
    /// The step before and the transformation from there; none for the root.
    pub(in crate::transaction) from: Option<(u32, Transform)>,
    /// The bytes of which a value must have one for the transformation to change it.
    pub(in crate::transaction) trigger: Present,
    pub(in crate::transaction) conditions: Box<[u64]>,
    /// The filter that asks them alone; none if there are no conditions.
    pub(in crate::transaction) filter: Option<u32>,
}

/// Lists whose values rules of the same phase may change.
const CHANGING: &[List] = &[List::ReqbodyProcessor];

impl Prefilter {
    /// Judges the links of a policy as far as they can be.
    pub(in crate::transaction) fn new(
        policy: &PhasedPolicy,
        rules: &[RulePlan],
        links: &[LinkPlan],
        chains: &Chains,
    ) -> Self {
        let mut builder = Builder { links, chains, judged: Vec::new(), conditions: Vec::new() };
        let tiers = tiers(policy);
        let mut patterns = Vec::new();
        let mut meanings: HashMap<&str, Option<Arc<Hir>>> = HashMap::new();
        for plan in rules {
            let Item::Rule(rule) = &policy.items[plan.item] else { continue };
            for (at, link) in plan.links.clone().zip(&rule.links) {
                let (Some(test), Some(loaded)) = (&links[at].test, &link.test) else { continue };
                if !test.negated && test.operand.is_none() && looks_at_store(test) {
                    let hir = match &loaded.operator {
                        PhasedOperator::Regex { pattern, .. } => {
                            let parse = || pattern::parse_at_most(pattern).ok().map(Arc::new);
                            meanings.entry(pattern).or_insert_with(parse).clone()
                        }
                        _ => None,
                    };
                    patterns.push((at, rule.phase, tiers[plan.item], &loaded.operator, hir));
                }
            }
        }
        let erasable = erasable(patterns.iter().filter_map(|(.., hir)| hir.as_deref()));
        let mut known = Known::default();
        for (at, phase, tier, operator, hir) in &patterns {
            let link = &links[*at];
            let Some(test) = &link.test else { continue };
            let is_lowered = !link.multi_match && ends_lowered(test, chains);
            let condition = match (hir, operator) {
                (Some(hir), _) => Some(known.of_pattern(hir, is_lowered, &erasable)),
                (None, PhasedOperator::Phrases(phrases)) => known.of_phrases(phrases),
                (None, operator) => condition(operator),
            };
            if let Some(condition) = condition {
                builder.link((*at, *phase, *tier), link, test, condition);
            }
        }
        builder.finish(rules.len())
    }

    /// The filter of this index, compiled if it is not yet.
    pub(in crate::transaction) fn filter(&self, index: u32) -> &Filter {
        let lazy = &self.filters[index as usize];
        lazy.filter.get_or_init(|| {
            let numbers = lazy.conditions.iter().map(|number| *number as usize);
            Filter::new(numbers.map(|number| (number, &self.conditions[number])), self.words)
        })
    }

    /// How a link is judged, if it is.
    pub(in crate::transaction) fn condition(&self, link: usize) -> Option<LinkCondition> {
        self.links[link]
    }

    /// When a rule's links are asked; none if none of them is.
    pub(in crate::transaction) fn tier(&self, rule: usize) -> Option<Tier> {
        self.tiers[rule]
    }

    /// The sources that the rules of a phase and tier look at, as indices.
    pub(in crate::transaction) fn sources_of(&self, phase: Phase, tier: Tier) -> impl Iterator<Item = usize> {
        let sources = &self.phases[usize::from(phase.number()) - 1][tier as usize];
        sources.iter().map(|source| *source as usize)
    }
}

/// By item: when its rule's conditions are asked.
///
/// A rule that skips others where a variable is below a number, as the Core Rule Set does for each level of paranoia, puts
/// those it skips into the second tier if the number is above one.
fn tiers(policy: &PhasedPolicy) -> Vec<Tier> {
    let mut tiers = vec![Tier::First; policy.items.len()];
    for (at, item) in policy.items.iter().enumerate() {
        let Item::Rule(rule) = item else { continue };
        let (Flow::After(name), [link]) = (&rule.flow, rule.links.as_slice()) else { continue };
        let Some(PhasedTest { operator: PhasedOperator::Number { comparison, than }, negated: false, .. }) = &link.test
        else {
            continue;
        };
        let number = than.as_literal().and_then(|text| text.parse::<i64>().ok());
        if *comparison != Comparison::Lt || number.is_none_or(|number| number <= 1) {
            continue;
        }
        let is_end = |item: &Item| matches!(item, Item::Marker(marker) if marker == name);
        if let Some(skipped) = policy.items[at + 1..].iter().position(is_end) {
            tiers[at + 1..at + 1 + skipped].fill(Tier::Second);
        }
    }
    tiers
}

/// Whether a test looks at values that do not change within a phase.
fn looks_at_store(test: &TestPlan) -> bool {
    let mut lists = sources(test).map(|(list, ..)| list).peekable();
    lists.peek().is_some() && lists.all(|list| !CHANGING.contains(&list))
}

fn ends_lowered(test: &TestPlan, chains: &Chains) -> bool {
    chains.step(test.last()).is_some_and(|(_, transform)| transform == Transform::Lowercase)
}

/// Conditions that several rules share, drawn up once.
#[derive(Default)]
struct Known<'p> {
    /// By what the pattern means, and whether it sees lower case.
    patterns: HashMap<(*const Hir, bool), Condition>,
    phrases: HashMap<&'p [Vec<u8>], Option<Condition>>,
}

impl<'p> Known<'p> {
    /// `hir` is in memory as long as this is: its place tells it from others.
    fn of_pattern(&mut self, hir: &Arc<Hir>, lowered: bool, erasable: &[ByteSet]) -> Condition {
        let known = self.patterns.entry((Arc::as_ptr(hir), lowered));
        known.or_insert_with(|| Condition::of(hir, lowered, erasable)).clone()
    }

    fn of_phrases(&mut self, phrases: &'p [Vec<u8>]) -> Option<Condition> {
        let draw_up = || {
            let grams = phrases.iter().map(|phrase| Gram::folded(phrase)).collect();
            let bytes_min = phrases.iter().map(Vec::len).min()?;
            (bytes_min > 0).then(|| Condition::plain(Program::clause(grams), bytes_min))
        };
        self.phrases.entry(phrases).or_insert_with(draw_up).clone()
    }
}

/// What a value must have for an operator other than a pattern or phrases to hold; none if nothing is known.
fn condition(operator: &PhasedOperator) -> Option<Condition> {
    let one_of = |bytes: ByteSet| Condition::plain(Program::clause(vec![Gram::place(bytes)]), 1);
    let bytes_where = |holds: &dyn Fn(u8) -> bool| {
        let bytes: Vec<u8> = (0..=u8::MAX).filter(|byte| holds(*byte)).collect();
        ByteSet::of(&bytes)
    };
    Some(match operator {
        PhasedOperator::Never => Condition::plain(Program::default(), 0),
        PhasedOperator::Text { test, text } => {
            let text = text.as_literal()?.as_bytes();
            if text.is_empty() || *test == TextTest::Within {
                return None;
            }
            let edge = |is_edge: bool| if is_edge { ByteSet::EDGE } else { ByteSet::ANY };
            let left = edge(matches!(test, TextTest::Equals | TextTest::BeginsWith));
            let right = edge(matches!(test, TextTest::Equals | TextTest::EndsWith));
            Condition::plain(Program::clause(vec![Gram::literal(text, left, right)]), text.len())
        }
        PhasedOperator::DetectSqli => one_of(bytes_where(&|byte| sqli::may_match(&[byte]))),
        PhasedOperator::DetectXss => one_of(bytes_where(&|byte| xss::may_match(&[byte]))),
        PhasedOperator::ByteRange(allowed) => {
            let refused = bytes_where(&|byte| !allowed[usize::from(byte)]);
            if refused.is_empty() { Condition::plain(Program::default(), 0) } else { one_of(refused) }
        }
        PhasedOperator::UrlEncoding => one_of(ByteSet::of(b"%")),
        PhasedOperator::Utf8Encoding => one_of(ByteSet::range(0x80, u8::MAX)),
        _ => return None,
    })
}

/// Lists that mostly the same links look at: they share a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Group {
    /// Arguments and the like: many values.
    Members,
    Headers,
    Body,
    /// The rest of a request.
    Request,
    Response,
}

impl Group {
    fn of(list: List) -> Self {
        match list {
            List::ArgsGet
            | List::ArgsPost
            | List::RequestCookies
            | List::XmlText
            | List::XmlAttributes
            | List::XmlChosen => Self::Members,
            List::RequestHeaders => Self::Headers,
            List::RequestBody | List::FullRequest | List::FilesTmpContent => Self::Body,
            List::ResponseBody | List::ResponseHeaders | List::ResponseStatus => Self::Response,
            _ => Self::Request,
        }
    }
}

struct Builder<'p> {
    links: &'p [LinkPlan],
    chains: &'p Chains,
    conditions: Vec<Condition>,
    judged: Vec<Judged>,
}

/// A link that is judged.
struct Judged {
    link: usize,
    phase: Phase,
    tier: Tier,
    /// The nodes whose texts are asked.
    nodes: Vec<ChainId>,
    is_whole: bool,
}

impl Builder<'_> {
    fn link(
        &mut self,
        (at, phase, tier): (usize, Phase, Tier),
        link: &LinkPlan,
        test: &TestPlan,
        condition: Condition,
    ) {
        let mut nodes = vec![if condition.lens.lowered { before(test, self.chains) } else { test.last() }];
        if link.multi_match {
            nodes = std::iter::once(ChainId::ROOT).chain(test.chain.iter().copied()).collect();
        }
        let is_whole = test.targets.iter().all(|target| !target.count && matches!(target.place, PlacePlan::Store(_)));
        self.conditions.push(condition);
        self.judged.push(Judged { link: at, phase, tier, nodes, is_whole });
    }

    fn finish(self, rules: usize) -> Prefilter {
        let mut prefilter = Prefilter {
            tiers: vec![None; rules].into(),
            words: self.conditions.len().div_ceil(64),
            links: vec![None; self.links.len()].into(),
            ..Prefilter::default()
        };
        let mut asked: BTreeMap<(List, bool, Tier), Asked> = BTreeMap::new();
        for (number, judged) in (0..).zip(&self.judged) {
            let Judged { link, phase, tier, nodes, is_whole } = judged;
            prefilter.links[*link] = Some(LinkCondition { number, is_whole: *is_whole });
            let of_rule = &mut prefilter.tiers[self.links[*link].rule];
            *of_rule = (*of_rule).max(Some(*tier));
            let Some(test) = &self.links[*link].test else { continue };
            for (list, part, selector) in sources(test) {
                let asked = asked.entry((list, part == Part::Name, *tier)).or_default();
                nodes.iter().for_each(|node| asked.add(selector, *node, number));
                if !asked.phases.contains(phase) {
                    asked.phases.push(*phase);
                }
            }
        }
        add_both(&mut asked);
        let mut filters = Filters::default();
        for ((list, _, tier), asked) in &asked {
            filters.gather(Group::of(*list), *tier, asked);
        }
        let lists_of_two: BTreeSet<(List, bool)> =
            asked.keys().filter(|key| key.2 == Tier::Both).map(|(list, is_name, _)| (*list, *is_name)).collect();
        for ((list, is_name, tier), asked) in asked {
            let part = if is_name { Part::Name } else { Part::Value };
            let source = prefilter.sources.len() as u32;
            for phase in &asked.phases {
                let of_phase = &mut prefilter.phases[usize::from(phase.number()) - 1];
                of_phase[tier as usize].push(source);
                if tier == Tier::First && !lists_of_two.contains(&(list, is_name)) {
                    of_phase[Tier::Both as usize].push(source);
                }
            }
            let source = asked.finish((list, part, tier), self.chains, &filters, &mut prefilter);
            prefilter.sources.push(source);
        }
        prefilter.filters = filters.filters;
        prefilter.conditions = self.conditions;
        // What every request asks is there before the first.
        for source in prefilter.sources.iter().filter(|source| source.tier == Tier::First) {
            if Group::of(source.list) != Group::Response {
                prefilter.filter(prefilter.forms[source.unnamed as usize].filter);
            }
        }
        prefilter
    }
}

/// Adds what is asked at once of the lists that rules of the second tier look at.
fn add_both(asked: &mut BTreeMap<(List, bool, Tier), Asked>) {
    let second: Vec<(List, bool)> =
        asked.keys().filter(|key| key.2 == Tier::Second).map(|(list, is_name, _)| (*list, *is_name)).collect();
    for (list, is_name) in second {
        let tiers = [Tier::First, Tier::Second].into_iter().filter_map(|tier| asked.get(&(list, is_name, tier)));
        let both = tiers.fold(Asked::default(), Asked::and);
        asked.insert((list, is_name, Tier::Both), both);
    }
}

/// The filters by what they ask: all conditions of a group of lists and a tier, or those of one node.
#[derive(Default)]
struct Filters {
    filters: Vec<LazyFilter>,
    by_key: HashMap<(Group, Tier, Option<ChainId>), u32>,
}

impl Filters {
    fn gather(&mut self, group: Group, tier: Tier, asked: &Asked) {
        for (node, number) in asked.named.values().flatten().chain(&asked.unnamed) {
            for key in [(group, tier, None), (group, tier, Some(*node))] {
                let at = *self.by_key.entry(key).or_insert_with(|| {
                    self.filters.push(LazyFilter { conditions: Vec::new(), filter: OnceLock::new() });
                    self.filters.len() as u32 - 1
                });
                let conditions = &mut self.filters[at as usize].conditions;
                if !conditions.contains(number) {
                    conditions.push(*number);
                }
            }
        }
    }
}

/// The lists that a test looks at, and by what name.
fn sources(test: &TestPlan) -> impl Iterator<Item = (List, Part, Option<&[u8]>)> {
    test.targets.iter().filter(|target| !target.count).flat_map(|target| {
        let source = match target.place {
            PlacePlan::Store(source) => Some(source),
            _ => None,
        };
        let name = match &target.selector {
            SelectorPlan::Name(name) => Some(&**name),
            SelectorPlan::All | SelectorPlan::Pattern(_) => None,
        };
        source.into_iter().flat_map(move |source| source.lists.iter().map(move |list| (*list, source.part, name)))
    })
}

/// The node before a test's last transformation.
fn before(test: &TestPlan, chains: &Chains) -> ChainId {
    chains.step(test.last()).map_or(ChainId::ROOT, |(before, _)| before)
}

/// What is asked of the values of a source: nodes and numbers of conditions.
#[derive(Default)]
struct Asked {
    unnamed: Vec<(ChainId, u32)>,
    named: BTreeMap<Vec<u8>, Vec<(ChainId, u32)>>,
    phases: Vec<Phase>,
}

impl Asked {
    fn add(&mut self, name: Option<&[u8]>, node: ChainId, number: u32) {
        match name {
            None => self.unnamed.push((node, number)),
            Some(name) => self.named.entry(name.to_ascii_lowercase()).or_default().push((node, number)),
        }
    }

    /// Both.
    fn and(mut self, other: &Self) -> Self {
        self.unnamed.extend_from_slice(&other.unnamed);
        for (name, asked) in &other.named {
            self.named.entry(name.clone()).or_default().extend_from_slice(asked);
        }
        self.phases.extend(other.phases.iter().filter(|phase| !self.phases.contains(phase)).collect::<Vec<_>>());
        self
    }

    fn finish(
        self,
        (list, part, tier): (List, Part, Tier),
        chains: &Chains,
        filters: &Filters,
        prefilter: &mut Prefilter,
    ) -> SourcePlan {
        let key = (Group::of(list), tier);
        let mut add = |asked: &[(ChainId, u32)]| {
            prefilter.forms.push(FormPlan::new(asked, key, chains, filters, prefilter.words));
            u32::try_from(prefilter.forms.len() - 1).expect("there are few names")
        };
        let unnamed = add(&self.unnamed);
        let named = self.named.into_iter().map(|(name, mut asked)| {
            asked.extend_from_slice(&self.unnamed);
            (name.into(), add(&asked))
        });
        SourcePlan { list, part, tier, unnamed, named: named.collect() }
    }
}

impl FormPlan {
    fn new(
        asked: &[(ChainId, u32)],
        (group, tier): (Group, Tier),
        chains: &Chains,
        filters: &Filters,
        words: usize,
    ) -> Self {
        let nodes = nodes_to(asked, chains);
        let (mut all, mut several) = (vec![0; words], vec![0; words]);
        let step = |node: &ChainId| {
            let mut conditions = vec![0_u64; words];
            for (_, number) in asked.iter().filter(|(asked, _)| asked == node) {
                conditions[*number as usize / 64] |= 1 << (number % 64);
            }
            for (at, word) in conditions.iter().enumerate() {
                several[at] |= all[at] & word;
                all[at] |= word;
            }
            let from = chains.step(*node).map(|(before, transform)| {
                let before = nodes.iter().position(|node| *node == before).expect("the path to a node is there");
                (u32::try_from(before).expect("there are few nodes"), transform)
            });
            let trigger = from.map_or(Present::default(), |(_, transform)| {
                transform.trigger().map_or(Present::ANY, |bytes| Present::of(&bytes))
            });
            let is_asked = conditions.iter().any(|word| *word != 0);
            let filter = is_asked.then(|| filters.by_key[&(group, tier, Some(*node))]);
            FormStep { node: *node, from, trigger, conditions: conditions.into(), filter }
        };
        let steps: Vec<FormStep> = nodes.iter().map(step).collect();
        let triggers = steps.iter().fold(Present::default(), |all, step| all.union(step.trigger));
        let filter = filters.by_key[&(group, tier, None)];
        Self { steps: steps.into(), triggers, all: all.into(), several: several.into(), filter }
    }
}

/// The nodes that are asked and those on the way to them, each after the one before it.
fn nodes_to(asked: &[(ChainId, u32)], chains: &Chains) -> Vec<ChainId> {
    let mut nodes: Vec<ChainId> = vec![ChainId::ROOT];
    for (node, _) in asked {
        let mut node = *node;
        while !nodes.contains(&node) {
            nodes.push(node);
            node = chains.step(node).map_or(ChainId::ROOT, |(before, _)| before);
        }
    }
    // Nodes are numbered after those before them.
    nodes.sort_by_key(|node| node.index());
    nodes
}
