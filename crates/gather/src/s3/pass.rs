//! Which objects are known.

use std::sync::Arc;

use object_store::ObjectMeta;
use sekisho_append::{Feed as FeedName, Position};
use serde::{Deserialize, Serialize};

use crate::cut::Place;
use crate::ledger::{self, Id};
use crate::seen::{Seen, Stored};
use crate::sink::Sink;

/// Objects that are known one by one: more come in `late_ms` only at twenty a second. Of more, the oldest are taken for known.
const OBJECTS_MAX: usize = 400_000;

/// An object as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) key: String,
    pub(super) id: Id,
    pub(super) modified_s: u32,
}

impl Object {
    pub(super) fn new(meta: &ObjectMeta) -> Self {
        let key = meta.location.to_string();
        let tag = meta.e_tag.as_deref().unwrap_or_default().trim_matches('"');
        let id = ledger::id(&[key.as_bytes(), tag.as_bytes()]);
        Self { key, id, modified_s: u32::try_from(meta.last_modified.timestamp()).unwrap_or_default() }
    }
}

/// How far passes have come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Pass {
    /// Objects that were modified before are known.
    known_before_s: u32,
    /// When the pass that is under way began; 0 if none is.
    began_s: u32,
    /// Of objects that were old then, those up to this key are known.
    after: String,
}

/// Which objects are known, and how far each of them is stored.
#[derive(Debug)]
pub(super) struct Known {
    feed: FeedName,
    pass: Pass,
    seen: Seen,
    late_s: u32,
    /// Whether passes are made: they alone say what is forgotten then.
    is_listed: bool,
    /// Whether an object of this pass could not be read: then the key that was read last says nothing of those before it.
    has_failed: bool,
}

impl Known {
    pub(super) fn read(name: &str, late_ms: u64, is_listed: bool, sink: &Arc<Sink>) -> Self {
        let feed = format!("s3 pass/{name}\0").into_bytes();
        let kept = sink.positions(&feed);
        let pass = kept.first().and_then(|(_, position)| serde_json::from_slice(position).ok()).unwrap_or_default();
        let seen = Seen::read(format!("s3/{name}\0").into_bytes(), sink);
        let late_s = u32::try_from(late_ms / 1000).unwrap_or(u32::MAX);
        Self { feed, pass, seen, late_s, is_listed, has_failed: false }
    }

    /// Begins a pass, or goes on with one; gives the key after which keys are to be listed.
    pub(super) fn begin(&mut self, now_s: u32) -> String {
        self.has_failed = false;
        if self.pass.began_s == 0 {
            self.pass.began_s = now_s;
        }
        self.pass.after.clone()
    }

    pub(super) fn get(&self, object: &Object) -> Option<Stored> {
        if object.modified_s < self.pass.known_before_s {
            return Some(Stored::Whole);
        }
        self.seen.get(object.id)
    }

    /// How far an object is stored; a listed one comes in the order of keys.
    pub(super) fn mark(&mut self, object: &Object, is_listed: bool, stored: Stored) -> (FeedName, Position) {
        let is_old = object.modified_s < self.pass.began_s.saturating_sub(self.late_s);
        if stored == Stored::Whole && is_listed && is_old && !self.has_failed {
            self.pass.after.clone_from(&object.key);
            return self.position();
        }
        self.seen.mark(object.id, object.modified_s, stored)
    }

    /// An object of the pass could not be read.
    pub(super) fn fail(&mut self) {
        self.has_failed = true;
    }

    /// Ends a pass; gives the positions that say so. False if an object was not read, and the pass is to be gone on with.
    pub(super) fn end(&mut self) -> (bool, Vec<(FeedName, Position)>) {
        if self.has_failed {
            return (false, Vec::new());
        }
        let through = self.pass.began_s.saturating_sub(self.late_s).max(self.seen.surplus_before_s(OBJECTS_MAX));
        self.pass = Pass { known_before_s: self.pass.known_before_s.max(through), ..Pass::default() };
        let mut positions = vec![self.position()];
        positions.extend(self.seen.forget_before(self.pass.known_before_s));
        (true, positions)
    }

    /// Forgets objects that are too old for a queue to tell of them once more, where no pass does.
    pub(super) fn forget(&mut self, now_s: u32) -> Vec<(FeedName, Position)> {
        if self.is_listed {
            return Vec::new();
        }
        let oldest = now_s.saturating_sub(self.late_s).max(self.seen.surplus_before_s(OBJECTS_MAX));
        self.seen.forget_before(oldest)
    }

    fn position(&self) -> (FeedName, Position) {
        (self.feed.clone(), serde_json::to_vec(&self.pass).expect("numbers and a text"))
    }
}

/// Writes how far one object is stored.
pub(super) struct ObjectMark<'o> {
    pub(super) known: &'o std::sync::Mutex<Known>,
    pub(super) object: &'o Object,
    pub(super) is_listed: bool,
    pub(super) is_whole: bool,
}

impl crate::cut::Mark for ObjectMark<'_> {
    fn mark(&mut self, place: Place) -> (FeedName, Position) {
        let stored = if self.is_whole { Stored::Whole } else { Stored::Part(place) };
        let mut known = self.known.lock().expect("nothing panics with what is known in hand");
        known.mark(self.object, self.is_listed, stored)
    }
}
