//! What searches of one transaction may take together, where that is not linear in its values.

/// Steps times bytes that searches by backtracking take together. Eight times what one search may take.
const WORK_MAX: u64 = 1 << 27;

/// Patterns with macros that are built anew: several times what rules of one transaction ask for.
const BUILDS_MAX: u32 = 64;

/// What is left of it.
#[derive(Debug)]
pub(super) struct Budget {
    work: u64,
    builds: u32,
    gave_up: bool,
}

/// A search that was given up, or never begun: whether there is a match is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GaveUp;

impl Default for Budget {
    fn default() -> Self {
        Self { work: WORK_MAX, builds: BUILDS_MAX, gave_up: false }
    }
}

impl Budget {
    /// Takes the work of a search.
    pub(super) fn spend(&mut self, work: u64) -> Result<(), GaveUp> {
        self.work = self.work.checked_sub(work).ok_or(GaveUp)?;
        Ok(())
    }

    /// Takes the building of a pattern.
    pub(super) fn build(&mut self) -> Result<(), GaveUp> {
        self.builds = self.builds.checked_sub(1).ok_or(GaveUp)?;
        Ok(())
    }

    /// The answer of a search, or none if it was given up, which is remembered.
    pub(super) fn known<T>(&mut self, answer: Result<Option<T>, GaveUp>) -> Option<T> {
        self.gave_up |= answer.is_err();
        answer.ok().flatten()
    }

    /// Whether a search was given up since this was asked.
    pub(super) fn take_gave_up(&mut self) -> bool {
        std::mem::take(&mut self.gave_up)
    }
}
