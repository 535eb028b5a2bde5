//! What a fleet knows of one key, as this edge keeps it and as the store does.
//!
//! In the store a key has a total that only grows, and a number of requests for each sixtieth of a window, in a hash for
//! each window's length of time; all of it goes away by itself once the key is quiet. An edge adds what it counted since
//! last time and reads the total back: what that grew by beyond its own is what the others counted. Only where it does not
//! know the last total well (a key new to it, or long quiet here) it reads the buckets too.

use std::collections::BTreeMap;

use super::link::Commands;
use super::resp::Reply;
use crate::rate::table::Entry;
use crate::rate::window::{Allowance, Window};

/// Buckets that the store divides a window into.
const BUCKETS: u64 = 60;
/// How much longer than it can matter (seconds) the store keeps something.
const KEPT_LONGER_S: u64 = 60;
/// An entry quiet for this long (milliseconds), and not near its limit, is not asked about any more.
const QUIET_MS: u64 = 2_000;

/// A key's part in the exchange, beside its window.
#[derive(Debug)]
pub(in crate::rate) struct Share {
    /// What the store knows the key by.
    name: u128,
    allowance: Allowance,
    /// Requests counted here that the store has not been told of.
    unsent: u32,
    /// Whether it waits for its turn.
    is_queued: bool,
    /// Time of the last request here, in milliseconds since the epoch.
    used_ms: u64,
    /// The store's total as last read, on which connection, and when.
    total: u64,
    connection: u32,
    read_ms: u64,
}

impl Share {
    pub(in crate::rate) fn new(name: u128, allowance: Allowance) -> Self {
        let (total, connection, read_ms) = (0, 0, 0);
        Self { name, allowance, unsent: 0, is_queued: false, used_ms: 0, total, connection, read_ms }
    }

    /// Notes a request counted here; whether the key must be queued for the exchange.
    pub(in crate::rate) fn note(&mut self, now_ms: u64) -> bool {
        self.unsent = self.unsent.saturating_add(1);
        self.used_ms = now_ms;
        !std::mem::replace(&mut self.is_queued, true)
    }

    /// Whether it waits for its turn.
    pub(super) fn is_queued(&self) -> bool {
        self.is_queued
    }

    /// The key found no place in the queue; its next request tries again.
    pub(in crate::rate) fn not_queued(&mut self) {
        self.is_queued = false;
    }

    /// Takes what there is to tell and to ask. `connection` numbers connections to the store, from 1.
    pub(super) fn turn(&mut self, hash: u128, connection: u32, now_ms: u64) -> Turn {
        self.is_queued = false;
        let bucket_ms = bucket_ms(self.allowance);
        let is_known = self.connection == connection && now_ms.saturating_sub(self.read_ms) < bucket_ms;
        Turn {
            hash,
            name: self.name,
            allowance: self.allowance,
            requests: std::mem::take(&mut self.unsent),
            needs_history: !is_known,
        }
    }
}

fn bucket_ms(allowance: Allowance) -> u64 {
    (u64::from(allowance.window_ms) / BUCKETS).max(1)
}

/// One key in one exchange.
#[derive(Debug)]
pub(super) struct Turn {
    /// What this edge knows the key by.
    pub(super) hash: u128,
    name: u128,
    allowance: Allowance,
    /// Requests to tell of.
    requests: u32,
    needs_history: bool,
}

/// What the store answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct News {
    total: u64,
    /// Requests by bucket, if they were asked for.
    history: Option<BTreeMap<u64, u64>>,
}

impl Turn {
    /// Writes what is told and asked; `store_ms` is the store's time.
    pub(super) fn ask(&self, store_ms: u64, commands: &mut Commands) {
        let bucket = store_ms / bucket_ms(self.allowance);
        let generation = bucket / BUCKETS;
        let window_s = u64::from(self.allowance.window_ms).div_ceil(1000);
        let total = format!("sekisho:rate:{:032x}:total", self.name);
        let hash = |generation: u64| format!("sekisho:rate:{:032x}:{generation}", self.name);
        if self.requests > 0 {
            let (requests, field) = (self.requests.to_string(), bucket.to_string());
            let hash = hash(generation);
            commands.push(&[b"HINCRBY", hash.as_bytes(), field.as_bytes(), requests.as_bytes()]);
            let kept_s = (2 * window_s + KEPT_LONGER_S).to_string();
            commands.push(&[b"EXPIRE", hash.as_bytes(), kept_s.as_bytes()]);
            commands.push(&[b"INCRBY", total.as_bytes(), requests.as_bytes()]);
            let kept_s = (window_s + KEPT_LONGER_S).to_string();
            commands.push(&[b"EXPIRE", total.as_bytes(), kept_s.as_bytes()]);
        } else {
            commands.push(&[b"GET", total.as_bytes()]);
        }
        if self.needs_history {
            commands.push(&[b"HGETALL", hash(generation.saturating_sub(1)).as_bytes()]);
            commands.push(&[b"HGETALL", hash(generation).as_bytes()]);
        }
    }

