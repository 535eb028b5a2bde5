//! Everything a transaction holds, and the memory it keeps from one to the next.

use super::candidates::Candidates;
use super::listed::Listed;
use super::plan::{Program, RuleBits};
use super::report::Report;
use super::transformed::Transformed;
use super::view::Changing;
use super::{Captures, OperatorMemory, PhasedContext, Store, TransactionLimits, variables};
use crate::ir::phased::{AllowScope, AuditEngine, AuditParts, BodyProcessor, EngineMode, PhasedSettings, XmlIntoArgs};

/// Everything a transaction holds.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) store: Store,
    pub(super) filling: variables::Memory,
    pub(super) transformed: Transformed,
    pub(super) candidates: Candidates,
    pub(super) changing: Changing,
    pub(super) operators: OperatorMemory,
    pub(super) captures: Captures,
    pub(super) controls: Controls,
    pub(super) report: Report,
    /// How far an `allow` reaches that is in force.
    pub(super) allowed: Option<AllowScope>,
    /// Whether a rule stopped the transaction.
    pub(super) is_stopped: bool,
    /// Rules of which a search was given up, the first few.
    pub(super) gave_up: Vec<u64>,
    pub(super) scratch: Scratch,
}

/// This many rules of which a search was given up are told of.
pub(super) const GAVE_UP_TOLD_MAX: usize = 16;

/// What `ctl` changed.
#[derive(Debug, Default)]
pub(super) struct Controls {
    pub(super) engine: EngineMode,
    pub(super) audit_engine: Option<AuditEngine>,
    pub(super) audit_parts: Option<AuditParts>,
    pub(super) request_body_access: bool,
    pub(super) request_body_bytes_max: u64,
    pub(super) processor: Option<BodyProcessor>,
    pub(super) forces_request_body: bool,
    pub(super) xml_into_args: XmlIntoArgs,
    pub(super) response_body_access: bool,
    pub(super) response_body_bytes_max: u64,
    /// Rules that do not run.
    pub(super) removed: RuleBits,
    /// Numbers of selections by texts that are known only when a rule runs.
    pub(super) removed_by_text: Vec<usize>,
    /// Numbers of removed targets.
    pub(super) removed_targets: Vec<usize>,
}

/// Buffers.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// The operator's text, expanded.
    pub(super) operand: Vec<u8>,
    /// Whether what it was made of may have changed.
    pub(super) is_operand_stale: bool,
    pub(super) text: Vec<u8>,
    pub(super) name: Vec<u8>,
    pub(super) lower: Vec<u8>,
    pub(super) listed: Listed,
    pub(super) steps: [Vec<u8>; 2],
}

impl State {
    /// Forgets the transaction before, and fits itself to a program.
    pub(super) fn begin(
        &mut self,
        program: &Program,
        settings: &PhasedSettings,
        context: &PhasedContext<'_>,
        limits: &TransactionLimits,
    ) {
        let kept = limits.bytes_kept_max;
        self.store.clear(kept);
        self.transformed.begin(&program.chains, kept);
        self.candidates.begin(&program.prefilter, kept);
        let changing = &mut self.changing;
        changing.tx.begin(program.names.len(), limits);
        changing.env.begin(0, limits);
        changing.collections.clear();
        changing.matched.begin(kept);
        changing.geo.country.clear();
        changing.geo.region.clear();
        changing.highest_severity = None;
        changing.began = context.now;
        changing.gave_up = false;
        self.operators.begin();
        self.gave_up.clear();
        self.controls.begin(settings);
        self.report.clear();
        self.allowed = None;
        self.is_stopped = false;
        self.scratch.shrink(kept);
    }
}

impl Controls {
    fn begin(&mut self, settings: &PhasedSettings) {
        let PhasedSettings { engine, request_body, response_body, .. } = settings;
        self.engine = *engine;
        (self.audit_engine, self.audit_parts, self.processor) = (None, None, None);
        self.forces_request_body = false;
        self.xml_into_args = request_body.xml_into_args;
        (self.request_body_access, self.request_body_bytes_max) = (request_body.access, request_body.bytes_max);
        (self.response_body_access, self.response_body_bytes_max) = (response_body.access, response_body.bytes_max);
        self.removed.clear();
        self.removed_by_text.clear();
        self.removed_targets.clear();
    }
}

impl Scratch {
    fn shrink(&mut self, bytes_kept: usize) {
        let Self { operand, is_operand_stale: _, text, name, lower, listed, steps: [first, second] } = self;
        for buffer in [operand, text, name, lower, first, second] {
            buffer.clear();
            buffer.shrink_to(bytes_kept);
        }
        listed.shrink(bytes_kept);
    }
}
