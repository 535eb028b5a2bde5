//! Reads rule files and what they include into drafts.

use std::collections::BTreeMap;
use std::sync::Arc;

use sekisho_model::{Diagnostic, SourceFile, Span};
use sekisho_waf::ir::phased::{Phase, Place, Selector};

use super::action::{self, Actions, Wish};
use super::amend;
use super::directive::{self, Directive};
use super::draft::{Amendment, Draft, DraftLink, DraftRule, DraftTest};
use super::reading::Reading;
use super::setting::Settings;
use super::statement::{Statement, statements};
use super::word::Part;
use super::{glob, operator, refused, target};
use crate::report::quoted;

/// How deep files may include files. Nobody nests deeper; files that include each other end here.
pub const INCLUDE_DEPTH_MAX: usize = 16;

/// How many rules there may be. The Core Rule Set has less than a thousand.
pub const RULES_MAX: usize = 100_000;

/// How many updates and removals there may be: each is held against each rule.
pub const AMENDMENTS_MAX: usize = 10_000;

/// How many problems may wait until it is known which rules are removed. People name a few rules that they do without.
const UNHONOURED_MAX: usize = 1_000;

/// Everything that files say.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) drafts: Vec<Draft>,
    pub(super) amendments: Vec<Amendment>,
    pub(super) defaults: BTreeMap<Phase, (Actions, Span)>,
    pub(super) settings: Settings,
    /// The names of rule files, in the order they were read.
    pub(super) files: Vec<String>,
    /// A chain that waits for its next link.
    open: Option<DraftRule>,
    /// How many problems wait for removals to be known.
    unhonoured: usize,
}

impl Book {
    /// Reads a rule file by its path.
    pub(super) fn entry(&mut self, path: &str, reading: &mut Reading<'_>) {
        match reading.within_limits(path) {
            Ok(bytes) => {
                let file = reading.source(path, bytes);
                self.file(&file, &mut vec![path.to_owned()], reading);
            }
            Err(why) => {
                let message = format!("cannot read {}: {why}", quoted(path));
                reading.report.push(Diagnostic::error("unreadable-file", message));
            }
        }
    }

    /// Reads a rule file.
    pub(super) fn file(&mut self, file: &SourceFile, path: &mut Vec<String>, reading: &mut Reading<'_>) {
        self.files.push(file.name().to_owned());
        let outer = std::mem::replace(&mut reading.folder, folder(file.name()));
        let name: Arc<str> = file.name().into();
        for statement in statements(file, &mut reading.report) {
            self.statement(&statement, &name, path, reading);
        }
        self.close_chain(reading);
        reading.folder = outer;
    }

    fn statement(&mut self, statement: &Statement, file: &Arc<str>, path: &mut Vec<String>, reading: &mut Reading<'_>) {
        let name = statement.name.part();
        let Some(known) = directive::find(name.text()) else {
            unknown(statement, reading);
            return;
        };
        let (least, most) = known.words;
        let words = &statement.arguments;
        if words.len() < least {
            let message = format!("`{}` needs {}", known.name, counted(least));
            reading.report.push(name.error("missing-argument", message).help("see docs/seclang.md"));
            return;
        }
        if let Some(surplus) = words.get(most) {
            let message = format!("`{}` takes {}", known.name, counted(most));
            let problem = surplus.part().error("surplus-argument", message);
            reading.report.push(problem.help("put quotes around a text with spaces"));
            return;
        }
        if !matches!(known.directive, Directive::Rule | Directive::Action) {
            self.close_chain(reading);
        }
        match known.directive {
            Directive::Rule | Directive::Action => self.rule(statement, file, reading),
            Directive::Marker => self.drafts.push(Draft::Marker(words[0].part().trim().unquoted().text().to_owned())),
            Directive::DefaultAction => self.default_action(words[0].part(), reading),
            Directive::Include { must_match } => self.include(words[0].part().trim(), must_match, path, reading),
            Directive::Setting(setting) => self.settings.read(setting, words, reading),
            Directive::WithoutEffect => {}
            amendment => self.amend(amendment, statement, reading),
        }
    }

    fn rule(&mut self, statement: &Statement, file: &Arc<str>, reading: &mut Reading<'_>) {
        // Problems that a removal of the rule settles wait until removals are known.
        let apart = (!reading.report.is_full()).then(|| std::mem::take(&mut reading.report));
        let link = link(statement, reading);
        let goes_on = link.actions.chain.is_some();
        let mut rule = match self.open.take() {
            Some(mut rule) => {
                check_follower(&link.actions, reading);
                rule.links.push(link);
                rule
            }
            None => {
                check_starter(&link.actions, statement.name.part(), reading);
                let place = Place { file: file.clone(), line: statement.line };
                DraftRule { links: vec![link], place, unhonoured: Vec::new() }
            }
        };
        if let Some(before) = apart {
            let found = std::mem::replace(&mut reading.report, before);
            let (unhonoured, others): (Vec<_>, Vec<_>) = found
                .into_diagnostics()
                .into_iter()
                .partition(|problem| rule.id().is_some() && refused::UNHONOURED.contains(&problem.code));
            others.into_iter().for_each(|problem| reading.report.push(problem));
            let room = UNHONOURED_MAX.saturating_sub(self.unhonoured);
            self.unhonoured += unhonoured.len().min(room);
            let mut unhonoured = unhonoured.into_iter();
            rule.unhonoured.extend(unhonoured.by_ref().take(room));
            unhonoured.for_each(|problem| reading.report.push(problem));
        }
        if goes_on {
            self.open = Some(rule);
        } else {
            self.keep(rule, statement.name.part(), reading);
        }
    }

