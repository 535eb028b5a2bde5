//! Which tasks were spent: each solution is good once.
//!
//! Two generations are kept. A generation ends when it is as old as a task can get, or full; so an id is remembered for at
//! least as long as its task lives unless more than [`SPENT_MAX`] others were spent meanwhile, each of which cost its proof
//! of work.

use std::collections::HashSet;

use sekisho_model::Timestamp;

use super::task::LIFE_MS;

/// Tasks remembered in a generation, about 2 MB.
const SPENT_MAX: usize = 65_536;

/// A memory of spent tasks.
#[derive(Debug, Default)]
pub(super) struct Spent {
    now: HashSet<u128>,
    before: HashSet<u128>,
    began: Timestamp,
}

impl Spent {
    /// Spends a task. False if it was spent before.
    pub(super) fn spend(&mut self, id: [u8; 16], now: Timestamp) -> bool {
        if now.since_ms(self.began) > LIFE_MS || self.now.len() >= SPENT_MAX {
            self.before = std::mem::take(&mut self.now);
            self.began = now;
        }
        let id = u128::from_be_bytes(id);
        !self.before.contains(&id) && self.now.insert(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_spent_once_while_it_lives() {
        let mut spent = Spent::default();
        let at = Timestamp::from_unix_ms;
        assert!(spent.spend([1; 16], at(LIFE_MS * 10)));
        assert!(!spent.spend([1; 16], at(LIFE_MS * 10 + 1)));
        assert!(spent.spend([2; 16], at(LIFE_MS * 11 + 1)));
        assert!(!spent.spend([1; 16], at(LIFE_MS * 11 + 2)));
    }

    #[test]
    fn memory_is_bounded() {
        let mut spent = Spent::default();
        for number in 0..(SPENT_MAX as u128 * 3) {
            spent.spend(number.to_be_bytes(), Timestamp::from_unix_ms(1));
        }
        assert!(spent.now.len() <= SPENT_MAX && spent.before.len() <= SPENT_MAX);
    }
}
