//! The thread that writes files and commits them.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use sekisho_append::Append;
use sekisho_model::Clock;
use sekisho_tables::{Gathering, Tables};
use tokio::runtime::Handle;

use crate::error::{LakeError, chain};
use crate::lake::now_ms;
use crate::record;
use crate::state::{Part, State};

/// Records that are to be committed.
#[derive(Debug)]
pub(crate) struct Work {
    /// Counts the beginnings from the write-ahead log: once a commit failed, later gatherings of the same epoch would leave a gap.
    pub(crate) epoch: u64,
    pub(crate) gathering: Gathering,
    /// The index after the last record that was gathered or left out.
    pub(crate) next: u64,
}

/// The thread.
pub(crate) struct Committer {
    pub(crate) append: Arc<Append>,
    pub(crate) tables: Arc<Tables>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) state: Arc<State>,
    pub(crate) runtime: Handle,
}

impl Committer {
    /// Works until nobody hands anything over any more.
    pub(crate) fn work(self, handed_over: &Receiver<Work>) {
        for Work { epoch, gathering, next } in handed_over {
            if self.state.has_failed(epoch) {
                self.state.arrive(None);
                continue;
            }
            match self.commit(gathering, next) {
                Ok(()) => {
                    self.state.set_committed(next);
                    // What cannot be removed now will be next time; meanwhile it only takes room.
                    let removed = self.append.remove_before(next.min(self.state.sealed()));
                    self.state.set_trouble(Part::Commit, removed.err().map(|error| chain(&error)));
                    self.state.arrive(None);
                }
                Err(error) => {
                    self.state.set_trouble(Part::Commit, Some(chain(&error)));
                    self.state.arrive(Some(epoch));
                }
            }
        }
    }

    fn commit(&self, gathering: Gathering, next: u64) -> Result<(), LakeError> {
        let now_ms = now_ms(&*self.clock);
        let written = self.runtime.block_on(gathering.write(&self.tables, now_ms))?;
        if written.files().is_empty() {
            return Ok(());
        }
        // Durable before the files count, so that there is no file in a table that no record vouches for.
        self.append.append(record::wrote(written.files(), now_ms))?.wait()?;
        self.runtime.block_on(written.commit(&self.tables, next))?;
        Ok(())
    }
}
