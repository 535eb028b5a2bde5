//! A test file: what its cases share, and the cases.

use std::sync::Arc;

use sekisho_model::{Diagnostics, SourceFile};
use sekisho_waf_lang::document::Document;

use crate::Case;
use crate::places::Places;
use crate::problems::Problems;
use crate::request::RequestSpec;
use crate::run::RulesSpec;
use crate::tree::{Tree, Value};

/// Rows of one `each`; more cases than anyone reads.
const ROWS_MAX: usize = 10_000;

const FIELDS: &[&str] = &["source", "defaults", "places", "cases"];

/// The cases of a file.
#[derive(Debug, Clone)]
pub struct TestFile {
    /// The file.
    pub source: SourceFile,
    /// Its cases, those of tables written out, in order.
    pub cases: Vec<Case>,
}

/// What the cases of a file share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) rules: Arc<RulesSpec>,
    pub(crate) places: Places,
    pub(crate) request: RequestSpec,
    pub(crate) source: Option<String>,
}

impl TestFile {
    /// Whether a file looks like one: files of go-ftw have `tests` where these have `cases`.
    #[must_use]
    pub fn is_meant(source: &SourceFile) -> bool {
        let (document, _) = Document::from_yaml(source);
        document.is_some_and(|document| document.root().get("cases").is_some())
    }

    /// Reads a test file.
    ///
    /// # Errors
    ///
    /// Everything in it that is not understood, at once.
    ///
    /// # Limits
    ///
    /// Those of [`Document`]; 10,000 rows of one `each`.
    pub fn read(source: &SourceFile) -> Result<Self, Diagnostics> {
        let (document, found) = Document::from_yaml(source);
        let Some(document) = document.filter(|_| !found.has_errors()) else { return Err(found) };
        let tree = Tree::of(document.root());
        let mut problems = Problems::new(source);
        let mut cases = Vec::new();
        if problems.mapping(&tree, &[FIELDS, RulesSpec::FIELDS].concat()).is_some() {
            let shared = Shared::read(&tree, &mut problems);
            match tree.get("cases") {
                None => problems.at(tree.place(), "missing-field", "a test file needs `cases`"),
                Some(list) => {
                    for case in problems.list(list).unwrap_or_default() {
                        read_rows(case, &shared, &mut problems, &mut cases);
                    }
                }
            }
        }
        if problems.found.is_empty() { Ok(Self { source: source.clone(), cases }) } else { Err(problems.found) }
    }
}

impl Shared {
    fn read(tree: &Tree, problems: &mut Problems<'_>) -> Self {
        let request = tree.get("defaults").map(|defaults| RequestSpec::read_defaults(defaults, problems));
        Self {
            rules: RulesSpec::of_file(tree, problems),
            places: tree.get("places").and_then(|places| Places::read(places, problems)).unwrap_or_default(),
            request: request.unwrap_or_default(),
            source: tree.get("source").and_then(|source| problems.text(source)),
        }
    }
}

/// Reads a case, or one for each row of its table.
fn read_rows(tree: &Tree, shared: &Shared, problems: &mut Problems<'_>, cases: &mut Vec<Case>) {
    let Some(each) = tree.get("each") else {
        cases.extend(Case::read(tree, shared, problems));
        return;
    };
    for row in rows(each, problems).unwrap_or_default() {
        let parameters: Vec<_> = row.iter().map(|(name, value)| (name.as_str(), value)).collect();
        cases.extend(Case::read(&tree.filled(&parameters), shared, problems));
        if !problems.found.is_empty() {
            // The other rows would repeat it.
            return;
        }
    }
}

/// A row of a table: parameters by name.
type Row = Vec<(String, Tree)>;

/// A list of rows, or columns of one length.
fn rows(each: &Tree, problems: &mut Problems<'_>) -> Option<Vec<Row>> {
    let rows: Vec<Row> = match &each.value {
        Value::List(rows) => {
            let row = |row: &Tree, problems: &mut Problems<'_>| {
                if row.entries().is_none() {
                    problems.mismatch(row, "a mapping of parameters");
                }
                Some(row.entries()?.iter().map(|entry| (entry.key.clone(), entry.tree.clone())).collect())
            };
            rows.iter().map(|tree| row(tree, problems)).collect::<Option<_>>()?
        }
        Value::Map(columns) => {
            let lists = columns
                .iter()
                .map(|column| Some((&column.key, problems.list(&column.tree)?)))
                .collect::<Option<Vec<_>>>()?;
            let length = lists.first().map_or(0, |(_, list)| list.len());
            if lists.iter().any(|(_, list)| list.len() != length) {
                problems.at(each.place(), "bad-length", "the columns of `each` differ in length");
                return None;
            }
            let row = |at: usize| lists.iter().map(|(name, list)| ((*name).clone(), list[at].clone())).collect();
            (0..length).map(row).collect()
        }
        _ => {
            problems.mismatch(each, "a list of rows, or columns");
            return None;
        }
    };
    if rows.is_empty() || rows.len() > ROWS_MAX {
        problems.at(each.place(), "bad-length", format!("expected 1 to {ROWS_MAX} rows, found {}", rows.len()));
        return None;
    }
    Some(rows)
}
