//! Transformations by their names in rules.

use sekisho_waf::transform::Transform;

use super::word::Part;
use crate::report::{Report, quoted};

/// What `t:` adds to a chain of transformations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// `t:none`: those before it are dropped.
    None,
    /// One more.
    Then(Transform),
}

/// Reads the name after `t:`.
pub(super) fn step(part: Part<'_>, report: &mut Report) -> Option<Step> {
    let name = part.text();
    if let Some(found) = Transform::from_seclang_name(name) {
        return Some(found.map_or(Step::None, Step::Then));
    }
    let known = Transform::ALL.iter().flat_map(|known| known.seclang_names()).copied().chain(["none"]);
    let help = report.did_you_mean(name, known);
    let problem = part.error("unknown-transformation", format!("unknown transformation {}", quoted(name)));
    report.push(match help {
        Some(help) => problem.help(help),
        None => problem.help("see the list of transformations in docs/seclang.md"),
    });
    None
}
