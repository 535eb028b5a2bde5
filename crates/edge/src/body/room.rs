//! Room for bodies held back for rules in phases: one bound for all connections together.
//!
//! Such rules see a body whole or not at all, so much more of it is held than a web ACL looks at. Without a common bound, a
//! few hundred clients that each send a body of the largest allowed size would fill any memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many bytes are held, of how many.
#[derive(Debug)]
pub(crate) struct Room {
    held: AtomicUsize,
    bytes_max: usize,
}

/// Room taken up; given back when dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    room: Arc<Room>,
    bytes: usize,
}

impl Room {
    pub(crate) fn new(bytes_max: usize) -> Arc<Self> {
        Arc::new(Self { held: AtomicUsize::new(0), bytes_max })
    }

    /// How many bytes are held.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// A share of the room, nothing at first.
    pub(crate) fn share(self: &Arc<Self>) -> Taken {
        Taken { room: Arc::clone(self), bytes: 0 }
    }
}

impl Taken {
    /// Takes up room for so many bytes more; false if there is none.
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        let fits = |held: usize| held.checked_add(bytes).filter(|wanted| *wanted <= self.room.bytes_max);
        let taken = self.room.held.fetch_update(Ordering::AcqRel, Ordering::Acquire, fits).is_ok();
        if taken {
            self.bytes += bytes;
        }
        taken
    }

    /// The bytes it takes up.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes up so many bytes from now on, whatever room there is: they are in memory already, and what comes next must know.
    pub(crate) fn settle(&mut self, bytes: usize) {
        if bytes > self.bytes {
            self.room.held.fetch_add(bytes - self.bytes, Ordering::AcqRel);
        } else {
            self.room.held.fetch_sub(self.bytes - bytes, Ordering::AcqRel);
        }
        self.bytes = bytes;
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.room.held.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_already_counts_whatever_room_there_is() {
        let room = Room::new(100);
        let (mut one, mut two) = (room.share(), room.share());
        assert!(one.grow(60));
        two.settle(70);
        assert_eq!((two.bytes(), room.held()), (70, 130));
        assert!(!one.grow(1) && !two.grow(0));
        two.settle(20);
        assert!(room.held() == 80 && one.grow(20) && !one.grow(1));
        drop(two);
        assert_eq!(room.held(), 80);
    }

    #[test]
    fn room_is_shared_and_comes_back() {
        let room = Room::new(100);
        let (mut one, mut two) = (room.share(), room.share());
        assert!(one.grow(60) && !two.grow(41) && two.grow(40) && !one.grow(1));
        drop(one);
        assert!(two.grow(60) && !two.grow(1) && !two.grow(usize::MAX));
        drop(two);
        assert_eq!(room.held.load(Ordering::Relaxed), 0);
    }
}
