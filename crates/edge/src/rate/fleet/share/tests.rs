//! Edges of a fleet in one thread, with a store that is a map and clocks that are numbers.

use std::collections::{HashMap, VecDeque};

use super::super::resp::read_reply;
use super::*;
use crate::rate::identity::RuleIdentity;
use crate::rate::store::CountedRule;
use crate::rate::table::Shard;

/// A store as far as counting uses one. Nothing goes away by itself: whoever reads must not mind.
#[derive(Default)]
struct Store {
    numbers: HashMap<Vec<u8>, i64>,
    hashes: HashMap<Vec<u8>, BTreeMap<Vec<u8>, i64>>,
    kept_s: HashMap<Vec<u8>, u64>,
}

impl Store {
    fn answer(&mut self, commands: &Commands) -> Vec<Reply> {
        let mut input = commands.bytes();
        let mut replies = Vec::new();
        while !input.is_empty() {
            // A command looks as a list of texts does.
            let Reply::List(words) = read_reply(&mut input).unwrap() else { panic!() };
            let words: Vec<_> = words
                .into_iter()
                .map(|word| match word {
                    Reply::Text(Some(text)) => text,
                    other => panic!("{other:?}"),
                })
                .collect();
            replies.push(self.execute(&words.iter().map(Vec::as_slice).collect::<Vec<_>>()));
        }
        replies
    }

    fn execute(&mut self, words: &[&[u8]]) -> Reply {
        let number = |text: &[u8]| std::str::from_utf8(text).unwrap().parse::<i64>().unwrap();
        match words {
            [b"HINCRBY", key, field, by] => {
                let value = self.hashes.entry(key.to_vec()).or_default().entry(field.to_vec()).or_default();
                *value += number(by);
                Reply::Number(*value)
            }
            [b"INCRBY", key, by] => {
                let value = self.numbers.entry(key.to_vec()).or_default();
                *value += number(by);
                Reply::Number(*value)
            }
            [b"EXPIRE", key, seconds] => {
                self.kept_s.insert(key.to_vec(), number(seconds).unsigned_abs());
                Reply::Number(1)
            }
            [b"GET", key] => Reply::Text(self.numbers.get(*key).map(|value| value.to_string().into_bytes())),
            [b"HGETALL", key] => {
                let fields = self.hashes.get(*key).into_iter().flatten();
                let text = |value: &i64| Reply::Text(Some(value.to_string().into_bytes()));
                Reply::List(fields.flat_map(|(field, value)| [Reply::Text(Some(field.clone())), text(value)]).collect())
            }
            other => panic!("{other:?}"),
        }
    }
}

/// What one edge knows of one key.
struct Edge {
    shard: Shard,
    rule: CountedRule,
    is_watched: bool,
    exchanged_ms: Option<u64>,
}

const HASH: u128 = 7;

impl Edge {
    fn new(allowance: Allowance) -> Self {
        let rule = CountedRule { identity: RuleIdentity(1), allowance };
        Self { shard: Shard::new(4), rule, is_watched: false, exchanged_ms: None }
    }

    fn request(&mut self, now_ms: u64) -> u64 {
        let entry = self.shard.entry(HASH);
        let (count, _) = entry.count(&self.rule, 1, now_ms);
        entry.share.get_or_insert_with(|| Box::new(Share::new(9, self.rule.allowance))).note(now_ms);
        count
    }

    fn exchange(&mut self, store: &mut Store, connection: u32, now_ms: u64) {
        let Some(entry) = self.shard.get_mut(HASH) else { return };
        let share = entry.share.as_mut().unwrap();
        if !share.is_queued() && !self.is_watched {
            return;
        }
        let turn = share.turn(HASH, connection, now_ms);
        let mut commands = Commands::default();
        turn.ask(now_ms, &mut commands);
        let news = turn.hear(&mut store.answer(&commands).into_iter()).unwrap();
        self.is_watched = turn.settle(entry, news, connection, now_ms, now_ms);
        self.exchanged_ms = Some(now_ms);
    }

