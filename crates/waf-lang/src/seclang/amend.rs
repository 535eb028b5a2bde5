//! Directives that change or remove rules which stand elsewhere.
//!
//! Source: ModSecurity Reference Manual, "SecRuleRemoveById", "SecRuleUpdateTargetById", "SecRuleUpdateActionById" and
//! those by tag and by message.

use super::action::{self, Actions};
use super::directive::Directive;
use super::draft::{Amendment, Chosen, Draft, DraftRule, Naming};
use super::reading::Reading;
use super::target::{self, Targets};
use super::word::{Part, Word};
use super::{expression, ids};
use crate::report::{Report, quoted};

/// What a compiled expression on tags or messages may take, in bytes.
const EXPRESSION_BYTES_MAX: usize = 64 * 1024;

/// What an expression is written with.
const EXPRESSION_SIGNS: &[char] = &['\\', '^', '$', '.', '|', '?', '*', '+', '(', ')', '[', ']', '{', '}'];

/// Reads one of them.
pub(super) fn read(directive: Directive, words: &[Word], reading: &mut Reading<'_>) -> Option<Amendment> {
    let first = words.first()?.part().trim();
    match directive {
        Directive::RemoveById => {
            let mut ranges = Vec::new();
            for word in words {
                for piece in word.part().split(',').flat_map(Part::split_white_space) {
                    ranges.push((ids::range(piece.unquoted(), &mut reading.report)?, piece.span()));
                }
            }
            Some(Amendment::Remove(Chosen::Ids(ranges, 0)))
        }
        Directive::RemoveByTag => Some(Amendment::Remove(Chosen::Tag(naming(first, &mut reading.report)?))),
        Directive::RemoveByMessage => Some(Amendment::Remove(Chosen::Message(naming(first, &mut reading.report)?))),
        Directive::UpdateTargetById => {
            let chosen = by_id(first, &mut reading.report);
            targets(chosen, words, reading)
        }
        Directive::UpdateTargetByTag => {
            let chosen = naming(first, &mut reading.report).map(Chosen::Tag);
            targets(chosen, words, reading)
        }
        Directive::UpdateTargetByMessage => {
            let chosen = naming(first, &mut reading.report).map(Chosen::Message);
            targets(chosen, words, reading)
        }
        Directive::UpdateActionById => actions(first, words, reading),
        _ => None,
    }
}

fn targets(chosen: Option<Chosen>, words: &[Word], reading: &mut Reading<'_>) -> Option<Amendment> {
    let targets = target::list(words.get(1)?.part(), reading);
    let replaced = words.get(2).map(|word| target::list(word.part(), reading));
    Some(Amendment::Targets { chosen: chosen?, targets, replaced })
}

fn actions(first: Part<'_>, words: &[Word], reading: &mut Reading<'_>) -> Option<Amendment> {
    let chosen = by_id(first, &mut reading.report);
    let part = words.get(1)?.part();
    let actions = action::read(part, reading);
    for (given, name) in [
        (actions.id.as_ref().map(|one| one.span.clone()), "id"),
        (actions.phase.as_ref().map(|one| one.span.clone()), "phase"),
        (actions.chain.clone(), "chain"),
    ] {
        if let Some(span) = given {
            let message = format!("an update cannot change `{name}`");
            let problem = sekisho_model::Diagnostic::error("misplaced-action", message).at(&span.file, span.range);
            reading.report.push(problem.help("remove the rule and write another"));
        }
    }
    let chosen = chosen?;
    if let (1.., Some(wish)) = (chosen.link(), &actions.disruptive) {
        let message = "what becomes of the transaction is up to the first rule of the chain";
        let problem = sekisho_model::Diagnostic::error("misplaced-action", message);
        reading
            .report
            .push(problem.at(&wish.span.file, wish.span.range.clone()).help("leave out `:` and what follows it"));
    }
    Some(Amendment::Actions { chosen, actions: Box::new(actions) })
}

/// Reads numbers and ranges; after a colon, which link of the chain is meant.
fn by_id(part: Part<'_>, report: &mut Report) -> Option<Chosen> {
    let part = part.unquoted();
    let (numbers, link) = match part.split_once(|mark| mark == ':') {
        Some((numbers, link)) => {
            let Ok(link) = link.trim().text().parse() else {
                let message = format!("{} is no place in a chain", quoted(link.text()));
                report.push(
                    link.error("invalid-id", message).help("write 0 for the first rule of the chain, 1 for the second"),
                );
                return None;
            };
            (numbers, link)
        }
        None => (part, 0),
    };
    let mut ranges = Vec::new();
    for piece in numbers.split(',').flat_map(Part::split_white_space) {
        ranges.push((ids::range(piece, report)?, piece.span()));
    }
    Some(Chosen::Ids(ranges, link))
}

fn naming(part: Part<'_>, report: &mut Report) -> Option<Naming> {
    let text = part.unquoted().text().to_owned();
    if !text.contains(EXPRESSION_SIGNS) {
        return Some(Naming { text, expression: None });
    }
    let built = regex::RegexBuilder::new(&text).case_insensitive(true).size_limit(EXPRESSION_BYTES_MAX).build();
    match built {
        Ok(expression) => Some(Naming { text, expression: Some(expression) }),
        Err(error) => {
            let message = format!("the expression cannot be used: {}", expression::last_line(&error.to_string()));
            report
                .push(part.error("invalid-expression", message).help("write a tag, a message or a regular expression"));
            None
        }
    }
}