    fn amend(&mut self, directive: Directive, statement: &Statement, reading: &mut Reading<'_>) {
        match self.amendments.len() {
            AMENDMENTS_MAX => {
                let message = format!("there are more than {AMENDMENTS_MAX} updates and removals");
                let help = "name many rules with one directive, such as `SecRuleRemoveById 1-5`";
                reading.report.push(statement.name.part().error("too-many-amendments", message).help(help));
            }
            _ => self.amendments.extend(amend::read(directive, &statement.arguments, reading)),
        }
    }

    fn keep(&mut self, rule: DraftRule, name: Part<'_>, reading: &mut Reading<'_>) {
        if self.drafts.len() == RULES_MAX {
            let message = format!("there are more than {RULES_MAX} rules");
            reading.report.push(name.error("too-many-rules", message));
        }
        if self.drafts.len() <= RULES_MAX {
            self.drafts.push(Draft::Rule(Box::new(rule)));
        }
    }

    /// A chain that nothing follows.
    fn close_chain(&mut self, reading: &mut Reading<'_>) {
        let Some(rule) = self.open.take() else { return };
        let chain = rule.links.last().and_then(|link| link.actions.chain.clone());
        let mut problem = Diagnostic::error("open-chain", "no rule follows that the chain could go on with");
        problem.span = chain;
        reading.report.push(problem.help("leave out `chain`, or let a `SecRule` follow right after this one"));
    }

    fn default_action(&mut self, part: Part<'_>, reading: &mut Reading<'_>) {
        let actions = action::read(part, reading);
        let report = &mut reading.report;
        for (given, name) in [
            (actions.id.as_ref().map(|one| &one.span), "id"),
            (actions.chain.as_ref(), "chain"),
            (actions.flow.as_ref().map(|one| &one.span), "skip"),
            (actions.message.as_ref().map(|one| &one.span), "msg"),
            (actions.log_data.as_ref().map(|one| &one.span), "logdata"),
            (actions.severity.as_ref().map(|one| &one.span), "severity"),
        ] {
            if let Some(span) = given {
                let message = format!("`{name}` belongs to one rule and is no default");
                report.push(Diagnostic::error("invalid-default", message).at(&span.file, span.range.clone()));
            }
        }
        let Some(phase) = actions.phase.as_ref().map(|phase| phase.value) else {
            let problem = part.error("missing-phase", "default actions are for one phase, and none is named");
            report.push(problem.help("add `phase:2`, and give each phase default actions of its own"));
            return;
        };
        match actions.disruptive.as_ref().map(|wish| &wish.value) {
            None => {
                let problem = part.error("missing-disruptive", "it is not said what becomes of the transaction");
                report.push(problem.help("add `pass`, `deny`, `drop`, `allow` or `redirect`"));
            }
            Some(Wish::Block) => {
                let problem = part.error("invalid-default", "`block` means the default action, so it cannot be one");
                report.push(problem.help("write `pass`, `deny`, `drop`, `allow` or `redirect`"));
            }
            Some(_) => {}
        }
        if self.defaults.contains_key(&phase) {
            let message = format!("phase {} has default actions already", phase.number());
            let help = "keep one `SecDefaultAction` for each phase";
            report.push(part.error("duplicate-default", message).help(help));
            return;
        }
        self.defaults.insert(phase, (actions, part.span()));
    }

    fn include(&mut self, part: Part<'_>, must_match: bool, path: &mut Vec<String>, reading: &mut Reading<'_>) {
        let resolved = reading.resolve(part.text());
        if path.len() >= INCLUDE_DEPTH_MAX {
            let message = format!("files include files more than {INCLUDE_DEPTH_MAX} levels deep");
            reading.report.push(part.error("include-too-deep", message).help("do files include each other?"));
            return;
        }
        let found = if glob::is_pattern(&resolved) {
            match reading.files.expand(&resolved) {
                Ok(found) => found,
                Err(why) => {
                    let message = format!("cannot look for {}: {why}", quoted(&resolved));
                    reading.report.push(part.error("unreadable-file", message));
                    return;
                }
            }
        } else {
            vec![resolved]
        };
        if found.is_empty() && must_match {
            let message = format!("no file matches {}", quoted(part.text()));
            reading.report.push(part.warning("no-files", message).help("write `IncludeOptional` if there may be none"));
        }
        for included in found {
            self.included(included, part, must_match, path, reading);
        }
    }

