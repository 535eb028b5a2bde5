//! What happens once, when a whole rule matches: `ctl`, what logs say, and whether the transaction goes on.

use super::Run;
use crate::ir::phased::{AuditParts, Control, Disruptive, EngineMode, PartsChange, Phase, PhasedRule};
use crate::transaction::plan::ControlPlan;
use crate::transaction::state::State;
use crate::transaction::view::View;
use crate::transaction::{Intervention, InterventionKind, variables};

/// The status of a refusal if the rule names none.
const STATUS_DENIED: u16 = 403;

/// The status of a redirection if the rule names none that is one.
const STATUS_REDIRECTED: u16 = 302;

impl Run<'_> {
    /// Does what a rule does once all its links match.
    pub(super) fn matched(&mut self, index: usize) -> Option<Intervention> {
        for control in &self.program().rules[index].controls {
            self.control(control);
        }
        let rule = self.program().rule(self.policy(), index);
        if let Some(severity) = rule.metadata.severity {
            let highest = &mut self.state.changing.highest_severity;
            *highest = Some(highest.map_or(severity, |highest| highest.min(severity)));
        }
        let acts = self.state.controls.engine == EngineMode::On && self.phase != Phase::Logging;
        let intervention = if acts { self.intervention(index, rule) } else { None };
        if rule.log || rule.audit_log {
            self.note(index);
            let status = intervention.as_ref().map(|intervention| intervention.status);
            let limits = self.limits();
            self.state.report.keep(index, self.phase, status, limits);
        }
        if let Disruptive::Allow(scope) = rule.disruptive
            && acts
        {
            self.state.allowed = Some(scope);
        }
        self.state.is_stopped |= intervention.is_some();
        intervention
    }

    fn intervention(&mut self, index: usize, rule: &PhasedRule) -> Option<Intervention> {
        let (kind, status) = match &rule.disruptive {
            Disruptive::Pass | Disruptive::Allow(_) => return None,
            Disruptive::Deny => (InterventionKind::Deny, rule.status.unwrap_or(STATUS_DENIED)),
            Disruptive::Drop => (InterventionKind::Drop, rule.status.unwrap_or(STATUS_DENIED)),
            Disruptive::Redirect(_) => {
                if let Some(text) = &self.program().rules[index].redirect {
                    self.write_text(index, text);
                }
                let url = String::from_utf8_lossy(&self.state.scratch.text).into_owned();
                let status = rule.status.filter(|status| matches!(status, 301 | 302 | 303 | 307 | 308));
                (InterventionKind::Redirect(url), status.unwrap_or(STATUS_REDIRECTED))
            }
        };
        Some(Intervention { kind, status, rule: Some(rule.id) })
    }

    fn control(&mut self, control: &ControlPlan) {
        let State { controls, store, .. } = &mut *self.state;
        let control = match control {
            ControlPlan::RemoveRules(index) => {
                let selection = &self.rules.program().selections[*index];
                controls.removed.extend(&selection.rules);
                if !selection.by_text.is_empty() && !controls.removed_by_text.contains(index) {
                    controls.removed_by_text.push(*index);
                }
                return;
            }
            ControlPlan::RemoveTarget(index) => {
                if !controls.removed_targets.contains(index) {
                    controls.removed_targets.push(*index);
                }
                return;
            }
            ControlPlan::Plain(control) => control,
        };
        match control {
            Control::AuditEngine(engine) => controls.audit_engine = Some(*engine),
            Control::AuditParts(change) => {
                let AuditParts(now) = controls.audit_parts.unwrap_or(self.rules.settings().audit.parts);
                controls.audit_parts = Some(match change {
                    PartsChange::To(parts) => *parts,
                    PartsChange::Add(AuditParts(parts)) => AuditParts(now | parts),
                    PartsChange::Remove(AuditParts(parts)) => AuditParts(now & !parts),
                });
            }
            Control::RequestBodyAccess(access) => controls.request_body_access = *access,
            Control::RequestBodyLimit(bytes) => controls.request_body_bytes_max = *bytes,
            Control::RequestBodyProcessor(processor) => {
                controls.processor = Some(*processor);
                variables::choose_processor(store, *processor);
            }
            Control::ParseXmlIntoArgs(mode) => controls.xml_into_args = *mode,
            Control::ResponseBodyAccess(access) => controls.response_body_access = *access,
            Control::ResponseBodyLimit(bytes) => controls.response_body_bytes_max = *bytes,
            Control::RuleEngine(mode) => controls.engine = *mode,
            Control::ForceRequestBodyVariable(forces) => controls.forces_request_body = *forces,
            Control::RemoveRules(_) | Control::RemoveTarget { .. } => unreachable!("resolved when rules are compiled"),
        }
    }

    /// Expands what logs say of a rule that matched.
    ///
    /// As in libmodsecurity 3.0.9, the first link that has something to say is heard, and speaks of the value that matched
    /// last, in the last link.
    fn note(&mut self, rule: usize) {
        let program = self.program();
        let plan = &program.rules[rule];
        let links = &program.links[plan.links.clone()];
        let State { store, changing, transformed, operators, scratch, report, .. } = &mut *self.state;
        let pending = &mut report.pending;
        pending.clear();
        let view = View::new(self.rules, self.context.now, (store, changing, transformed), rule);
        let mut of_links = links.iter().filter_map(|link| link.message.as_ref());
        if let Some(message) = plan.message.as_ref().or_else(|| of_links.next()) {
            view.write_text(message, operators, &mut pending.message);
        }
        if let Some(log_data) = links.iter().find_map(|link| link.log_data.as_ref()) {
            view.write_text(log_data, operators, &mut pending.log_data);
        }
        for tag in plan.tags.as_deref().unwrap_or_default() {
            view.write_text(tag, operators, &mut pending.tags);
            pending.tags.push(0);
        }
        let Some(test) = links.last().and_then(|link| link.test.as_ref()) else { return };
        if test.operand.is_some() {
            pending.parameter.extend_from_slice(&scratch.operand);
        }
        if let Some(seen) = changing.matched.last() {
            changing.matched.write_name(seen, program, store, &mut pending.variable);
            let bytes_max = self.rules.limits().transaction.log_text_bytes_max;
            changing.matched.write_names(bytes_max, program, store, &mut pending.origins);
            let shown = |value: &'_ [u8]| value.len().min(bytes_max);
            let received = changing.matched.received(seen, store);
            pending.value.extend_from_slice(&received[..shown(received)]);
            let value = changing.matched.value(seen, store, transformed);
            if value != received {
                pending.transformed.extend_from_slice(&value[..shown(value)]);
            }
        }
    }
}
