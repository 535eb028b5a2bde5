//! A shard of the counters: keys with their windows, least recently used out.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::fleet::Share;
use super::window::Window;

/// No entry.
const NONE: u32 = u32::MAX;
/// Keys that one shard can hold.
pub(super) const SHARD_KEYS_MAX: usize = NONE as usize - 1;

/// Passes on a key that is a hash already.
#[derive(Debug, Default)]
pub(super) struct Ready(u64);

/// For maps whose keys are hashes already.
pub(super) type ReadyHasher = BuildHasherDefault<Ready>;

impl Hasher for Ready {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.0 = self.0.rotate_left(5) ^ u64::from_le_bytes(word);
        }
    }

    fn write_u128(&mut self, key: u128) {
        self.0 = key as u64;
    }
}

/// What is kept of one key.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: u128,
    pub(super) window: Window,
    /// Since when it is over its limit, in milliseconds since the epoch; 0 if it is not.
    pub(super) limited_since_ms: u64,
    /// Its part in a fleet's exchange, if there is a fleet.
    pub(super) share: Option<Box<Share>>,
    /// Neighbours in the order of last use.
    newer: u32,
    older: u32,
}

/// Keys in the order of last use.
#[derive(Debug)]
pub(super) struct Shard {
    keys_max: usize,
    places: HashMap<u128, u32, ReadyHasher>,
    entries: Vec<Entry>,
    newest: u32,
    oldest: u32,
    /// Keys that wait for a fleet's exchange; some may have made room for others since.
    pub(super) queued: Vec<u128>,
}

impl Shard {
    /// An empty one, for at most this many keys.
    pub(super) fn new(keys_max: usize) -> Self {
        Self {
            keys_max,
            places: HashMap::default(),
            entries: Vec::new(),
            newest: NONE,
            oldest: NONE,
            queued: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether another key may wait for a fleet's exchange: as many may as are kept.
    pub(super) fn has_room_in_queue(&self) -> bool {
        self.queued.len() < self.keys_max
    }

    /// The entry of a key, if it is kept. Does not count as a use.
    pub(super) fn get(&self, key: u128) -> Option<&Entry> {
        self.places.get(&key).map(|&place| &self.entries[place as usize])
    }

    /// The entry of a key, to change, if it is kept. Does not count as a use.
    pub(super) fn get_mut(&mut self, key: u128) -> Option<&mut Entry> {
        self.places.get(&key).map(|&place| &mut self.entries[place as usize])
    }

    /// The entry of a key, which becomes the one used last.
    pub(super) fn entry(&mut self, key: u128) -> &mut Entry {
        let place = match self.places.get(&key) {
            Some(&place) => {
                self.unlink(place);
                place
            }
            None => self.admit(key),
        };
        self.link_newest(place);
        &mut self.entries[place as usize]
    }

    /// Finds an entry for a new key: a fresh one, or that of the key not seen for longest.
    fn admit(&mut self, key: u128) -> u32 {
        let entry = Entry { key, window: Window::EMPTY, limited_since_ms: 0, share: None, newer: NONE, older: NONE };
        let place = if self.entries.len() < self.keys_max {
            self.entries.push(entry);
            (self.entries.len() - 1) as u32
        } else {
            let place = self.oldest;
            self.unlink(place);
            let old = std::mem::replace(&mut self.entries[place as usize], entry);
            self.places.remove(&old.key);
            place
        };
        self.places.insert(key, place);
        place
    }

    fn unlink(&mut self, place: u32) {
        let Entry { newer, older, .. } = self.entries[place as usize];
        match newer {
            NONE => self.newest = older,
            newer => self.entries[newer as usize].older = older,
        }
        match older {
            NONE => self.oldest = newer,
            older => self.entries[older as usize].newer = newer,
        }
    }

    fn link_newest(&mut self, place: u32) {
        let entry = &mut self.entries[place as usize];
        (entry.newer, entry.older) = (NONE, self.newest);
        match self.newest {
            NONE => self.oldest = place,
            newest => self.entries[newest as usize].newer = place,
        }
        self.newest = place;
    }
}
