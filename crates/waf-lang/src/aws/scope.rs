//! What a statement may refer to from where it stands: sets, and the labels of its own context.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use ipnet::IpNet;
use sekisho_model::{Diagnostics, SourceFile};
use sekisho_waf::ir::{IpSet, RegexSource};

use super::label::LabelContext;
use super::pattern;
use super::resource::Resources;
use super::search_string::SearchEncoding;
use super::shape::{Charset, Shape, items, optional, required, text};
use crate::document::Document;
use crate::report::Report;

/// Statements of one web ACL or group, nested ones counted. AWS allows 5,000 capacity units, and a statement that is
/// not And, Or or Not takes at least one.
const STATEMENTS_MAX: usize = 20_000;

/// Where a statement stands: in a document of AWS, or in a rule that ships with Sekisho.
#[derive(Debug)]
pub struct Scope<'a> {
    pub(crate) labels: LabelContext,
    pub(crate) search: SearchEncoding,
    pub(crate) references: References<'a>,
    statements_left: Cell<usize>,
}

/// What the names of sets mean.
#[derive(Debug, Clone, Copy)]
pub(crate) enum References<'a> {
    /// ARNs of documents that were given along.
    Arns(&'a Resources<'a>),
    /// Names of sets that ship.
    Names(&'a NamedSets),
}

impl<'a> Scope<'a> {
    pub(crate) fn of_aws(labels: LabelContext, search: SearchEncoding, resources: &'a Resources<'a>) -> Self {
        let references = References::Arns(resources);
        Self { labels, search, references, statements_left: Cell::new(STATEMENTS_MAX) }
    }

    /// The scope of rules that ship: sets go by name, search strings are plain text, the field `BodyValues` exists.
    ///
    /// `labels` are the fully qualified labels of the group, all beginning with `label_namespace`.
    #[must_use]
    pub fn of_content(label_namespace: &str, labels: Vec<String>, sets: &'a NamedSets) -> Self {
        Self {
            labels: LabelContext::new(label_namespace.to_owned(), labels),
            search: SearchEncoding::Plain,
            references: References::Names(sets),
            statements_left: Cell::new(STATEMENTS_MAX),
        }
    }

    pub(crate) fn is_content(&self) -> bool {
        matches!(self.references, References::Names(_))
    }

    /// Counts a statement; false when there are too many.
    pub(crate) fn take_statement(&self) -> bool {
        let left = self.statements_left.get();
        self.statements_left.set(left.saturating_sub(1));
        left > 0
    }

    pub(crate) const fn statements_max() -> usize {
        STATEMENTS_MAX
    }
}

/// The sets that rules which ship refer to by name.
#[derive(Debug, Clone, Default)]
pub struct NamedSets {
    pub(crate) patterns: BTreeMap<String, Vec<RegexSource>>,
    pub(crate) addresses: BTreeMap<String, Arc<IpSet>>,
}

static PATTERN_SET: Shape =
    Shape { name: "pattern set", members: &[required("name"), required("patterns"), optional("description")] };

static PATTERN: Shape = Shape { name: "pattern", members: &[required("regex"), required("meaning")] };

impl NamedSets {
    /// No sets.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a set of addresses, replacing one of the same name.
    pub fn add_addresses(&mut self, name: impl Into<String>, ranges: impl IntoIterator<Item = IpNet>) {
        let name = name.into();
        self.addresses.insert(name.clone(), Arc::new(IpSet { id: name, addresses: ranges.into_iter().collect() }));
    }

    /// Adds the pattern set of a YAML file `{name, patterns: [{regex, meaning}]}`, unless it has errors.
    ///
    /// Regular expressions are written in the engine's own syntax.
    #[must_use]
    pub fn add_pattern_file(&mut self, file: &SourceFile) -> Diagnostics {
        let mut report = Report::new();
        self.read_pattern_file(file, &mut report);
        report.into_diagnostics()
    }

    pub(crate) fn read_pattern_file(&mut self, file: &SourceFile, report: &mut Report) -> Option<()> {
        let document = Document::read_yaml(file, report)?;
        let members = PATTERN_SET.open(document.root(), report)?;
        let name = members.get("name").and_then(|node| text(node, 1..=128, Charset::Name, report));
        let list = members.get("patterns").and_then(|node| items(node, 1..usize::MAX, report))?;
        let patterns: Vec<_> = list
            .into_iter()
            .map(|item| {
                let members = PATTERN.open(item, report)?;
                members.get("meaning").and_then(|node| text(node, 1..=1000, Charset::NotBlank, report))?;
                pattern::read_of_content(members.get("regex")?, report)
            })
            .collect();
        let (name, patterns) = (name?, patterns.into_iter().collect::<Option<Vec<_>>>()?);
        if self.patterns.contains_key(name) {
            report.push(members.node().error("duplicate-set", format!("two pattern sets are called `{name}`")));
            return None;
        }
        self.patterns.insert(name.to_owned(), patterns);
        Some(())
    }
}
