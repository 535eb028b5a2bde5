//! The play for `sekisho demo`: some customers and some attackers at the checkpoint's door, all at once.
//!
//! [`play`] sends the requests and tells a callback what became of each; printing is the caller's. Customers act the
//! legitimate session, attackers the hand-made attacks, each on connections of their own.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::attacks::{self, Attack, Family};
use crate::catalogue::PRODUCTS;
use crate::loopback::Loopback;
use crate::request::{Request, Step};
use crate::session;
use crate::visitor::{Reply, VisitError, Visitor};

/// Turns waiting for the caller's callback; actors pause when it is full.
const TURNS_WAITING_MAX: usize = 64;
/// A longer target is cut in [`Turn::target`].
const TARGET_CHARS_MAX: usize = 72;

/// How the play is performed.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Each actor rests this long between two requests.
    pub rest_ms: u64,
    /// How often each actor performs the whole part.
    pub rounds: u32,
}

impl Default for Pace {
    /// One round, quick enough to end within seconds and slow enough to read.
    fn default() -> Self {
        Self { rest_ms: 120, rounds: 1 }
    }
}

/// Who is at the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// Somebody who should pass.
    Customer(&'static str),
    /// Somebody who should not.
    Attacker(Family),
}

impl Actor {
    /// The actor's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Customer(name) => name,
            Self::Attacker(family) => family.name(),
        }
    }

    /// Whether this actor means harm.
    #[must_use]
    pub const fn is_attacker(self) -> bool {
        matches!(self, Self::Attacker(_))
    }
}

/// One request and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Who sent it.
    pub actor: Actor,
    /// What they were doing, in a few words.
    pub title: String,
    /// The method as sent.
    pub method: String,
    /// Path and query, cut to a line; control characters are escaped.
    pub target: String,
    /// What should have become of it, for people.
    pub expected: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Whether the checkpoint did what it owes.
    pub met: bool,
    /// Milliseconds from the first byte sent to the last byte read.
    pub took_ms: u64,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A reply with this status code.
    Answered(u16),
    /// The connection was closed without a reply.
    Closed,
    /// No reply could be had; the reason, for people.
    Failed(String),
}

/// How the play went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Review {
    /// Requests of customers that got the shop's right answer.
    pub customers_served: u64,
    /// Requests of customers that did not.
    pub customers_turned_away: u64,
    /// Requests of attackers that met what the checkpoint owes them.
    pub attacks_stopped: u64,
    /// Requests of attackers that got through, or were met with anything else.
    pub attacks_through: u64,
}

impl Review {
    /// Whether every customer was served and every attack stopped.
    #[must_use]
    pub const fn is_perfect(&self) -> bool {
        self.customers_turned_away == 0 && self.attacks_through == 0
    }

    fn count(&mut self, turn: &Turn) {
        let counter = match (turn.actor.is_attacker(), turn.met) {
            (false, true) => &mut self.customers_served,
            (false, false) => &mut self.customers_turned_away,
            (true, true) => &mut self.attacks_stopped,
            (true, false) => &mut self.attacks_through,
        };
        *counter += 1;
    }
}

/// A request of a part, with how to judge the reply.
#[derive(Debug, Clone)]
enum Line {
    Customer(Step),
    Attacker(Attack),
}

impl Line {
    const fn step(&self) -> &Step {
        match self {
            Self::Customer(step) => step,
            Self::Attacker(attack) => &attack.step,
        }
    }

    fn is_met_by(&self, reply: &Reply) -> bool {
        match self {
            Self::Customer(step) => step.expect.is_met_by(reply),
            Self::Attacker(attack) => attack.is_stopped_by(reply),
        }
    }
}

/// Performs the play against the checkpoint at `base` and calls `on_turn` once a request, in the order they end.
///
/// Needs a tokio runtime with I/O and time. Ends when every actor has performed all rounds; dropping the future ends
/// it at once. Failures to connect are turns with [`Outcome::Failed`], not errors.
pub async fn play(base: Loopback, pace: Pace, mut on_turn: impl FnMut(&Turn)) -> Review {
    let (sender, mut turns) = mpsc::channel(TURNS_WAITING_MAX);
    let mut actors = JoinSet::new();
    for (actor, lines) in cast(base) {
        actors.spawn(act(base, actor, lines, pace, sender.clone()));
    }
    drop(sender);
    let mut review = Review::default();
    while let Some(turn) = turns.recv().await {
        review.count(&turn);
        on_turn(&turn);
    }
    review
}

fn cast(base: Loopback) -> Vec<(Actor, Vec<Line>)> {
    let (first, second) = PRODUCTS.split_at(PRODUCTS.len() / 2);
    let buyer = [session::log_in(base, session::customer("hanako")), session::pay(base)].concat();
    let reader = [session::log_in(base, session::customer("taro")), session::download(base)].concat();
    let customers = [
        ("花子 Hanako", buyer),
        ("太郎 Taro", reader),
        ("Alice", session::search(base, first)),
        ("健二 Kenji", session::search(base, second)),
        ("Marie", session::browse(base)),
    ];
    let customers = customers
        .map(|(name, steps)| (Actor::Customer(name), steps.into_iter().map(Line::Customer).collect::<Vec<_>>()));
    let attacks = attacks::all(base);
    let attackers = Family::ALL.map(|family| {
        let part = attacks.iter().filter(|attack| attack.family == family).cloned();
        (Actor::Attacker(family), part.map(Line::Attacker).collect())
    });
    customers.into_iter().chain(attackers).collect()
}

async fn act(base: Loopback, actor: Actor, lines: Vec<Line>, pace: Pace, turns: mpsc::Sender<Turn>) {
    let rest = Duration::from_millis(pace.rest_ms);
    for _ in 0..pace.rounds {
        let mut visitor = Visitor::new(base);
        for line in &lines {
            if actor.is_attacker() {
                // A checkpoint may hang up on an attacker; the next attack deserves a fresh connection.
                visitor = Visitor::new(base);
            }
            let turn = perform(&mut visitor, actor, line).await;
            if turns.send(turn).await.is_err() {
                return;
            }
            tokio::time::sleep(rest).await;
        }
    }
}

async fn perform(visitor: &mut Visitor, actor: Actor, line: &Line) -> Turn {
    let step = line.step();
    let started = Instant::now();
    let result = visitor.send(&step.request).await;
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let met = result.as_ref().is_ok_and(|reply| line.is_met_by(reply));
    Turn {
        actor,
        title: step.title.clone(),
        method: step.request.method().to_owned(),
        target: short_target(&step.request),
        expected: step.expect.to_string(),
        outcome: outcome(result),
        met,
        took_ms,
    }
}

fn outcome(result: Result<Reply, VisitError>) -> Outcome {
    match result {
        Ok(Reply { status: Some(status), .. }) => Outcome::Answered(status),
        Ok(Reply { status: None, .. }) => Outcome::Closed,
        Err(error) => {
            let mut text = error.to_string();
            let mut cause = std::error::Error::source(&error);
            while let Some(error) = cause {
                text.push_str(": ");
                text.push_str(&error.to_string());
                cause = error.source();
            }
            Outcome::Failed(text)
        }
    }
}

fn short_target(request: &Request) -> String {
    let target = request.target();
    let mut short: String = target.chars().take(TARGET_CHARS_MAX).flat_map(char::escape_debug).collect();
    if target.chars().nth(TARGET_CHARS_MAX).is_some() {
        short.push('…');
    }
    short
}