    /// Reads what was answered to [`Turn::ask`]; none if it makes no sense.
    pub(super) fn hear(&self, replies: &mut impl Iterator<Item = Reply>) -> Option<News> {
        let number = |reply: Reply| match reply {
            Reply::Text(None) => Some(0),
            reply => u64::try_from(reply.number()?).ok(),
        };
        let total = if self.requests > 0 {
            let [_, _, total, _] = [replies.next()?, replies.next()?, replies.next()?, replies.next()?];
            number(total)?
        } else {
            number(replies.next()?)?
        };
        if !self.needs_history {
            return Some(News { total, history: None });
        }
        let mut history = BTreeMap::new();
        for _ in 0..2 {
            let Reply::List(items) = replies.next()? else { return None };
            for pair in items.chunks(2) {
                let [bucket, requests] = pair else { return None };
                history.insert(u64::try_from(bucket.number()?).ok()?, u64::try_from(requests.number()?).ok()?);
            }
        }
        Some(News { total, history: Some(history) })
    }

    /// Brings an entry up to what was heard. Whether the key is to be asked about again without a request of its own.
    pub(super) fn settle(&self, entry: &mut Entry, news: News, connection: u32, now_ms: u64, store_ms: u64) -> bool {
        let Some(share) = &mut entry.share else { return false };
        match news.history {
            Some(history) => {
                let fleet = from_history(&history, self.allowance, now_ms, store_ms);
                let known = entry.window.requests(now_ms, self.allowance.window_ms);
                // What was counted here is known better than buckets tell; it stays unless they tell of more.
                let told = fleet.requests(now_ms, self.allowance.window_ms) + u64::from(share.unsent);
                if told > known + self.allowance.limit / 40 {
                    entry.window = fleet;
                    if share.unsent > 0 {
                        entry.window.count(now_ms, share.unsent, self.allowance);
                    }
                }
            }
            // The key made room for others meanwhile and came back: what its total was before is not known.
            None if share.connection != connection => return false,
            None => {
                // A store that lost its data begins anew: then nobody else's requests are known of.
                let own = share.total.saturating_add(u64::from(self.requests));
                let others = u32::try_from(news.total.saturating_sub(own)).unwrap_or(u32::MAX);
                if others > 0 {
                    entry.window.count(now_ms, others, self.allowance);
                }
            }
        }
        share.total = news.total;
        share.connection = connection;
        share.read_ms = now_ms;
        let is_quiet = now_ms.saturating_sub(share.used_ms) > QUIET_MS;
        !is_quiet || entry.window.requests(now_ms, self.allowance.window_ms) * 2 >= self.allowance.limit
    }
}

/// A window with the requests of the store's buckets, each at the middle of its time; of the oldest, as much as is still
/// within the window.
fn from_history(history: &BTreeMap<u64, u64>, allowance: Allowance, now_ms: u64, store_ms: u64) -> Window {
    let (bucket_ms, window_ms) = (bucket_ms(allowance), u64::from(allowance.window_ms));
    let mut window = Window::EMPTY;
    for (&bucket, &requests) in history {
        let start_age_ms = store_ms.saturating_sub(bucket.saturating_mul(bucket_ms));
        let end_age_ms = start_age_ms.saturating_sub(bucket_ms);
        if end_age_ms >= window_ms {
            continue;
        }
        let outside_ms = start_age_ms.saturating_sub(window_ms).min(bucket_ms);
        let requests = requests
            - u64::try_from(u128::from(requests) * u128::from(outside_ms) / u128::from(bucket_ms)).unwrap_or(requests);
        let requests = u32::try_from(requests).unwrap_or(u32::MAX);
        if requests > 0 {
            let age_ms = (start_age_ms.min(window_ms - 1) + end_age_ms) / 2;
            window.count(now_ms.saturating_sub(age_ms), requests, allowance);
        }
    }
    window
}

#[cfg(test)]
mod tests;