/// Changes the rules.
pub(super) fn apply(amendments: Vec<Amendment>, drafts: &mut Vec<Draft>, report: &mut Report) {
    for amendment in &amendments {
        warn_of_unknown(amendment, drafts, report);
    }
    for amendment in amendments {
        match amendment {
            Amendment::Remove(chosen) => {
                drafts.retain(|draft| !matches!(draft, Draft::Rule(rule) if chosen.holds(rule)));
            }
            Amendment::Targets { chosen, targets, replaced } => {
                for rule in rules(drafts).filter(|rule| chosen.holds(rule)) {
                    update_targets(rule, chosen.link(), &targets, replaced.as_ref());
                }
            }
            Amendment::Actions { chosen, actions } => {
                for rule in rules(drafts).filter(|rule| chosen.holds(rule)) {
                    if let Some(link) = rule.links.get_mut(chosen.link()) {
                        update_actions(&mut link.actions, &actions);
                    }
                }
            }
        }
    }
}

/// Tells of what cannot be honoured in the rules that are left.
pub(super) fn tell_unhonoured(drafts: &mut [Draft], report: &mut Report) {
    for rule in rules(drafts) {
        let id = rule.id();
        for mut problem in std::mem::take(&mut rule.unhonoured) {
            let Some(id) = id else { continue };
            let way_out = format!("or do without the rule: `SecRuleRemoveById {id}`");
            problem.help = Some(problem.help.map_or(way_out.clone(), |help| format!("{help}; {way_out}")));
            report.push(problem);
        }
    }
}

fn rules(drafts: &mut [Draft]) -> impl Iterator<Item = &mut DraftRule> {
    drafts.iter_mut().filter_map(|draft| match draft {
        Draft::Rule(rule) => Some(&mut **rule),
        Draft::Marker(_) => None,
    })
}

/// A number that no rule has is a slip; a range may well be of rules that are not there.
fn warn_of_unknown(amendment: &Amendment, drafts: &[Draft], report: &mut Report) {
    let (Amendment::Remove(chosen) | Amendment::Targets { chosen, .. } | Amendment::Actions { chosen, .. }) = amendment;
    let Chosen::Ids(ranges, link) = chosen else { return };
    for (range, span) in ranges {
        let mut found = drafts.iter().filter_map(|draft| match draft {
            Draft::Rule(rule) if rule.id().is_some_and(|id| range.contains(id)) => Some(rule),
            _ => None,
        });
        let problem = match found.next() {
            None if range.first == range.last => format!("no rule has the number {}", range.first),
            Some(rule) if *link >= rule.links.len() => {
                format!("the chain of rule {} has no link {link}", range.first)
            }
            _ => continue,
        };
        let problem = sekisho_model::Diagnostic::warning("unknown-rule", problem).at(&span.file, span.range.clone());
        report.push(problem.help("this line changes nothing"));
    }
}

fn update_targets(rule: &mut DraftRule, link: usize, targets: &Targets, replaced: Option<&Targets>) {
    let Some(test) = rule.links.get_mut(link).and_then(|link| link.test.as_mut()) else { return };
    if let Some(replaced) = replaced {
        let before = test.targets.included.len();
        test.targets.included.retain(|target| !replaced.included.contains(target));
        test.targets.excluded.retain(|target| !replaced.excluded.contains(target));
        if test.targets.included.len() == before {
            return;
        }
    }
    for target in &targets.included {
        if !test.targets.included.contains(target) {
            test.targets.included.push(target.clone());
        }
    }
    test.targets.excluded.extend(targets.excluded.iter().cloned());
}

/// What there is one of is replaced, the rest is added.
fn update_actions(actions: &mut Actions, update: &Actions) {
    fn replace<T: Clone>(slot: &mut Option<T>, value: &Option<T>) {
        if value.is_some() {
            slot.clone_from(value);
        }
    }
    replace(&mut actions.disruptive, &update.disruptive);
    replace(&mut actions.status, &update.status);
    replace(&mut actions.flow, &update.flow);
    replace(&mut actions.message, &update.message);
    replace(&mut actions.log_data, &update.log_data);
    replace(&mut actions.severity, &update.severity);
    replace(&mut actions.version, &update.version);
    replace(&mut actions.revision, &update.revision);
    replace(&mut actions.maturity, &update.maturity);
    replace(&mut actions.accuracy, &update.accuracy);
    actions.logging.extend(&update.logging);
    actions.tags.extend(update.tags.iter().cloned());
    actions.steps.extend(&update.steps);
    actions.effects.extend(update.effects.iter().cloned());
    actions.capture |= update.capture;
    actions.multi_match |= update.multi_match;
    actions.sanitised.extend(update.sanitised.iter().cloned());
    replace(&mut actions.sanitises_matched, &update.sanitises_matched);
}
