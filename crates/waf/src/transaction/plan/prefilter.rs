//! Which links are judged before they run, and what is asked of which values for it.

use std::collections::HashMap;
use std::ops::Range;

use super::chain::{ChainId, Chains};
use super::target::{PlacePlan, SelectorPlan};
use super::{LinkPlan, RulePlan, TestPlan};
use crate::ir::phased::{Item, Phase, PhasedOperator, PhasedPolicy, TextTest};
use crate::operator::{pattern, sqli, xss};
use crate::prefilter::{ByteSet, Condition, Filter, Gram, Present, Program, erasable};
use crate::transaction::{List, Part};
use crate::transform::Transform;

/// What is asked of a transaction's values.
#[derive(Debug, Default)]
pub(in crate::transaction) struct Prefilter {
    pub(in crate::transaction) filters: Vec<Filter>,
    /// Words of an answer: those of the filters, one after the other.
    pub(in crate::transaction) words: usize,
    /// By filter: where its words begin; one more at the end.
    starts: Vec<usize>,
    /// By link.
    conditions: Box<[Option<LinkCondition>]>,
    pub(in crate::transaction) sources: Vec<SourcePlan>,
    pub(in crate::transaction) forms: Vec<FormPlan>,
    /// By phase: the sources that its rules look at.
    pub(in crate::transaction) phases: [Box<[u32]>; 5],
}

/// Where a link's bit is in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::transaction) struct LinkCondition {
    bit: u32,
    /// Whether all the link looks at is judged.
    pub(in crate::transaction) is_whole: bool,
}

impl LinkCondition {
    pub(in crate::transaction) fn word(self) -> usize {
        self.bit as usize / 64
    }

    pub(in crate::transaction) fn bit(self) -> u64 {
        1 << (self.bit % 64)
    }
}

/// Half of a list's entries.
#[derive(Debug)]
pub(in crate::transaction) struct SourcePlan {
    pub(in crate::transaction) list: List,
    pub(in crate::transaction) part: Part,
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
    /// The filters they belong to, one bit each.
    filters: u32,
}

impl FormPlan {
    /// The filters that are asked.
    pub(in crate::transaction) fn filters(&self) -> impl Iterator<Item = usize> {
        let filters = self.filters;
        (0..u32::BITS as usize).filter(move |filter| filters >> filter & 1 != 0)
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
    /// The filters they belong to, one bit each.
    pub(in crate::transaction) filters: u32,
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
        let mut builder = Builder::new(links);
        let mut patterns = Vec::new();
        for plan in rules {
            let Item::Rule(rule) = &policy.items[plan.item] else { continue };
            for (at, link) in plan.links.clone().zip(&rule.links) {
                let (Some(test), Some(loaded)) = (&links[at].test, &link.test) else { continue };
                if !test.negated && test.operand.is_none() && looks_at_store(test) {
                    let hir = match &loaded.operator {
                        PhasedOperator::Regex { pattern, .. } => pattern::parse(pattern).ok(),
                        _ => None,
                    };
                    patterns.push((at, rule.phase, &loaded.operator, hir));
                }
            }
        }
        let erasable = erasable(patterns.iter().filter_map(|(.., hir)| hir.as_ref()));
        for (at, phase, operator, hir) in &patterns {
            let link = &links[*at];
            let Some(test) = &link.test else { continue };
            let is_lowered = !link.multi_match && ends_lowered(test, chains);
            let condition = match hir {
                Some(hir) => Some(Condition::of(hir, is_lowered, &erasable)),
                None => condition(operator),
            };
            if let Some(condition) = condition {
                builder.link((*at, *phase), link, test, condition, chains);
            }
        }
        builder.finish(links.len(), chains)
    }

    /// The words of a filter's answer.
    pub(in crate::transaction) fn words_of(&self, filter: usize) -> Range<usize> {
        self.starts[filter]..self.starts[filter + 1]
    }

    /// How a link is judged, if it is.
    pub(in crate::transaction) fn condition(&self, link: usize) -> Option<LinkCondition> {
        self.conditions[link]
    }
}

/// Whether a test looks at values that do not change within a phase.
fn looks_at_store(test: &TestPlan) -> bool {
    let mut lists = sources(test).map(|(list, ..)| list).peekable();
    lists.peek().is_some() && lists.all(|list| !CHANGING.contains(&list))
}

