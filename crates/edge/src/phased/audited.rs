//! What the audit log gets of a transaction that has ended, whichever way it did.

use crate::audit::Ended;
use crate::inspect::{Inspector, Rules};
use crate::server::Worker;

/// Leaves an entry in the audit log, if the rules ask for one.
pub(crate) fn audit(worker: &Worker, rules: &Rules, ended: &Ended<'_>) {
    let Some(plan) = rules.phased.as_ref().and_then(|phased| phased.audit.as_ref()) else { return };
    let mut inspector = worker.inspector.borrow_mut();
    let Inspector { recorder, composer, .. } = &mut *inspector;
    composer.compose(plan, ended, recorder.cloak(rules.terms.veil()), &worker.shared.audit);
}
