//! One test: stages, each a request and what must come of it.

use sekisho_waf_lang::document::Node;

use crate::expectation::Expectation;
use crate::input::Input;
use crate::reading::Reading;

const FIELDS: &[&str] = &["test_title", "test_id", "desc", "stages", "tags"];
const STAGE_FIELDS: &[&str] = &["description", "input", "output"];

/// One test.
#[derive(Debug, Clone)]
pub struct Test {
    /// `942100-3`: the rule and the number of the test.
    pub id: String,
    /// What it shows.
    pub description: Option<String>,
    /// Where it stands in its file, from 1.
    pub line: usize,
    /// Its stages, in order.
    pub stages: Vec<Stage>,
}

/// A request and what must come of it.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The request.
    pub input: Input,
    /// What must come of it.
    pub expectation: Expectation,
}

impl Test {
    pub(crate) fn read(node: Node<'_>, rule: u64, index: usize, reading: &mut Reading) -> Option<Self> {
        let mut number = index as u64 + 1;
        let mut description = None;
        let mut stages = Vec::new();
        for (key, node) in reading.fields(node, FIELDS) {
            match key.text() {
                "test_id" => number = reading.number(node)?,
                "desc" => description = reading.text(node).map(|text| text.trim().to_owned()),
                "stages" => {
                    for stage in reading.items(node) {
                        Stage::read(stage, reading, &mut stages);
                    }
                }
                _ => {}
            }
        }
        if stages.is_empty() {
            reading.problem(node.error("no-stages", "a test needs `stages`"));
        }
        let line = node.file().line_column(node.range().start).0;
        Some(Self { id: format!("{rule}-{number}"), description, line, stages })
    }
}

impl Stage {
    /// Reads a stage, or one for each of its `uris`.
    fn read(node: Node<'_>, reading: &mut Reading, stages: &mut Vec<Self>) {
        reading.fields(node, STAGE_FIELDS);
        let input = reading.required(node, "input").map(|input| Input::read(input, reading));
        let output = reading.required(node, "output").map(|output| Expectation::read(output, reading));
        if let (Some(inputs), Some(expectation)) = (input, output) {
            stages.extend(inputs.into_iter().map(|input| Self { input, expectation: expectation.clone() }));
        }
    }
}