    fn requests(&self, now_ms: u64) -> u64 {
        self.shard.get(HASH).map_or(0, |entry| entry.window.requests(now_ms, self.rule.allowance.window_ms))
    }
}

/// Random numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }
}

/// Random arrivals at edges that exchange every 200 ms: each edge's count, held against that of the whole fleet as it was
/// a second ago at the earliest.
fn simulate(allowance: Allowance, edges: usize, seed: u64) {
    let mut dice = Dice(seed);
    let mut store = Store::default();
    let mut fleet: Vec<_> = (0..edges).map(|_| Edge::new(allowance)).collect();
    let mut all: VecDeque<(u64, usize)> = VecDeque::new();
    let (limit, window_ms) = (allowance.limit, u64::from(allowance.window_ms));
    let start_ms = 1_700_000_000_000;
    let (mut judged, mut over) = (0, 0);
    let mut percent = 50.0;
    for step in 0..(6 * window_ms / 10) {
        let now_ms = start_ms + step * 10;
        if step % (window_ms / 20) == 0 {
            percent = [20.0, 80.0, 95.0, 120.0, 400.0][(dice.roll() * 5.0) as usize];
        }
        if step % 20 == 0 {
            fleet.iter_mut().for_each(|edge| edge.exchange(&mut store, 1, now_ms));
        }
        let expected = limit as f64 * percent / 100.0 * 10.0 / window_ms as f64;
        let arrivals = expected as usize + usize::from(dice.roll() < expected.fract());
        for _ in 0..arrivals {
            let at = (dice.roll() * edges as f64) as usize;
            all.push_back((now_ms, at));
            while all.front().is_some_and(|&(time, _)| time + window_ms + 2_000 <= now_ms) {
                all.pop_front();
            }
            let estimate = fleet[at].request(now_ms);
            if fleet[at].exchanged_ms.is_none_or(|time| now_ms - time > 500) {
                continue;
            }
            judged += 1;
            let within =
                |&&(time, by): &&(u64, usize)| time + window_ms > now_ms && (by == at || time + 1000 <= now_ms);
            let least = all.iter().filter(within).count() as u64;
            let most = all.iter().filter(|(time, _)| time + window_ms + 1000 > now_ms).count() as u64;
            over += u64::from(least > limit);
            let is_near = estimate * 20 + limit >= least * 20 && estimate * 20 <= most * 20 + limit;
            assert!(
                is_near || estimate > limit && most > limit,
                "step {step} of seed {seed}: {estimate}, but {least} to {most} of {limit}"
            );
        }
    }
    assert!(judged > 3 * limit && over > 0, "{judged} judged, {over} over the limit");
}

#[test]
fn a_fleet_counts_within_a_twentieth_of_the_limit() {
    for window_s in [60, 120, 300, 600] {
        for (limit, edges, seed) in [(100, 2, 1), (400, 2, 2), (400, 3, 3), (1000, 5, 4)] {
            simulate(Allowance { limit, window_ms: window_s * 1000 }, edges, seed + u64::from(window_s));
        }
    }
}

const MINUTE: Allowance = Allowance { limit: 100, window_ms: 60_000 };
const NOON: u64 = 1_700_000_000_000;

#[test]
fn an_edge_that_comes_later_learns_what_was_before() {
    let (mut store, mut first, mut second) = (Store::default(), Edge::new(MINUTE), Edge::new(MINUTE));
    for second in 0..40 {
        (0..2).for_each(|_| _ = first.request(NOON + second * 1000));
        first.exchange(&mut store, 1, NOON + second * 1000 + 100);
    }
    assert_eq!(second.request(NOON + 40_000), 1);
    second.exchange(&mut store, 1, NOON + 40_100);
    assert_eq!(second.requests(NOON + 40_100), 81);
    // Half of them left a minute after they came.
    assert!((40..=42).contains(&second.requests(NOON + 80_000)), "{}", second.requests(NOON + 80_000));
}

