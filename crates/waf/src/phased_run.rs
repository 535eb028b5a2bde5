//! Rules in phases held against a request as a group of a policy.
//!
//! They run once a request, when the first member of the group is asked for, both phases at once; members are told of by what
//! came of that.

use std::sync::Arc;

use crate::transaction::{InspectedBody, Judging, PhasedContext, PhasedRules, Transaction};
use crate::{Context, Request};

/// What came of one group's rules. Keeps its memory from one request to the next.
#[derive(Debug, Default)]
pub(crate) struct PhasedRun {
    transaction: Transaction,
    is_done: bool,
    /// Numbers of rules that matched, and whether they stopped the transaction.
    matched: Vec<(u64, bool)>,
}

/// What a group's rules are held against.
#[derive(Clone, Copy)]
pub(crate) struct PhasedAround<'e> {
    pub(crate) request: &'e Request<'e>,
    pub(crate) context: &'e Context<'e>,
    pub(crate) judging: Judging,
}

impl PhasedRun {
    /// Makes ready for another request.
    pub(crate) fn clear(&mut self) {
        self.is_done = false;
        self.matched.clear();
    }

    /// Whether a rule matched, and stopped the transaction if it must have.
    pub(crate) fn holds(
        &mut self,
        rules: &Arc<PhasedRules>,
        (rule, stops): (u64, bool),
        around: PhasedAround<'_>,
    ) -> bool {
        if !self.is_done {
            self.run(rules, around);
            self.is_done = true;
        }
        self.matched.iter().any(|(number, stopped)| *number == rule && (*stopped || !stops))
    }

    /// What ran, if it did.
    pub(crate) fn transaction(&self) -> Option<&Transaction> {
        self.is_done.then_some(&self.transaction)
    }

    /// What ran.
    pub(crate) fn into_transaction(self) -> Transaction {
        self.transaction
    }

    fn run(&mut self, rules: &Arc<PhasedRules>, around: PhasedAround<'_>) {
        let PhasedAround { request, context, judging } = around;
        let context = PhasedContext { places: context.places, judging, ..PhasedContext::at(context.now) };
        let transaction = &mut self.transaction;
        transaction.begin(rules, request, &context);
        let mut stopped = transaction.request_headers(&context);
        if stopped.is_none() {
            let body = &request.body;
            let wanted = transaction.request_body_wanted().map_or(0, |wanted| wanted.bytes_max);
            let length = body.bytes.len().min(usize::try_from(wanted).unwrap_or(usize::MAX));
            let over_limit = body.truncated || length < body.bytes.len();
            let inspected = InspectedBody { bytes: &body.bytes[..length], over_limit };
            stopped = transaction.request_body(inspected, &context);
        }
        let matched = transaction.matches().map(|matched| (matched.rule.id, matched.stopped_with.is_some()));
        self.matched.extend(matched);
        // A rule that asks for no log is not among them.
        let stopping = stopped.and_then(|stopped| stopped.rule);
        if let Some(rule) = stopping
            && !self.matched.contains(&(rule, true))
        {
            self.matched.push((rule, true));
        }
    }
}