    fn included(
        &mut self,
        name: String,
        part: Part<'_>,
        must_exist: bool,
        path: &mut Vec<String>,
        reading: &mut Reading<'_>,
    ) {
        if path.contains(&name) {
            let message = format!("{} includes itself", quoted(&name));
            reading.report.push(part.error("include-cycle", message).help("leave out this line"));
            return;
        }
        if !must_exist && !glob::is_pattern(part.text()) && reading.files.read(&name).is_err() {
            return;
        }
        let Some(bytes) = reading.bytes(&name, part) else { return };
        let file = reading.source(&name, bytes);
        path.push(name);
        self.file(&file, path, reading);
        path.pop();
    }
}

/// What a rule says, without what it is to the rules around it.
fn link(statement: &Statement, reading: &mut Reading<'_>) -> DraftLink {
    let words = &statement.arguments;
    let is_action = statement.name.part().text().eq_ignore_ascii_case("SecAction");
    let (test, list) = if is_action {
        (None, words.first())
    } else {
        reading.namespaces = words.get(2).map(|list| action::namespaces(list.part())).unwrap_or_default();
        let targets = target::list(words[0].part(), reading);
        reading.namespaces.clear();
        check_exclusions(&targets, words[0].part(), reading);
        if targets.included.is_empty() && !targets.excluded.is_empty() {
            let message = "the rule says what it does not look at, and nothing that it looks at";
            let help = "name a variable before the exceptions, as in `ARGS|!ARGS:token`";
            reading.report.push(words[0].part().error("missing-variable", message).help(help));
        }
        let test = operator::read(words[1].part(), reading);
        (test.map(|test| DraftTest { targets, test }), words.get(2))
    };
    let actions = list.map(|list| action::read(list.part(), reading)).unwrap_or_default();
    DraftLink { test, actions }
}

/// What is left out of XML must be an expression that the rule looks at: nothing of another's value is left out.
fn check_exclusions(targets: &target::Targets, part: Part<'_>, reading: &mut Reading<'_>) {
    for excluded in &targets.excluded {
        let is_there = targets.included.iter().any(|target| target.selector == excluded.selector);
        if let (Some(Selector::XmlPath(path)), false) = (&excluded.selector, is_there) {
            let message =
                format!("{} leaves out nothing that the rule looks at", quoted(&format!("!XML:{}", path.written)));
            let help = "an expression can be left out as a whole, but no part of what another chooses";
            reading.report.push(part.error("unsupported-xpath", message).help(help));
        }
    }
}

/// The folder of a path, with a slash at its end; empty if it names none.
fn folder(path: &str) -> String {
    path.rfind(['/', '\\']).map_or_else(String::new, |at| path[..=at].to_owned())
}

fn counted(words: usize) -> String {
    match words {
        0 => "no argument".to_owned(),
        1 => "one argument".to_owned(),
        many => format!("{many} arguments"),
    }
}

fn unknown(statement: &Statement, reading: &mut Reading<'_>) {
    let name = statement.name.part();
    let text = name.text();
    if let Some(reason) = refused::reason(refused::DIRECTIVES, text) {
        // What is switched off is not missed.
        let is_off = matches!(statement.arguments.as_slice(), [word] if word.part().text().eq_ignore_ascii_case("off"));
        if !is_off {
            let message = format!("the directive `{text}` is not supported: {reason}");
            reading.report.push(name.error("unsupported-directive", message).help(refused::HELP));
        }
        return;
    }
    let problem = name.error("unknown-directive", format!("unknown directive {}", quoted(text)));
    let help = if text.starts_with('<') {
        "rule files have no sections; leave out this line and the one that closes it".to_owned()
    } else {
        let help = reading.report.did_you_mean(text, directive::DIRECTIVES.iter().map(|known| known.name));
        help.unwrap_or_else(|| "see the list of directives in docs/seclang.md".to_owned())
    };
    reading.report.push(problem.help(help));
}

fn check_starter(actions: &Actions, name: Part<'_>, reading: &mut Reading<'_>) {
    if !actions.gave_id {
        let problem = name.error("missing-id", "the rule has no number");
        reading.report.push(problem.help("add `id:` and a number that no other rule has"));
    }
    if !actions.gave_phase {
        let problem = name.warning("missing-phase", "the rule names no phase, so it runs in phase 2");
        reading.report.push(problem.help("add `phase:2`, or the phase that is meant"));
    }
}

fn check_follower(actions: &Actions, reading: &mut Reading<'_>) {
    for (given, name) in [
        (actions.id.as_ref().map(|one| &one.span), "id"),
        (actions.phase.as_ref().map(|one| &one.span), "phase"),
        (actions.disruptive.as_ref().map(|one| &one.span), "what becomes of the transaction"),
        (actions.flow.as_ref().map(|one| &one.span), "where to go on"),
    ] {
        if let Some(span) = given {
            let message = format!("a rule within a chain cannot say this; {name} is up to the first rule of the chain");
            let problem = Diagnostic::error("misplaced-action", message).at(&span.file, span.range.clone());
            reading.report.push(problem.help("move it to the first rule of the chain"));
        }
    }
}