#[test]
fn a_key_near_its_limit_is_followed_without_requests_of_its_own() {
    let (mut store, mut busy, mut quiet) = (Store::default(), Edge::new(MINUTE), Edge::new(MINUTE));
    quiet.request(NOON);
    (0..60).for_each(|_| _ = busy.request(NOON));
    busy.exchange(&mut store, 1, NOON);
    quiet.exchange(&mut store, 1, NOON);
    for tick in 1..=50 {
        busy.request(NOON + tick * 200);
        busy.exchange(&mut store, 1, NOON + tick * 200);
        quiet.exchange(&mut store, 1, NOON + tick * 200);
    }
    assert_eq!(quiet.request(NOON + 10_001), 112);
}

#[test]
fn a_store_that_lost_its_data_takes_nothing_away() {
    let (mut store, mut first, mut second) = (Store::default(), Edge::new(MINUTE), Edge::new(MINUTE));
    let mut both = |store: &mut Store, connection, now_ms: u64, expected: [u64; 2]| {
        for edge in [&mut first, &mut second] {
            (0..10).for_each(|_| _ = edge.request(now_ms));
            edge.exchange(store, connection, now_ms);
        }
        first.exchange(store, connection, now_ms);
        first.request(now_ms);
        first.exchange(store, connection, now_ms);
        assert_eq!([first.requests(now_ms), second.requests(now_ms)], expected);
    };
    both(&mut store, 1, NOON, [21, 20]);
    store = Store::default();
    // The second was not told again of what the first had before; it forgets nothing either.
    both(&mut store, 2, NOON + 500, [42, 30]);
}

#[test]
fn what_is_stored_goes_away_by_itself() {
    let (mut store, mut edge) = (Store::default(), Edge::new(MINUTE));
    edge.request(NOON);
    edge.exchange(&mut store, 1, NOON);
    let stored = store.numbers.keys().chain(store.hashes.keys());
    assert!(stored.clone().all(|key| store.kept_s.contains_key(key)) && stored.count() == 2);
    assert!(store.kept_s.values().all(|seconds| (120..=180).contains(seconds)), "{:?}", store.kept_s);
}

#[test]
fn replies_that_make_no_sense_are_none() {
    let mut share = Share::new(1, MINUTE);
    share.note(NOON);
    let turn = share.turn(HASH, 1, NOON);
    let number = || Reply::Number(1);
    let list = |items| Reply::List(items);
    for replies in [
        vec![],
        vec![number(), number(), Reply::Number(-1), number(), list(vec![]), list(vec![])],
        vec![number(), number(), number(), number(), number(), number()],
        vec![number(), number(), number(), number(), list(vec![number()]), list(vec![])],
    ] {
        assert_eq!(turn.hear(&mut replies.into_iter()), None);
    }
}

#[test]
fn a_key_that_comes_back_during_its_exchange_is_not_charged_with_all_there_ever_was() {
    let (mut store, mut other, mut edge) = (Store::default(), Edge::new(MINUTE), Edge::new(MINUTE));
    (0..60).for_each(|_| _ = other.request(NOON));
    other.exchange(&mut store, 1, NOON);
    edge.request(NOON);
    edge.exchange(&mut store, 1, NOON);
    edge.request(NOON);
    let turn = edge.shard.get_mut(HASH).unwrap().share.as_mut().unwrap().turn(HASH, 1, NOON);
    let mut commands = Commands::default();
    turn.ask(NOON, &mut commands);
    let news = turn.hear(&mut store.answer(&commands).into_iter()).unwrap();
    (100..104).for_each(|other| _ = edge.shard.entry(other));
    edge.request(NOON);
    turn.settle(edge.shard.get_mut(HASH).unwrap(), news, 1, NOON, NOON);
    assert_eq!(edge.requests(NOON), 1);
    // Its own turn tells what was before.
    edge.exchange(&mut store, 1, NOON);
    assert_eq!(edge.requests(NOON), 63);
}