fn ends_lowered(test: &TestPlan, chains: &Chains) -> bool {
    chains.step(test.last()).is_some_and(|(_, transform)| transform == Transform::Lowercase)
}

/// What a value must have for an operator other than a pattern to hold; none if nothing is known.
fn condition(operator: &PhasedOperator) -> Option<Condition> {
    let one_of = |bytes: ByteSet| Condition::plain(Program::clause(vec![Gram::place(bytes)]), 1);
    let bytes_where = |holds: &dyn Fn(u8) -> bool| {
        let bytes: Vec<u8> = (0..=u8::MAX).filter(|byte| holds(*byte)).collect();
        ByteSet::of(&bytes)
    };
    Some(match operator {
        PhasedOperator::Never => Condition::plain(Program::default(), 0),
        PhasedOperator::Phrases(phrases) => {
            if phrases.iter().any(Vec::is_empty) {
                return None;
            }
            let grams = phrases.iter().map(|phrase| Gram::folded(phrase)).collect();
            Condition::plain(Program::clause(grams), phrases.iter().map(Vec::len).min().unwrap_or(0))
        }
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

/// Conditions that are asked of the same lists are in one filter.
#[derive(Clone, Copy)]
enum Group {
    /// Of arguments and the like: many values.
    Members,
    /// Of the rest of a request.
    Request,
    Response,
}

impl Group {
    const COUNT: usize = 3;

    fn of(lists: impl Iterator<Item = List>) -> Self {
        lists.fold(Self::Request, |group, list| match (group, list) {
            (_, List::ResponseBody | List::ResponseHeaders | List::ResponseStatus) | (Self::Response, _) => {
                Self::Response
            }
            (_, List::ArgsGet | List::ArgsPost | List::RequestCookies | List::XmlText | List::XmlAttributes) => {
                Self::Members
            }
            (group, _) => group,
        })
    }
}

struct Builder<'p> {
    links: &'p [LinkPlan],
    conditions: [Vec<Condition>; Group::COUNT],
    judged: Vec<Judged>,
    phases: [Vec<(List, Part)>; 5],
}

/// A link that is judged.
struct Judged {
    link: usize,
    group: Group,
    /// In the group.
    number: usize,
    /// The nodes whose texts are asked.
    nodes: Vec<ChainId>,
    is_whole: bool,
}

impl<'p> Builder<'p> {
    fn new(links: &'p [LinkPlan]) -> Self {
        Self { links, conditions: Default::default(), judged: Vec::new(), phases: Default::default() }
    }

    fn link(
        &mut self,
        (at, phase): (usize, Phase),
        link: &LinkPlan,
        test: &TestPlan,
        condition: Condition,
        chains: &Chains,
    ) {
        let sources = || sources(test);
        let group = Group::of(sources().map(|(list, ..)| list));
        let mut nodes = vec![if condition.lens.lowered { before(test, chains) } else { test.last() }];
        if link.multi_match {
            nodes = std::iter::once(ChainId::ROOT).chain(test.chain.iter().copied()).collect();
        }
        let is_whole = test.targets.iter().all(|target| !target.count && matches!(target.place, PlacePlan::Store(_)));
        for (list, part, _) in sources() {
            let wanted = &mut self.phases[usize::from(phase.number()) - 1];
            if !wanted.contains(&(list, part)) {
                wanted.push((list, part));
            }
        }
        let conditions = &mut self.conditions[group as usize];
        conditions.push(condition);
        self.judged.push(Judged { link: at, group, number: conditions.len() - 1, nodes, is_whole });
    }

    fn finish(self, links: usize, chains: &Chains) -> Prefilter {
        let filters: Vec<Filter> = self.conditions.iter().map(|conditions| Filter::new(conditions)).collect();
        let mut starts = vec![0];
        filters.iter().for_each(|filter| starts.push(starts[starts.len() - 1] + filter.words()));
        let mut prefilter = Prefilter {
            filters,
            words: starts[starts.len() - 1],
            starts,
            conditions: vec![None; links].into(),
            ..Prefilter::default()
        };
        let mut asked: HashMap<(List, Part), Asked> = HashMap::new();
        for judged in &self.judged {
            let bit = u32::try_from(prefilter.starts[judged.group as usize] * 64 + judged.number);
            let bit = bit.expect("fewer conditions than bytes of rules");
            prefilter.conditions[judged.link] = Some(LinkCondition { bit, is_whole: judged.is_whole });
            let Some(test) = &self.links[judged.link].test else { continue };
            for (list, part, selector) in sources(test) {
                let asked = asked.entry((list, part)).or_default();
                for node in &judged.nodes {
                    asked.add(selector, *node, bit);
                }
            }
        }
        let mut asked: Vec<_> = asked.into_iter().collect();
        asked.sort_by_key(|((list, part), _)| (*list, *part == Part::Name));
        for ((list, part), asked) in asked {
            let source = asked.finish(list, part, chains, &mut prefilter);
            prefilter.sources.push(source);
        }
        let index = |wanted: &(List, Part)| {
            let found = prefilter.sources.iter().position(|source| (source.list, source.part) == *wanted);
            u32::try_from(found.expect("every source that is wanted is asked")).expect("there are few lists")
        };
        prefilter.phases = self.phases.map(|wanted| wanted.iter().map(index).collect());
        prefilter
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

/// What is asked of the values of a source.
#[derive(Default)]
struct Asked {
    unnamed: Vec<(ChainId, u32)>,
    named: HashMap<Vec<u8>, Vec<(ChainId, u32)>>,
}

impl Asked {
    fn add(&mut self, name: Option<&[u8]>, node: ChainId, bit: u32) {
        match name {
            None => self.unnamed.push((node, bit)),
            Some(name) => self.named.entry(name.to_ascii_lowercase()).or_default().push((node, bit)),
        }
    }

    fn finish(self, list: List, part: Part, chains: &Chains, prefilter: &mut Prefilter) -> SourcePlan {
        let mut add = |asked: &[(ChainId, u32)]| {
            let forms = FormPlan::new(asked, chains, prefilter);
            prefilter.forms.push(forms);
            u32::try_from(prefilter.forms.len() - 1).expect("there are few names")
        };
        let unnamed = add(&self.unnamed);
        let named = self.named.into_iter().map(|(name, mut asked)| {
            asked.extend_from_slice(&self.unnamed);
            (name.into(), add(&asked))
        });
        SourcePlan { list, part, unnamed, named: named.collect() }
    }
}

impl FormPlan {
    fn new(asked: &[(ChainId, u32)], chains: &Chains, prefilter: &Prefilter) -> Self {
        let mut nodes: Vec<ChainId> = vec![ChainId::ROOT];
        for (node, _) in asked {
            let mut path = vec![*node];
            while let Some((before, _)) = chains.step(path[path.len() - 1]) {
                path.push(before);
            }
            path.into_iter().rev().for_each(|node| {
                if !nodes.contains(&node) {
                    nodes.push(node);
                }
            });
        }
        // Nodes are numbered after those before them.
        nodes.sort_by_key(|node| node.index());
        let mut all = vec![0; prefilter.words];
        let steps: Vec<FormStep> = nodes
            .iter()
            .map(|node| {
                let mut conditions = vec![0_u64; prefilter.words];
                for (_, bit) in asked.iter().filter(|(asked, _)| asked == node) {
                    conditions[*bit as usize / 64] |= 1 << (bit % 64);
                }
                all.iter_mut().zip(&conditions).for_each(|(all, word)| *all |= word);
                let from = chains.step(*node).map(|(before, transform)| {
                    let before = nodes.iter().position(|node| *node == before).expect("the path to a node is there");
                    (u32::try_from(before).expect("there are few nodes"), transform)
                });
                let trigger = from.map_or(Present::default(), |(_, transform)| {
                    transform.trigger().map_or(Present::ANY, |bytes| Present::of(&bytes))
                });
                let filters = prefilter.filters_of(&conditions);
                FormStep { node: *node, from, trigger, conditions: conditions.into(), filters }
            })
            .collect();
        let triggers = steps.iter().fold(Present::default(), |all, step| all.union(step.trigger));
        let filters = prefilter.filters_of(&all);
        Self { steps: steps.into(), triggers, all: all.into(), filters }
    }
}

impl Prefilter {
    /// The filters that conditions belong to, one bit each.
    fn filters_of(&self, conditions: &[u64]) -> u32 {
        let has_any = |filter: &usize| conditions[self.words_of(*filter)].iter().any(|word| *word != 0);
        (0..self.filters.len()).filter(has_any).fold(0, |filters, filter| filters | 1 << filter)
    }
}
