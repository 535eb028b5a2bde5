//! Stands in place of the lake's settings in a program that was built without it.

use sekisho_model::Diagnostic;

use super::{Around, LakeTable, Problem};

/// There is no lake to be set up.
#[derive(Debug)]
pub(crate) enum LakeConfig {}

impl LakeConfig {
    pub(crate) fn takes_decisions(&self) -> bool {
        match *self {}
    }
}

/// Refuses the table by name.
pub(in super::super) fn check(_: LakeTable, _: Around<'_>) -> (Option<LakeConfig>, Vec<Problem>) {
    let diagnostic = Diagnostic::error("no-lake", "this program was built without the lake")
        .help("take one that was built with the feature `lake`, as it is by default, or remove `[lake]`");
    (None, vec![Problem { diagnostic, way: vec!["lake".into()] }])
}
